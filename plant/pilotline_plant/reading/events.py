"""Reads which events and alarms of a machine are read."""

from pilotline_plant.machine import EventSource
from pilotline_plant.reading.addresses import fill, read_address
from pilotline_plant.reading.table import Table

_KEY = "events"


def read_events(table: Table, machine: str) -> EventSource | None:
    """Read ``events = true``, or a table with an address and the least severity.

    Args:
        table: the machine's or the kind's.
        machine: id that stands in for ``{machine}`` in the address.
    """
    if _KEY not in table:
        return None
    written = table.values[_KEY]
    if isinstance(written, bool):
        return EventSource() if written else None
    described = table.below(_KEY) if isinstance(written, dict) else None
    if described is None:
        reason = "must be true, false, or a table with node_id or browse_path, and min_severity"
        table.mistake(reason, _KEY)
        return None
    address = read_address(described)
    for key, text in zip(("node_id", "browse_path"), address, strict=True):
        if text and "{tag}" in text:
            described.mistake("events are of the whole machine; {tag} has no meaning here", key)
    node_id, browse_path = fill(address, machine, "")
    least = described.integer("min_severity", 1, least=1, most=1_000)
    described.finish()
    return EventSource(node_id, browse_path, least)
