"""What a unit of energy costs or emits over time, summed up for quick look-ups."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pilotline_scheduler.problem import Interval


@dataclass(frozen=True, slots=True)
class Meter:
    """The value of working from tick 0 to any tick, per unit of energy; pauses are free.

    Attributes:
        ticks: where the value of a tick changes; the first is 0.
        values: value of a tick from each of them on.
        sums: value of all ticks before each of them.
    """

    ticks: tuple[int, ...]
    values: tuple[int, ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, steps: Sequence[tuple[int, int]], windows: Sequence[Interval] | None) -> "Meter":
        """Return the meter of ``(tick, value)`` steps in open windows; None for always open."""
        ticks: list[int] = []
        values: list[int] = []
        sums: list[int] = []
        for tick, value in _changes(steps, windows):
            if values and values[-1] == value:
                continue
            total = sums[-1] + values[-1] * (tick - ticks[-1]) if sums else 0
            ticks.append(tick)
            values.append(value)
            sums.append(total)
        return cls(tuple(ticks), tuple(values), tuple(sums))

    def until(self, tick: int) -> int:
        """Return the value of all ticks before one."""
        index = bisect_right(self.ticks, tick) - 1
        return self.sums[index] + self.values[index] * (tick - self.ticks[index])

    def between(self, start: int, end: int) -> int:
        """Return the value of the ticks of ``[start, end)``."""
        return self.until(end) - self.until(start)

    def bends(self, low: int, high: int, size: int) -> list[int]:
        """Return the starts in ``[low, high]`` from which the value of `size` ticks is linear.

        It is so up to the next of them; the first is `low`.
        """
        inner = {tick - size for tick in self._between(low + size, high + size)}
        return sorted({low, *self._between(low, high), *inner})

    def _between(self, low: int, high: int) -> Sequence[int]:
        return self.ticks[bisect_right(self.ticks, low) : bisect_right(self.ticks, high)]


def _changes(
    steps: Sequence[tuple[int, int]], windows: Sequence[Interval] | None
) -> Iterator[tuple[int, int]]:
    """Yield ``(tick, value)`` in order, with 0 while closed; the first tick is 0."""
    if windows is None:
        yield from steps
        return
    yield 0, 0
    first = 0
    for window in windows:
        while first + 1 < len(steps) and steps[first + 1][0] <= window.start:
            first += 1
        yield window.start, steps[first][1]
        for tick, value in islice(steps, first + 1, None):
            if tick >= window.end:
                break
            yield tick, value
        yield window.end, 0
