"""Reads calendars: weekly shifts, written as people write them, and closed days."""

import re
from datetime import date, time

from pilotline_plant.calendar import Calendar, Shift
from pilotline_plant.reading.table import Table
from pilotline_plant.site import Site

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RANGE = re.compile(rf"\s*({'|'.join(_DAYS)})\s*(?:-\s*({'|'.join(_DAYS)})\s*)?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES


def read_calendars(root: Table, sites: tuple[Site, ...]) -> tuple[Calendar, ...]:
    """Read ``[[calendars]]``."""
    ids: dict[str, int] = {}
    site_ids = [site.id for site in sites]
    return tuple(_read_calendar(table, ids, site_ids) for table in root.each("calendars"))


def _read_calendar(table: Table, ids: dict[str, int], sites: list[str]) -> Calendar:
    return Calendar(
        id=table.new_id("calendar", ids),
        name=table.text("name"),
        site=table.reference("site", "site", sites),
        shifts=_read_shifts(table),
        holidays=table.flag("holidays", default=False),
        closed_dates=tuple(day.isoformat() for _, day in table.items("closed_dates", date)),
    )


def _read_shifts(calendar: Table) -> tuple[Shift, ...]:
    shifts: list[Shift] = []
    for table in calendar.each("shifts"):
        start, end = _read_clock(table, "start"), _read_clock(table, "end")
        shift = Shift(
            name=table.text("name"),
            days=_read_days(table),
            start=start or time(0),
            end=end or time(0),
        )
        if start is not None and end is not None:
            other = next((other for other in shifts if _overlap(shift, other)), None)
            if other is not None:
                table.mistake(f"overlaps shift {other.name!r}; one shift must end first", "start")
            shifts.append(shift)
    return tuple(shifts)


def _read_days(table: Table) -> tuple[int, ...]:
    """Read ``mon-fri``, ``sat`` or ``mon, wed-fri`` as ISO weekdays."""
    text = table.text("days")
    days: set[int] = set()
    for part in text.split(",") if text else []:
        match = _RANGE.fullmatch(part.lower())
        if match is None:
            table.mistake("is no list of days; write such as 'mon-fri' or 'mon, wed-fri'", "days")
            return ()
        first = _DAYS.index(match[1])
        last = _DAYS.index(match[2] or match[1])
        days.update((first + step) % 7 + 1 for step in range((last - first) % 7 + 1))
    return tuple(sorted(days))


def _read_clock(table: Table, key: str) -> time | None:
    """Read ``06:00`` or TOML's own ``06:00:00``, whole minutes."""
    if isinstance(table.values.get(key), time):
        value = table.value(key, time, required=True)
        if value is not None and (value.second or value.microsecond):
            table.mistake("must be a whole minute", key)
        return value
    text = table.text(key)
    match = _CLOCK.fullmatch(text)
    if text and match is None:
        table.mistake("is no time of day; write from '00:00' to '23:59'", key)
    return time(int(match[1]), int(match[2])) if match else None


def _overlap(one: Shift, other: Shift) -> bool:
    return any(
        (start - begin) % _WEEK_MINUTES < length or (begin - start) % _WEEK_MINUTES < own_length
        for start, own_length in _weekly(one)
        for begin, length in _weekly(other)
    )


def _weekly(shift: Shift) -> list[tuple[int, int]]:
    """Return ``(start minute within the week, minutes)`` of each of its days."""
    start = shift.start.hour * 60 + shift.start.minute
    end = shift.end.hour * 60 + shift.end.minute
    length = (end - start - 1) % _DAY_MINUTES + 1
    return [((day - 1) * _DAY_MINUTES + start, length) for day in shift.days]
