"""What machine time and energy cost."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise

from pilotline_scheduler.problem import Problem


@dataclass(frozen=True)
class Series:
    """A step function of time, such as an hourly tariff.

    Attributes:
        steps: ``(tick, value)``, sorted; the first holds before it too, the last one for ever.
    """

    steps: tuple[tuple[int, float], ...]

    @cached_property
    def _ticks(self) -> list[int]:
        return [tick for tick, _ in self.steps]

    @cached_property
    def _sums(self) -> list[float]:
        """Sums from the first step to each."""
        areas = ((later - tick) * value for (tick, value), (later, _) in pairwise(self.steps))
        return [0.0, *accumulate(areas)]

    @cached_property
    def _falls(self) -> list[int]:
        return [later for (_, was), (later, now) in pairwise(self.steps) if now < was]

    def over(self, start: int, end: int) -> float:
        """Return the sum of the values of all ticks in ``[start, end)``."""
        return self._until(end) - self._until(start)

    def _until(self, tick: int) -> float:
        index = max(0, bisect_right(self._ticks, tick) - 1)
        return self._sums[index] + (tick - self._ticks[index]) * self.steps[index][1]

    def falls(self, start: int, end: int, most: int) -> list[int]:
        """Return the first ticks inside an interval at which the value falls."""
        first = bisect_right(self._falls, start)
        last = bisect_left(self._falls, end, first)
        return self._falls[first : min(last, first + most)]


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of a quote.

    Attributes:
        machine_hours: price of an hour of each machine, setup included. Where none is given at all
            each tick costs 1, so that shorter is cheaper.
        tariff: price of a unit of energy at each tick, or None.
        intensity: greenhouse gas of a unit of energy at each tick, or None.
        changeover: what a unit of changeover cost is worth.
    """

    machine_hours: Mapping[str, float] = field(default_factory=dict)
    tariff: Series | None = None
    intensity: Series | None = None
    changeover: float = 1.0

    @classmethod
    def of(cls, problem: Problem) -> "Rates":
        """Return the rates that a problem tells itself: its tariff and its intensity."""
        return cls(
            tariff=Series(tuple(problem.tariff)) if problem.tariff else None,
            intensity=Series(tuple(problem.intensity)) if problem.intensity else None,
        )

    def machine(self, machine: str, ticks: int, tick_s: int) -> float:
        """Return the price of a machine for a number of ticks."""
        if not self.machine_hours:
            return float(ticks)
        return self.machine_hours.get(machine, 0.0) * ticks * tick_s / 3600
