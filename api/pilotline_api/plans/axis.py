"""The axis between instants and the scheduler's ticks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pilotline_scheduler.problem import Interval

TICK_S = 60
"""Plant files give every duration in whole minutes, so a minute loses nothing: five would lengthen
a changeover of two, and six weeks of minutes are still only 60,480 ticks."""

_TICK = timedelta(seconds=TICK_S)


@dataclass(frozen=True, slots=True)
class Axis:
    """Ticks from an origin that lies on a whole minute.

    Attributes:
        origin: the instant of tick 0.
        end: the last instant that is planned.
    """

    origin: datetime
    end: datetime

    def floor(self, instant: datetime) -> int:
        """Return the tick an instant lies in; negative before the origin."""
        return (instant - self.origin) // _TICK

    def ceil(self, instant: datetime) -> int:
        """Return the first tick that does not begin before an instant."""
        return -((self.origin - instant) // _TICK)

    def instant(self, tick: int) -> datetime:
        """Return when a tick begins."""
        return self.origin + tick * _TICK

    def inside(self, spans: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
        """Return spans narrowed to whole ticks from the origin on, without those left empty."""
        narrowed = ((max(0, self.ceil(start)), self.floor(end)) for start, end in spans)
        return [Interval(start, end) for start, end in narrowed if start < end]


def whole_minute(instant: datetime) -> datetime:
    """Return the whole minute an instant lies in."""
    return instant.replace(second=0, microsecond=0)
