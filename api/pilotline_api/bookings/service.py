"""Booking machine time and giving it back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pilotline_api.accounts.person import Person
from pilotline_api.accounts.tenancy import readable_by
from pilotline_api.bookings.models import Booking
from pilotline_api.bookings.schemas import BookingRequest
from pilotline_api.errors import FieldError, NotFound, Unprocessable
from pilotline_api.kit.base import new_id
from pilotline_api.occupancy.service import busy, occupy_booking
from pilotline_api.occupancy.walls import Presence, meets, presences
from pilotline_api.runs.service import organisation_for
from pilotline_plant import Plant

_CLOCKS_DIFFER_BY = timedelta(minutes=5)


def book(
    session: Session, person: Person, plant: Plant, request: BookingRequest, now: datetime
) -> Booking:
    """Book machine time, widened to whole minutes.

    Raises:
        Unprocessable: the machine or client does not exist, or the time has passed.
        Conflict: ``busy``; the machine is taken for some of that time, or a wall forbids it.
    """
    if request.machine not in plant.machine_by_id:
        raise _wrong("machine", "unknown_machine", "there is no such machine; see GET /machines")
    if request.start < now - _CLOCKS_DIFFER_BY:
        raise _wrong("start", "past", "start lies in the past; book from now on")
    start, end = _whole_minutes(request.start, request.end)
    booking = Booking(
        id=new_id(),
        organisation=organisation_for(session, person, request.client, required=False),
        machine=request.machine,
        title=request.title,
        starts_at=start,
        ends_at=end,
        created_at=now,
        created_by=person.id,
    )
    _within_walls(session, plant, booking)
    session.add(booking)
    session.flush()
    occupy_booking(session, booking)
    return booking


def _within_walls(session: Session, plant: Plant, booking: Booking) -> None:
    asked = Presence(
        booking.organisation.client, booking.machine, booking.starts_at, booking.ends_at
    )
    if meets(plant, asked, presences(session, booking.starts_at)):
        raise busy(booking)


def _whole_minutes(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return the interval widened to whole minutes, in which plans are made."""
    begin = start.replace(second=0, microsecond=0)
    finish = end.replace(second=0, microsecond=0)
    return begin, finish if finish == end else finish + timedelta(minutes=1)


def readable_bookings(session: Session, person: Person) -> Sequence[Booking]:
    """Return the person's bookings by start."""
    return session.scalars(
        select(Booking)
        .where(readable_by(person, Booking.organisation_id))
        .order_by(Booking.starts_at, Booking.id)
    ).all()


def give_back(session: Session, person: Person, booking_id: str) -> None:
    """Delete a booking; its machine time is free again.

    Raises:
        NotFound: there is no such booking, or it is another organisation's.
    """
    booking = session.scalar(
        select(Booking).where(
            readable_by(person, Booking.organisation_id), Booking.id == booking_id
        )
    )
    if booking is None:
        raise NotFound
    session.delete(booking)
    session.flush()


def _wrong(field: str, code: str, message: str) -> Unprocessable:
    return Unprocessable(message, errors=[FieldError(f"/{field}", code, message)])
