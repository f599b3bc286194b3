"""Reads pools."""

from pilotline_plant.calendar import Calendar
from pilotline_plant.pool import Pool
from pilotline_plant.reading.table import Table


def read_pools(root: Table, calendars: tuple[Calendar, ...]) -> tuple[Pool, ...]:
    """Read ``[[pools]]``."""
    ids: dict[str, int] = {}
    calendar_ids = [calendar.id for calendar in calendars]
    return tuple(
        Pool(
            id=table.new_id("pool", ids),
            name=table.text("name"),
            capacity=table.integer("capacity", least=1),
            calendar=table.optional_reference("calendar", "calendar", calendar_ids),
        )
        for table in root.each("pools")
    )
