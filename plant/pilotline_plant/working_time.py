"""Turns calendars, written in local time, into UTC intervals; nothing else computes local times.

Rules, the same for every zone and year:

* A shift belongs to the local day on which it starts. On a closed day (a public holiday of the
  site, where the calendar keeps them, or a closed date) no shift starts; a night shift that started
  the evening before runs to its end.
* A calendar without shifts works from midnight to midnight on every day that is not closed.
* A local time that the clock shows twice, when summer time ends, is its first occurrence. One that
  the clock skips, when summer time begins, is read with the offset before the jump: 02:30 is then
  the instant at which the clock shows 03:30. Both are the rules of iCalendar (RFC 5545, 3.3.5), so
  calendar feeds show the same hours. Shifts that touch on the clock touch in UTC too.

Intervals are half-open ``[start, end)``, aware in UTC, sorted, disjoint, and never touch.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pilotline_plant.calendar import Calendar, Maintenance, Shift
from pilotline_plant.machine import Machine
from pilotline_plant.plant import Plant
from pilotline_plant.pool import Pool
from pilotline_plant.site import Site

Interval = tuple[datetime, datetime]

_DAY = timedelta(days=1)
_AROUND_THE_CLOCK = Shift(
    name="around the clock", days=(1, 2, 3, 4, 5, 6, 7), start=time(0), end=time(0)
)


def working_time(calendar: Calendar, site: Site, start: datetime, end: datetime) -> list[Interval]:
    """Return when a calendar works within ``[start, end)``.

    Args:
        calendar: local working hours.
        site: the calendar's site, for its zone and public holidays.
        start: aware instant.
        end: aware instant; at or before `start` there is nothing.

    Raises:
        ValueError: `start` or `end` has no offset from UTC.
    """
    start, end = _utc(start), _utc(end)
    if end <= start:
        return []
    zone = ZoneInfo(site.time_zone)
    shifts = calendar.shifts or (_AROUND_THE_CLOCK,)
    closed = _ClosedDays(calendar, site)
    # A shift that reaches into the window started at most a day and a clock change earlier.
    first = start.astimezone(zone).date() - 2 * _DAY
    last = end.astimezone(zone).date()
    worked = (
        _worked(shift, day, zone)
        for day in _days(first, last)
        for shift in shifts
        if day.isoweekday() in shift.days and day not in closed
    )
    return _merged(_clipped(worked, start, end))


def machine_working_time(
    plant: Plant, machine: Machine, start: datetime, end: datetime
) -> list[Interval]:
    """Return when a machine works within ``[start, end)``: its calendar less its maintenance.

    Raises:
        ValueError: `start` or `end` has no offset from UTC.
    """
    calendar = plant.calendar_by_id[machine.calendar]
    hours = working_time(calendar, plant.site_by_id[calendar.site], start, end)
    return _without(hours, machine.maintenance)


def pool_working_time(plant: Plant, pool: Pool, start: datetime, end: datetime) -> list[Interval]:
    """Return when a pool has its capacity within ``[start, end)``; without a calendar, always.

    Raises:
        ValueError: `start` or `end` has no offset from UTC.
    """
    if pool.calendar is None:
        start, end = _utc(start), _utc(end)
        return [(start, end)] if start < end else []
    calendar = plant.calendar_by_id[pool.calendar]
    return working_time(calendar, plant.site_by_id[calendar.site], start, end)


class _ClosedDays:
    """The days on which no shift of a calendar starts."""

    def __init__(self, calendar: Calendar, site: Site) -> None:
        self._dates = frozenset(date.fromisoformat(day) for day in calendar.closed_dates)
        self._country = (site.country, site.subdivision) if calendar.holidays else None

    def __contains__(self, day: date) -> bool:
        if day in self._dates:
            return True
        return self._country is not None and day in _public_holidays(*self._country, day.year)


@lru_cache(maxsize=256)
def _public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    # Loading the holiday rules costs more than the rest of this room; importing it must not.
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset from UTC; pass an aware datetime")
    return instant.astimezone(UTC)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + _DAY * number for number in range((last - first).days + 1))


def _worked(shift: Shift, day: date, zone: ZoneInfo) -> Interval:
    """Return a shift of one day; empty or reversed where the clock skips all of it."""
    ends_on = day if shift.end > shift.start else day + _DAY
    return _instant(day, shift.start, zone), _instant(ends_on, shift.end, zone)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time; ``fold=0`` is the rule in the module's docstring."""
    return datetime.combine(day, clock, zone).replace(fold=0).astimezone(UTC)


def _clipped(intervals: Iterable[Interval], start: datetime, end: datetime) -> Iterator[Interval]:
    for begin, finish in intervals:
        within = max(begin, start), min(finish, end)
        if within[0] < within[1]:
            yield within


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without(hours: list[Interval], stops: tuple[Maintenance, ...]) -> list[Interval]:
    for stop in stops:
        before = ((start, min(end, stop.start)) for start, end in hours)
        after = ((max(start, stop.end), end) for start, end in hours)
        hours = sorted(part for part in (*before, *after) if part[0] < part[1])
    return hours
