"""Events in the embedded store: a row each, since they are rare."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from pilotline_historian.event import ConditionState, Event

PAGE_ROWS: Final = 1_000
"""Events that a reader holds at once."""

_COLUMNS: Final = (
    "site, machine, event_id, time_ns, received_ns, type_name, source_name, severity, message, "
    "condition_id, condition_name, active, acknowledged, confirmed, retain"
)
_UPSERT: Final = f"INSERT OR REPLACE INTO event ({_COLUMNS}) VALUES ({', '.join('?' * 15)})"  # noqa: S608 - constants
_PAGE: Final = f"""
    SELECT {_COLUMNS} FROM event
    WHERE time_ns >= ? AND time_ns < ? AND (time_ns, site, machine, event_id) > (?, ?, ?, ?) %s
    ORDER BY time_ns, site, machine, event_id LIMIT {PAGE_ROWS}
"""  # noqa: S608 - constants
_OF_ALL: Final = _PAGE % ""
_OF_ONE: Final = _PAGE % "AND machine = ?"


def insert_events(connection: sqlite3.Connection, events: Sequence[Event]) -> None:
    """Store sound events (see `limits`); one that is there already is replaced."""
    connection.executemany(_UPSERT, map(_row, events))


def read_events(
    connection: sqlite3.Connection,
    machine: str | None,
    start_ns: int,
    end_ns: int,
    after: Event | None,
) -> list[Event]:
    """Return the first `PAGE_ROWS` events of ``[start_ns, end_ns)``, those behind `after`."""
    place = (start_ns - 1, "", "", "") if after is None else after.order
    start_ns = start_ns if after is None else after.time_ns
    bounds = (start_ns, end_ns, *place)
    if machine is None:
        rows = connection.execute(_OF_ALL, bounds)
    else:
        rows = connection.execute(_OF_ONE, (*bounds, machine))
    return [_event(row) for row in rows]


def _row(event: Event) -> tuple[object, ...]:
    condition = event.condition
    head = (
        event.site,
        event.machine,
        event.event_id,
        event.time_ns,
        event.received_ns,
        event.type_name,
        event.source_name,
        event.severity,
        event.message,
    )
    if condition is None:
        return (*head, *(None,) * 6)
    return (
        *head,
        condition.id,
        condition.name,
        condition.active,
        condition.acknowledged,
        condition.confirmed,
        condition.retain,
    )


def _event(row: tuple[Any, ...]) -> Event:
    condition_id, name, active, acknowledged, confirmed, retain = row[9:]
    condition = None
    if condition_id is not None:
        condition = ConditionState(
            condition_id,
            name,
            _truth(active),
            _truth(acknowledged),
            _truth(confirmed),
            bool(retain),
        )
    fields: tuple[Any, ...] = (*row[:9], condition)
    return Event(*fields)


def _truth(column: int | None) -> bool | None:
    return None if column is None else bool(column)
