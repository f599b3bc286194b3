"""Taking machine time, giving it back, and what of it others may know."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pilotline_api.accounts.person import Person
from pilotline_api.accounts.tenancy import readable_by
from pilotline_api.bookings.models import Booking
from pilotline_api.errors import Conflict
from pilotline_api.kit.window import Window
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.models import Slot


@dataclass(frozen=True, slots=True)
class Busy:
    """Machine time that somebody has; nothing says who."""

    machine: str
    start: datetime
    end: datetime


def occupy_booking(session: Session, booking: Booking) -> None:
    """Take the machine time of a booking.

    Raises:
        Conflict: ``busy``; the machine is taken for some of that time.
    """
    session.add(
        Occupancy(
            machine=booking.machine,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            booking_id=booking.id,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise busy(booking) from error


def busy(booking: Booking) -> Conflict:
    """Return the refusal of a booking; it repeats what was asked for and names nobody."""
    return Conflict(
        "The machine is taken for some of that time; choose another time or machine.",
        code="busy",
        members={
            "machine": booking.machine,
            "start": _rfc3339(booking.starts_at),
            "end": _rfc3339(booking.ends_at),
        },
    )


def occupy_slots(session: Session, slots: Sequence[Slot]) -> None:
    """Take the machine time of slots, changeovers included.

    Raises:
        Conflict: ``does_not_fit``; a booking or another run has some of that time.
    """
    session.add_all(
        Occupancy(
            machine=slot.machine,
            starts_at=slot.setup_start,
            ends_at=slot.ends_at,
            slot_id=slot.id,
        )
        for slot in slots
    )
    try:
        session.flush()
    except IntegrityError as error:
        msg = "The plan no longer fits what is booked since it was made; solve again."
        raise Conflict(msg, code="does_not_fit") from error


def free_slots(session: Session, slot_ids: Iterable[str]) -> None:
    """Give back the machine time of slots."""
    for slot_id in slot_ids:
        session.execute(delete(Occupancy).where(Occupancy.slot_id == slot_id))


def busy_for(session: Session, person: Person, window: Window, machine: str | None) -> list[Busy]:
    """Return the machine time that others have within a window, merged and cut to the window.

    Merging hides where one booking ends and the next begins.
    """
    own_slots = select(Slot.id).where(readable_by(person, Slot.organisation_id))
    own_bookings = select(Booking.id).where(readable_by(person, Booking.organisation_id))
    statement = (
        select(Occupancy.machine, Occupancy.starts_at, Occupancy.ends_at)
        .where(Occupancy.starts_at < window.end, Occupancy.ends_at > window.start)
        .where(Occupancy.slot_id.is_(None) | Occupancy.slot_id.not_in(own_slots))
        .where(Occupancy.booking_id.is_(None) | Occupancy.booking_id.not_in(own_bookings))
        .order_by(Occupancy.machine, Occupancy.starts_at)
    )
    if machine is not None:
        statement = statement.where(Occupancy.machine == machine)
    taken: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for machine_id, start, end in session.execute(statement):
        taken[machine_id].append((max(start, window.start), min(end, window.end)))
    return [
        Busy(machine_id, start, end)
        for machine_id, spans in taken.items()
        for start, end in _merged(spans)
    ]


def _merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
