"""The single place that decides whose rows a person's queries may return."""

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from pilotline_api.accounts.person import Person


def readable_by(person: Person, organisation_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the condition that a row is the person's to see.

    Staff see every organisation's rows, a customer those of the own one. Every query over a table
    with an ``organisation_id`` that answers a person carries this condition.
    """
    return true() if person.staff else organisation_id == person.organisation
