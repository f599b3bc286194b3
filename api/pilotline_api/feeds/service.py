"""Making, taking back and serving feed addresses."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import CalendarFeed
from pilotline_api.accounts.person import Person
from pilotline_api.bookings.service import readable_bookings
from pilotline_api.errors import NotFound
from pilotline_api.feeds.calendar import icalendar_of
from pilotline_api.kit.database import Database
from pilotline_api.kit.secrets import digest, new_secret
from pilotline_api.kit.window import Window
from pilotline_api.slots.repository import readable_slots
from pilotline_plant import Plant

_PAST, _FUTURE = timedelta(days=30), timedelta(days=180)


def make_feed(session: Session, person: Person, now: datetime) -> str:
    """Return the secret of a fresh address; the former one stops working."""
    secret = new_secret()
    remove_feed(session, person)
    session.add(CalendarFeed(user_id=person.id, secret_hash=digest(secret), created_at=now))
    session.flush()
    return secret


def remove_feed(session: Session, person: Person) -> None:
    """Let the person's address stop working, if there is one."""
    session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == person.id))


def has_feed(session: Session, person: Person) -> bool:
    """Return whether the person has an address."""
    return session.get(CalendarFeed, person.id) is not None


def read_feed(database: Database, plant: Plant, secret: str, now: datetime) -> bytes:
    """Return the calendar behind an address.

    Raises:
        NotFound: there is no such address, or it was taken back.
    """
    with database.reading() as session:
        feed = session.scalar(
            select(CalendarFeed).where(CalendarFeed.secret_hash == digest(secret))
        )
        if feed is None:
            raise NotFound
        person = Person.of(feed.user)
    with database.reading(person.scope) as session:
        window = Window(now - _PAST, now + _FUTURE)
        slots = readable_slots(session, person, window, None)
        bookings = [
            booking
            for booking in readable_bookings(session, person)
            if booking.starts_at < window.end and booking.ends_at > window.start
        ]
        return icalendar_of(plant, slots, bookings, now)
