"""Where an operation may start on a machine, and how long it then takes.

A calendar turns into pieces: ranges of starts that share one duration. An operation that must not
pause has a piece per open interval; one that may pause has a piece per number of closed hours it
runs into. All that follows (seed, CP-SAT model, bounds) sees only pieces.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pilotline_scheduler.problem import Interval

FOREVER = 2**40
"""Later than any tick."""


@dataclass(frozen=True, slots=True)
class Starts:
    """Possible starts, ascending: from ``low[i]`` to ``high[i]`` the duration is ``size[i]``.

    Later starts never end earlier.

    Attributes:
        low: first start of each piece.
        high: last start of each piece.
        size: ticks from start to end, pauses included.
        last_end: end of the last start of each piece.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    size: tuple[int, ...]
    last_end: tuple[int, ...]

    @classmethod
    def of(cls, pieces: Sequence[tuple[int, int, int]]) -> "Starts":
        """Return the starts in ascending ``(low, high, size)`` pieces."""
        return cls(
            tuple(low for low, _, _ in pieces),
            tuple(high for _, high, _ in pieces),
            tuple(size for _, _, size in pieces),
            tuple(high + size for _, high, size in pieces),
        )

    def first(self, tick: int) -> tuple[int, int] | None:
        """Return the first start at or after a tick and its duration, or None."""
        index = bisect_left(self.high, tick)
        if index == len(self.high):
            return None
        return max(tick, self.low[index]), self.size[index]

    def first_ending(self, tick: int) -> tuple[int, int] | None:
        """Return the first start that ends at or after a tick and its duration, or None."""
        index = bisect_left(self.last_end, tick)
        if index == len(self.last_end):
            return None
        return max(tick - self.size[index], self.low[index]), self.size[index]

    def last_until(self, tick: int) -> tuple[int, int] | None:
        """Return the last start that ends at or before a tick and its duration, or None."""
        index = bisect_left(self.last_end, tick)
        if index < len(self.low) and self.low[index] + self.size[index] <= tick:
            return min(self.high[index], tick - self.size[index]), self.size[index]
        if index == 0:
            return None
        return self.high[index - 1], self.size[index - 1]

    def last(self, tick: int) -> tuple[int, int] | None:
        """Return the last start at or before a tick and its duration, or None."""
        index = bisect_right(self.low, tick) - 1
        if index < 0:
            return None
        return min(tick, self.high[index]), self.size[index]

    def size_at(self, start: int) -> int | None:
        """Return the duration from a start, or None where it may not start."""
        found = self.first(start)
        return found[1] if found is not None and found[0] == start else None

    def within(self, windows: Sequence[Interval]) -> "Starts":
        """Return the starts whose operation lies within one of several windows."""
        pieces: set[tuple[int, int, int]] = set()
        for window in windows:
            index = bisect_left(self.high, window.start)
            while index < len(self.low) and self.low[index] <= window.end:
                low, high, size = self.low[index], self.high[index], self.size[index]
                first, last = max(low, window.start), min(high, window.end - size)
                if first <= last:
                    pieces.add((first, last, size))
                index += 1
        return Starts.of(_disjoint(sorted(pieces)))

    def between(self, earliest: int, latest_end: int) -> "Starts":
        """Return the starts from `earliest` that end by `latest_end`."""
        return self.within((Interval(earliest, latest_end),))

    def pieces(self) -> Iterator[tuple[int, int, int]]:
        """Yield ``(low, high, size)``."""
        return zip(self.low, self.high, self.size, strict=True)


def _disjoint(pieces: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    joined: list[tuple[int, int, int]] = []
    for low, high, size in pieces:
        if joined and low <= joined[-1][1] and size == joined[-1][2]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]), size)
        else:
            joined.append((low, high, size))
    return joined


def starts(windows: Sequence[Interval] | None, ticks: int, *, pausable: bool) -> Starts:
    """Return the starts of an operation of `ticks` in open windows (None for always open)."""
    if windows is None:
        return Starts.of([(0, FOREVER, ticks)])
    if pausable and ticks > 0:
        return Starts.of(list(_pausing(windows, ticks)))
    return Starts.of(
        [
            (window.start, window.end - ticks, ticks)
            for window in windows
            if window.end - window.start >= ticks
        ]
    )


def _pausing(windows: Sequence[Interval], ticks: int) -> Iterator[tuple[int, int, int]]:
    worked = [0, *accumulate(window.end - window.start for window in windows)]
    ending = 0
    for beginning, window in enumerate(windows):
        start = window.start
        ending = max(ending, beginning)
        while start < window.end:
            done = worked[beginning] + start - window.start + ticks
            while ending < len(windows) and worked[ending + 1] < done:
                ending += 1
            if ending == len(windows):
                return
            last = min(window.end - 1, start + worked[ending + 1] - done)
            yield start, last, windows[ending].start + done - worked[ending] - start
            start = last + 1
