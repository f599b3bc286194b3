"""The slots of a trial run, and when its machines really worked on it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_
from sqlalchemy.exc import SQLAlchemyError

from pilotline_api.accounts.models import Organisation
from pilotline_api.history.instants import to_ns
from pilotline_api.kit.database import Database
from pilotline_api.plans.models import Slot
from pilotline_api.runs.models import TrialRun
from pilotline_api.slots.repository import in_force
from pilotline_historian import Historian, Series
from pilotline_historian.timeline import StateInterval, state_timeline
from pilotline_plant import Machine

PLANNED: Final = "planned"
"""An interval is the slot's, for want of a machine that says what it works on."""

REPORTED: Final = "reported"
"""An interval is when the machine's job tag named the operation."""

_DAY_NS: Final = 86_400 * 10**9
_EARLY_NS: Final = _DAY_NS
_OVERRUN_NS: Final = 7 * _DAY_NS
"""How far beyond its slot an operation is looked for."""

Span = tuple[int, int]
"""Half-open interval, ns UTC."""


class SlotsUnreadable(Exception):  # noqa: N818 - what the caller meets
    """The database of slots cannot be read."""


@dataclass(frozen=True, slots=True)
class RunSlot:
    """A slot in force with what it is for.

    Attributes:
        slot: slot id.
        client: client id, or the institute's name.
        run: trial run's id.
        title: its title.
        operation: operation id, which the machine's job tag names while it works on it.
        step: the operation's name.
        machine: machine id.
        start_ns: start of its changeover or processing, ns UTC.
        end_ns: end of processing, ns UTC.
    """

    slot: str
    client: str
    run: str
    title: str
    operation: str
    step: str
    machine: str
    start_ns: int
    end_ns: int


def run_slots(
    database: Database, *, run: str | None, slot: str | None, client: str | None
) -> list[RunSlot]:
    """Return the slots in force that fit, by start.

    Args:
        database: of the API.
        run: id or title of a trial run, or None for any.
        slot: slot id, or None for any.
        client: client id, or None for any.

    Raises:
        SlotsUnreadable: the database is not there, or not the API's.
    """
    statement = in_force().join(TrialRun, Slot.run_id == TrialRun.id)
    if run is not None:
        statement = statement.where(or_(TrialRun.id == run, TrialRun.title == run))
    if slot is not None:
        statement = statement.where(Slot.id == slot)
    if client is not None:
        statement = statement.join(Organisation, Slot.organisation_id == Organisation.id).where(
            Organisation.client == client
        )
    try:
        with database.reading() as session:
            found = session.scalars(statement.order_by(Slot.setup_start, Slot.id)).all()
            return [_run_slot(each) for each in found]
    except SQLAlchemyError as error:
        raise SlotsUnreadable(f"the database of slots cannot be read: {error}") from error


def worked_spans(historian: Historian, machine: Machine, slot: RunSlot) -> tuple[str, list[Span]]:
    """Return when a machine worked on a slot's operation, and whether it said so itself.

    A slot is a plan. Where the machine has a job tag and it named the operation, those intervals
    count, also beyond the slot. Where it never did, the slot counts without the time in which it
    named another one: that is somebody else's.

    Raises:
        HistorianError: the historian did not answer.
    """
    job = next((tag.id for tag in machine.tags if tag.role == "job"), None)
    if job is None:
        return PLANNED, [(slot.start_ns, slot.end_ns)]
    series = Series(machine.site, machine.id, job)
    start_ns, end_ns = slot.start_ns - _EARLY_NS, min(slot.end_ns + _OVERRUN_NS, time.time_ns())
    jobs = list(state_timeline(historian, series, start_ns, end_ns))
    reported = _spans_of(jobs, slot.operation)
    if reported:
        return REPORTED, reported
    return PLANNED, _without_others(jobs, slot)


def _run_slot(slot: Slot) -> RunSlot:
    organisation = slot.run.organisation
    return RunSlot(
        slot=slot.id,
        client=organisation.client or organisation.name,
        run=slot.run_id,
        title=slot.run.title,
        operation=slot.operation_id,
        step=slot.operation.name,
        machine=slot.machine,
        start_ns=to_ns(slot.setup_start),
        end_ns=to_ns(slot.ends_at),
    )


def _spans_of(jobs: Iterable[StateInterval], operation: str) -> list[Span]:
    """Return when the job was the operation; a gap between two such times belongs to it."""
    spans: list[Span] = []
    bridged = False
    for each in jobs:
        if each.unknown is not None:
            continue
        if each.value != operation:
            bridged = False
            continue
        if bridged and spans:
            spans[-1] = (spans[-1][0], each.end_ns)
        else:
            spans.append((each.start_ns, each.end_ns))
        bridged = True
    return spans


def _without_others(jobs: Iterable[StateInterval], slot: RunSlot) -> list[Span]:
    left: list[Span] = []
    for each in jobs:
        from_ns, upto_ns = max(each.start_ns, slot.start_ns), min(each.end_ns, slot.end_ns)
        if from_ns >= upto_ns or (each.unknown is None and each.value):
            continue
        if left and left[-1][1] == from_ns:
            left[-1] = (left[-1][0], upto_ns)
        else:
            left.append((from_ns, upto_ns))
    return left
