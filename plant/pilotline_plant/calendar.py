"""Calendars: when a machine or a pool works, written in the site's local time.

`pilotline_plant.working_time` turns them into UTC intervals once; nothing else computes with
local times.
"""

from dataclasses import dataclass
from datetime import datetime, time


@dataclass(frozen=True, slots=True)
class Shift:
    """Weekly working hours.

    Attributes:
        name: ``early``, ``late``, ``night`` …
        days: ISO weekdays on which the shift starts, Monday is 1.
        start: local start.
        end: local end; at or before `start` it ends on the next day.
    """

    name: str
    days: tuple[int, ...]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned stop of one machine.

    Attributes:
        start: aware UTC instant.
        end: aware UTC instant after `start`.
        reason: what a person reads.
    """

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working hours of machines and pools.

    Attributes:
        id: unique within the plant.
        name: what a person reads.
        site: the site whose zone and holidays apply.
        shifts: weekly hours; none at all means around the clock.
        holidays: whether public holidays of the site are closed.
        closed_dates: further closed days as ISO dates, local to the site.
    """

    id: str
    name: str
    site: str
    shifts: tuple[Shift, ...]
    holidays: bool
    closed_dates: tuple[str, ...]
