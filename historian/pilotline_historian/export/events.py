"""Events as rows: one for each change of state of a condition, and one for each other event."""

from typing import Any, Final

from pilotline_historian.event import Event
from pilotline_historian.export.cells import instant_cell, json_instant, text_cell, value_cell
from pilotline_historian.export.form import Form

_TYPES: Final = {
    "site": "string",
    "machine": "string",
    "time": "instant",
    "received": "instant",
    "event_id": "string",
    "type": "string",
    "source": "string",
    "severity": "uint16",
    "message": "string",
    "condition_id": "string",
    "condition": "string",
    "active": "bool_",
    "acknowledged": "bool_",
    "confirmed": "bool_",
    "retain": "bool_",
}
"""Columns of an event; the last six are empty where it tells of no condition."""

_NO_CONDITION: Final = (None,) * 6


def _typed(event: Event) -> tuple[Any, ...]:
    return (
        event.site,
        event.machine,
        event.time_ns,
        event.received_ns,
        event.event_id,
        event.type_name,
        event.source_name,
        event.severity,
        event.message,
        *_condition(event),
    )


def _condition(event: Event) -> tuple[str | bool | None, ...]:
    state = event.condition
    if state is None:
        return _NO_CONDITION
    return (
        state.id,
        state.name,
        state.active,
        state.acknowledged,
        state.confirmed,
        state.retain,
    )


def _cells(event: Event) -> tuple[str, ...]:
    site, machine, time_ns, received_ns, *rest = _typed(event)
    return (
        text_cell(site),
        text_cell(machine),
        instant_cell(time_ns),
        instant_cell(received_ns),
        *map(value_cell, rest),
    )


def _record(event: Event) -> dict[str, Any]:
    fields = dict(zip(_TYPES, _typed(event), strict=True))
    return fields | {name: json_instant(fields[name]) for name in ("time", "received")}


EVENT_FORM: Final = Form(tuple(_TYPES), _cells, _record, _TYPES, _typed)
"""How events are exported."""
