"""Queries over slots in force: those whose machine time is taken."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from pilotline_api.accounts.person import Person
from pilotline_api.accounts.tenancy import readable_by
from pilotline_api.errors import NotFound
from pilotline_api.kit.window import Window
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.models import Slot

_BATCH = 500


def in_force() -> Select[Slot]:
    """Return the statement of every slot in force.

    A plan's publication puts its slots in force; those of runs that were done before stay so.
    """
    return select(Slot).join(Occupancy, Occupancy.slot_id == Slot.id)


def readable_slots(
    session: Session, person: Person, window: Window, machine: str | None
) -> Sequence[Slot]:
    """Return the person's slots that touch a window, by start."""
    statement = (
        in_force()
        .where(readable_by(person, Slot.organisation_id))
        .where(Slot.setup_start < window.end, Slot.ends_at > window.start)
        .order_by(Slot.setup_start, Slot.id)
    )
    if machine is not None:
        statement = statement.where(Slot.machine == machine)
    return session.scalars(statement).all()


def readable_slot(session: Session, person: Person, slot_id: str) -> Slot:
    """Return a slot in force that is the person's to see.

    Raises:
        NotFound: there is none, or it is another organisation's.
    """
    slot = session.scalar(
        in_force().where(readable_by(person, Slot.organisation_id), Slot.id == slot_id)
    )
    if slot is None:
        raise NotFound
    return slot


def slots_of_runs(session: Session, run_ids: Iterable[str]) -> dict[str, Slot]:
    """Return the slots in force of some runs, by operation id."""
    ids = sorted(set(run_ids))
    found: dict[str, Slot] = {}
    for first in range(0, len(ids), _BATCH):
        batch = ids[first : first + _BATCH]
        for slot in session.scalars(in_force().where(Slot.run_id.in_(batch))):
            found[slot.operation_id] = slot
    return found
