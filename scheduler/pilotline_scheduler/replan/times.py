"""Ticks as people say them: ``Tue 10:00``, with the date where it is far away."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from pilotline_scheduler.errors import FormatError
from pilotline_scheduler.problem import Problem

_NEAR = timedelta(days=6)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Times:
    """How ticks are written.

    Attributes:
        origin: instant of tick 0, or None for abstract time.
        tick_s: seconds in a tick.
        near: tick around which the day of the week is enough.
        zone: time zone of the reader.
    """

    origin: datetime | None
    tick_s: int
    near: int
    zone: tzinfo = UTC

    @classmethod
    def of(cls, problem: Problem, near: int, zone: tzinfo = UTC) -> "Times":
        """Return how the ticks of a problem are written."""
        return cls(problem.origin, problem.tick_s, near, zone)

    def instant(self, tick: int) -> datetime | None:
        """Return the instant of a tick in the reader's zone, or None in abstract time."""
        if self.origin is None:
            return None
        return (self.origin + timedelta(seconds=tick * self.tick_s)).astimezone(self.zone)

    def tick(self, text: str) -> int:
        """Return the tick that a text names: a number, or an instant with its time zone.

        Raises:
            FormatError: it is neither, or the problem has no origin to count from.
        """
        if text.isdecimal():
            return int(text)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.utcoffset() is None or self.origin is None:
            wanted = "a tick" if self.origin is None else "a tick or an instant with its time zone"
            message = f"{text!r} is no time; give {wanted}, such as 2026-01-06T10:00Z"
            raise FormatError(message)
        return int((instant - self.origin).total_seconds() // self.tick_s)

    def at(self, tick: int) -> str:
        """Return a tick in words, such as ``Tue 10:00`` or ``Tue 27 Jan 10:00``."""
        instant = self.instant(tick)
        if instant is None:
            return f"tick {tick}"
        clock = f"{instant:%H:%M}"
        day = _DAYS[instant.weekday()]
        if abs(tick - self.near) * self.tick_s < _NEAR.total_seconds():
            return f"{day} {clock}"
        return f"{day} {instant.day} {_MONTHS[instant.month - 1]} {clock}"

    def span(self, ticks: int) -> str:
        """Return a length in words, such as ``1 h 30 min``."""
        if self.origin is None:
            return f"{ticks} ticks"
        minutes = -(-ticks * self.tick_s // 60)
        days, minutes = divmod(minutes, 24 * 60)
        hours, minutes = divmod(minutes, 60)
        parts = ((days, "d"), (hours, "h"), (minutes, "min"))
        return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"
