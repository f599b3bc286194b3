"""What is decided before a solve begins: published slots and bookings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from pilotline_api.bookings.models import Booking
from pilotline_api.plans.axis import whole_minute
from pilotline_api.plans.models import Slot
from pilotline_api.runs.models import TrialRun
from pilotline_api.runs.repository import open_runs
from pilotline_api.slots.repository import in_force, slots_of_runs


@dataclass(frozen=True, slots=True)
class Commitments:
    """What is decided, and what is still to be.

    Attributes:
        origin: where planning begins: now, or when the first operation began of a run that is
            still under way.
        runs: runs that need machine time.
        slots: slots in force from the origin on, by operation id; those of runs that are done
            belong to no run in `runs`.
        bookings: bookings that reach beyond the origin.
        setup_states: the state each machine is in at the origin, where a slot has left one.
    """

    origin: datetime
    runs: Sequence[TrialRun]
    slots: dict[str, Slot]
    bookings: Sequence[Booking]
    setup_states: dict[str, str]


def commitments(session: Session, now: datetime) -> Commitments:
    """Return what is decided at an instant, of all organisations."""
    runs = open_runs(session, now)
    own = slots_of_runs(session, [run.id for run in runs])
    begun = [slot.setup_start for slot in own.values()]
    origin = whole_minute(min([now, *begun]))
    with_run = selectinload(Slot.run).selectinload(TrialRun.operations)
    others = session.scalars(in_force().options(with_run).where(Slot.setup_start >= origin))
    bookings = session.scalars(
        select(Booking).where(Booking.ends_at > origin).order_by(Booking.starts_at, Booking.id)
    )
    return Commitments(
        origin=origin,
        runs=runs,
        slots={slot.operation_id: slot for slot in others} | own,
        bookings=bookings.all(),
        setup_states=_setup_states(session, origin),
    )


def _setup_states(session: Session, origin: datetime) -> dict[str, str]:
    """Return the state the last slot before the origin leaves each machine in."""
    before = (
        in_force()
        .where(Slot.setup_start < origin, Slot.setup_state.is_not(None))
        .order_by(Slot.starts_at)
    )
    return {
        slot.machine: slot.setup_state
        for slot in session.scalars(before)
        if slot.setup_state is not None
    }
