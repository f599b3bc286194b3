"""What every block has in common, and the smallest blocks."""

import math
from random import Random
from typing import Protocol

from pilotline_simulators.operation import Operation


class Block(Protocol):
    """A part of a machine whose quantities change with time."""

    def step(self, operation: Operation) -> None:
        """Move on by the operation's ``dt_s``."""


def approach(value: float, target: float, dt_s: float, time_constant_s: float) -> float:
    """Return a first-order lag's value after `dt_s`, exactly."""
    return target + (value - target) * math.exp(-dt_s / time_constant_s)


def ramp(value: float, target: float, most: float) -> float:
    """Return `value` moved towards `target` by at most `most`."""
    return min(max(target, value - most), value + most)


class Wander:
    """A slow random deviation around 0 (an Ornstein-Uhlenbeck process).

    Args:
        spread: standard deviation.
        time_constant_s: after which it has forgotten where it was.
        random: source of randomness.
    """

    def __init__(self, spread: float, time_constant_s: float, random: Random) -> None:
        self.value = 0.0
        self._spread = spread
        self._time_constant_s = time_constant_s
        self._random = random

    def step(self, operation: Operation) -> None:
        """Wander on."""
        kept = math.exp(-operation.dt_s / self._time_constant_s)
        fresh = self._spread * math.sqrt(1 - kept * kept)
        self.value = self.value * kept + self._random.gauss(0, fresh)


class Lag:
    """A quantity that follows a demand with first-order lag: pressure, flow, humidity, light.

    Args:
        rest: value when the machine is not prepared.
        work: value when it is producing; `standby` in between.
        time_constant_s: of the lag.
        standby: value when prepared but not producing; `work` where None.
        swing: how much of ``work - rest`` the job's recipe moves it, 0 to 1.
        wander: deviation while producing.
    """

    def __init__(
        self,
        *,
        rest: float,
        work: float,
        time_constant_s: float,
        standby: float | None = None,
        swing: float = 0.0,
        wander: Wander | None = None,
    ) -> None:
        self.value = rest
        self._rest = rest
        self._work = work
        self._standby = work if standby is None else standby
        self._time_constant_s = time_constant_s
        self._swing = swing * (work - rest)
        self._wander = wander

    def step(self, operation: Operation) -> None:
        """Follow the demand."""
        self.value = approach(
            self.value, self._target(operation), operation.dt_s, self._time_constant_s
        )

    def _target(self, operation: Operation) -> float:
        if not operation.prepared:
            return self._rest
        if not operation.producing:
            return self._standby
        deviation = 0.0
        if self._wander is not None:
            self._wander.step(operation)
            deviation = self._wander.value
        return self._work + self._swing * operation.recipe + deviation
