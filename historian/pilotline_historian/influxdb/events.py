"""Events as line protocol, and InfluxQL's answers as events.

A point is identified by its tags and time, and two events of one instant must not be one point. An
event id as a tag would be a series for each event, without bound; so a digest of time and id
chooses one of 256 slots (a tag) and the part of the point's time below a millisecond. Two events of
one machine in one millisecond meet with a chance of one in 256 million. The event's own time is a
field, to the nanosecond.
"""

# ruff: noqa: S608 - InfluxQL has no parameters everywhere; `literal` quotes every name

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from pilotline_historian.event import ConditionState, Event
from pilotline_historian.influxdb.line_protocol import (
    HalfWritten,
    decode_name,
    quoted_text,
    series_key,
)
from pilotline_historian.influxdb.reading import literal, within
from pilotline_historian.influxdb.server import ResultSeries
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS

EVENT: Final = "event"
"""Measurement of events; tags site, machine, slot."""

PAGE_ROWS: Final = 5_000
"""Events asked for at once."""

SLOT_NS: Final = 1_000_000
"""Extent within which a point's time differs from the event's."""

_SLOTS: Final = 256
_SELECTED: Final = (
    "site",
    "machine",
    "event_id",
    "time_ns",
    "received_ns",
    "type_name",
    "source_name",
    "severity",
    "message",
    "condition_id",
    "condition_name",
    "active",
    "acknowledged",
    "confirmed",
    "retain",
)


def event_line(event: Event) -> str:
    """Return a sound event (see `limits`) as one line without its line feed."""
    at_ns, slot = _place(event)
    key = series_key(EVENT, {"site": event.site, "machine": event.machine, "slot": slot})
    fields: dict[str, str | int | bool | None] = {
        "event_id": event.event_id,
        "time_ns": event.time_ns,
        "received_ns": event.received_ns,
        "type_name": event.type_name,
        "source_name": event.source_name,
        "severity": event.severity,
        "message": event.message,
    }
    if (condition := event.condition) is not None:
        fields |= {
            "condition_id": condition.id,
            "condition_name": condition.name,
            "active": condition.active,
            "acknowledged": condition.acknowledged,
            "confirmed": condition.confirmed,
            "retain": condition.retain,
        }
    written = (f"{word}={_field(held)}" for word, held in fields.items() if held is not None)
    return f"{key} {','.join(written)} {at_ns}"


def event_query(machine: str | None, start_ns: int, end_ns: int, rows: int) -> str:
    """Ask for the first points that may be events of an interval, in the order of their times."""
    chosen = "" if machine is None else f' AND "machine" = {literal(machine)}'
    columns = ", ".join(f'"{word}"' for word in _SELECTED)
    last_ns = floor_ms(end_ns - 1) + SLOT_NS
    return (
        f'SELECT {columns} FROM "{EVENT}" WHERE {within(floor_ms(start_ns), last_ns)}{chosen} '
        f"ORDER BY time ASC LIMIT {rows}"
    )


def events(answer: ResultSeries) -> Iterator[Event]:
    """Yield the events of an answer to `event_query`."""
    for _, *columns in answer.values:
        yield _event(columns)


def floor_ms(time_ns: int) -> int:
    """Return the start of the millisecond that an instant lies in, ns."""
    return time_ns - time_ns % SLOT_NS


def _place(event: Event) -> tuple[int, str]:
    digest = sha256(f"{event.time_ns}/{event.event_id}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    at_ns = floor_ms(event.time_ns) + number % SLOT_NS
    return min(max(at_ns, FIRST_TIME_NS), LAST_TIME_NS), f"{number // SLOT_NS % _SLOTS:02x}"


def _field(held: str | int | bool) -> str:
    if isinstance(held, bool):
        return "true" if held else "false"
    return quoted_text(held) if isinstance(held, str) else f"{held}i"


def _event(columns: list[Any]) -> Event:
    site, machine, *head = columns[:9]
    condition_id, name, active, acknowledged, confirmed, retain = columns[9:]
    event_id, time_ns, received_ns, type_name, source_name, severity, message = head
    if None in (event_id, time_ns, type_name, source_name, severity, message):
        raise HalfWritten("an event without all its fields")
    condition = None
    if condition_id is not None:
        if name is None or retain is None:
            raise HalfWritten("a condition without all its fields")
        condition = ConditionState(condition_id, name, active, acknowledged, confirmed, retain)
    return Event(
        decode_name(site),
        decode_name(machine),
        event_id,
        time_ns,
        received_ns,
        type_name,
        source_name,
        severity,
        message,
        condition,
    )
