"""Walls: two clients that must never work in one hall at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import Organisation
from pilotline_api.bookings.models import Booking
from pilotline_api.kit.database import every_organisation
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.models import Slot
from pilotline_plant import Plant

_HALLS_LOCK = 0x68616C6C73


@dataclass(frozen=True, slots=True)
class Presence:
    """A client at work on a machine.

    Attributes:
        client: plant client id, or None for the institute.
        machine: machine id.
        start, end: half-open interval of work, without changeover.
    """

    client: str | None
    machine: str
    start: datetime
    end: datetime


def presences(session: Session, since: datetime) -> list[Presence]:
    """Return who is at work where after an instant, of all organisations.

    The caller's transaction then has the halls to itself, so that two clients who book at the same
    moment cannot miss each other.
    """
    with every_organisation(session):
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _HALLS_LOCK})
        slots = (
            select(Organisation.client, Slot.machine, Slot.starts_at, Slot.ends_at)
            .join(Slot, Slot.organisation_id == Organisation.id)
            .join(Occupancy, Occupancy.slot_id == Slot.id)
            .where(Slot.ends_at > since)
        )
        bookings = (
            select(Organisation.client, Booking.machine, Booking.starts_at, Booking.ends_at)
            .join(Booking, Booking.organisation_id == Organisation.id)
            .where(Booking.ends_at > since)
        )
        return [Presence(*row) for rows in (slots, bookings) for row in session.execute(rows)]


def meets(plant: Plant, one: Presence, others: Iterable[Presence]) -> bool:
    """Return whether a client would meet one behind a wall in the same hall."""
    walled = _walled_from(plant, one.client, _hall(plant, one.machine))
    return any(
        other.client in walled
        and other.start < one.end
        and one.start < other.end
        and _hall(plant, other.machine) == _hall(plant, one.machine)
        for other in others
    )


def any_meeting(plant: Plant, all_presences: Sequence[Presence]) -> bool:
    """Return whether any two clients behind a wall would meet."""
    concerned = {client for wall in plant.walls for client in wall.clients}
    walled = [presence for presence in all_presences if presence.client in concerned]
    return any(meets(plant, one, walled[place + 1 :]) for place, one in enumerate(walled))


def _hall(plant: Plant, machine: str) -> str | None:
    found = plant.machine_by_id.get(machine)
    return found.hall if found else None


def _walled_from(plant: Plant, client: str | None, hall: str | None) -> set[str | None]:
    return {
        other
        for wall in plant.walls
        if client in wall.clients and (not wall.halls or hall in wall.halls)
        for other in wall.clients
        if other != client
    }
