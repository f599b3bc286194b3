"""Free capacity over time of a pool, or of a walled client in a hall."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class Profile:
    """A step function of free units that plans draw on and give back.

    Args:
        steps: ``(tick, capacity)``, the first at tick 0; the last one holds for ever.
    """

    __slots__ = ("_free", "_ticks")

    def __init__(self, steps: Sequence[tuple[int, int]]) -> None:
        self._ticks = [tick for tick, _ in steps]
        self._free = [units for _, units in steps]

    def twin(self) -> "Profile":
        """Return a copy that changes on its own."""
        twin = Profile.__new__(Profile)
        twin._ticks = list(self._ticks)  # noqa: SLF001 - its own
        twin._free = list(self._free)  # noqa: SLF001 - its own
        return twin

    def first_fit(self, tick: int, size: int, units: int) -> int:
        """Return the first start at or after a tick with `units` free for `size` ticks, or -1."""
        ticks, free = self._ticks, self._free
        count = len(ticks)
        index = bisect_right(ticks, tick) - 1
        start = tick
        while True:
            while free[index] < units:
                index += 1
                if index == count:
                    return -1
                start = ticks[index]
            end = start + size
            while free[index] >= units:
                index += 1
                if index == count or ticks[index] >= end:
                    return start

    def fits(self, start: int, end: int, units: int) -> bool:
        """Return whether `units` are free all through ``[start, end)``."""
        first = bisect_right(self._ticks, start) - 1
        last = bisect_left(self._ticks, end, first + 1)
        return min(self._free[first:last]) >= units

    def shortage(self, start: int, end: int, units: int) -> int:
        """Return when the first lack of `units` in ``[start, end)`` is over.

        Return `start` when there is no lack, -1 when it never is.
        """
        ticks, free = self._ticks, self._free
        index = bisect_right(ticks, start) - 1
        while free[index] >= units:
            index += 1
            if index == len(ticks) or ticks[index] >= end:
                return start
        while free[index] < units:
            index += 1
            if index == len(ticks):
                return -1
        return ticks[index]

    def last_fit(self, floor: int, tick: int, size: int, units: int) -> int:
        """Return the last start in ``[floor, tick]`` with `units` free for `size` ticks, or -1."""
        index = bisect_left(self._ticks, tick + size) - 1
        start = tick
        while start >= floor and index >= 0:
            begin = self._ticks[index]
            if self._free[index] < units:
                start = begin - size
            elif begin <= start:
                return start
            index -= 1
        return -1

    def take(self, start: int, end: int, units: int) -> None:
        """Draw units for ``[start, end)``; negative units give them back."""
        first = self._split(start)
        last = self._split(end)
        free = self._free
        for index in range(first, last):
            free[index] -= units

    def _split(self, tick: int) -> int:
        index = bisect_left(self._ticks, tick)
        if index == len(self._ticks) or self._ticks[index] != tick:
            self._ticks.insert(index, tick)
            self._free.insert(index, self._free[index - 1])
        return index
