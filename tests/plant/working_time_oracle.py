"""Working hours found the slow way: minute by minute, from what the clock on the wall shows.

Only instants are turned into local times here, never local times into instants, so that nothing is
shared with the code under test.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from pilotline_plant import Calendar, Site

MINUTE = timedelta(minutes=1)
MARGIN = timedelta(days=3)


class Clock:
    """The clock on the wall of a site, watched for every minute of an interval."""

    def __init__(self, zone: str, start: datetime, end: datetime) -> None:
        self.first_shown: dict[datetime, datetime] = {}
        local = ZoneInfo(zone)
        minute = start - MARGIN
        while minute < end + MARGIN:
            self.first_shown.setdefault(minute.astimezone(local).replace(tzinfo=None), minute)
            minute += MINUTE

    def days(self) -> list[date]:
        return sorted({shown.date() for shown in self.first_shown})

    def instant(self, shown: datetime) -> datetime | None:
        """Return when the clock first shows a time, or would if it had gone on before a jump."""
        earlier = shown
        while earlier not in self.first_shown:
            earlier -= MINUTE
            if shown - earlier > MARGIN:
                return None
        return self.first_shown[earlier] + (shown - earlier)


def open_minutes(calendar: Calendar, site: Site, start: datetime, end: datetime) -> set[datetime]:
    """Return every minute of ``[start, end)`` in which the calendar works."""
    clock = Clock(site.time_zone, start, end)
    public = holidays.country_holidays(site.country, subdiv=site.subdivision)
    open_: set[datetime] = set()
    for day in clock.days():
        if day.isoformat() in calendar.closed_dates or (calendar.holidays and day in public):
            continue
        for opens, closes in _hours(calendar, day):
            minute, last = clock.instant(opens), clock.instant(closes)
            while minute is not None and last is not None and minute < last:
                if start <= minute < end:
                    open_.add(minute)
                minute += MINUTE
    return open_


def _hours(calendar: Calendar, day: date) -> list[tuple[datetime, datetime]]:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - what a wall shows has no zone
    if not calendar.shifts:
        return [(midnight, midnight + timedelta(hours=24))]
    hours: list[tuple[datetime, datetime]] = []
    for shift in calendar.shifts:
        if day.isoweekday() in shift.days:
            opens = midnight + timedelta(hours=shift.start.hour, minutes=shift.start.minute)
            closes = midnight + timedelta(hours=shift.end.hour, minutes=shift.end.minute)
            hours.append((opens, closes if closes > opens else closes + timedelta(hours=24)))
    return hours


def minutes_of(intervals: list[tuple[datetime, datetime]]) -> set[datetime]:
    """Return every minute of intervals."""
    return {
        start + MINUTE * number
        for start, end in intervals
        for number in range(int((end - start) / MINUTE))
    }


@lru_cache
def clock_changes(zone: str, year: int) -> list[datetime]:
    """Return the hours of a year within which a zone's offset from UTC changes."""
    local = ZoneInfo(zone)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(8760)]
    offsets = [hour.astimezone(local).utcoffset() for hour in hours]
    return [hours[at] for at in range(1, len(hours)) if offsets[at] != offsets[at - 1]]
