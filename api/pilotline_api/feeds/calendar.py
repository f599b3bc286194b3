"""A person's slots and bookings as an iCalendar."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from pilotline_api.bookings.models import Booking
from pilotline_api.plans.models import Slot
from pilotline_plant import Plant

_REFRESH = timedelta(minutes=15)


def icalendar_of(
    plant: Plant, slots: Sequence[Slot], bookings: Sequence[Booking], now: datetime
) -> bytes:
    """Return slots and bookings as an iCalendar, all instants in UTC."""
    calendar = Calendar()
    calendar.add("prodid", "-//Pilotline//Slots//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", plant.name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for slot in slots:
        event = _event(plant, slot.machine, slot.starts_at, slot.ends_at, now)
        event.add("uid", f"{slot.operation_id}@pilotline")
        event.add("summary", f"{slot.run.title}: {slot.operation.name}")
        calendar.add_component(event)
    for booking in bookings:
        event = _event(plant, booking.machine, booking.starts_at, booking.ends_at, now)
        event.add("uid", f"{booking.id}@pilotline")
        event.add("summary", booking.title)
        calendar.add_component(event)
    encoded: bytes = calendar.to_ical()
    return encoded


def _event(plant: Plant, machine_id: str, start: datetime, end: datetime, now: datetime) -> Event:
    machine = plant.machine_by_id.get(machine_id)
    site = plant.site_by_id[machine.site].name if machine else None
    event = Event()
    event.add("dtstamp", now)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("location", ", ".join(part for part in (machine and machine.name, site) if part))
    return event
