"""Profiles: how a set point moves over a batch or a unit, as straight lines between points."""

from bisect import bisect_right
from collections.abc import Sequence


class Profile:
    """A piecewise linear function of progress.

    Args:
        points: ``(progress, value)`` with rising progress from 0 to 1.

    Raises:
        ValueError: fewer than two points, or progress that does not rise.
    """

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        self._at = [progress for progress, _ in points]
        self._values = [value for _, value in points]
        if len(points) < 2 or self._at != sorted(set(self._at)):
            raise ValueError(f"a profile needs points of rising progress, got {list(points)!r}")

    def __call__(self, progress: float) -> float:
        """Return the value at a progress; outside the points that of the nearest one."""
        right = bisect_right(self._at, progress)
        if right == 0:
            return self._values[0]
        if right == len(self._at):
            return self._values[-1]
        start, end = self._at[right - 1], self._at[right]
        share = (progress - start) / (end - start)
        return self._values[right - 1] + share * (self._values[right] - self._values[right - 1])


STEADY = Profile([(0.0, 1.0), (1.0, 1.0)])
"""The same all the time."""
SOAK = Profile([(0.0, 0.0), (0.35, 1.0), (0.8, 1.0), (1.0, 0.1)])
"""Up, hold, down: kilns, autoclaves, sterilisers."""
STROKE = Profile([(0.0, 0.0), (0.12, 1.0), (0.45, 0.8), (0.5, 0.15), (0.95, 0.1), (1.0, 0.0)])
"""A press or an injection: a quick peak, a hold, a release."""
SWEEP = Profile([(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)])
"""There and back: axes, tables, charging and discharging."""
CUT = Profile([(0.0, 0.1), (0.08, 0.9), (0.4, 1.0), (0.45, 0.2), (0.5, 0.85), (0.9, 1.0), (1, 0.1)])
"""Two passes with a repositioning between them: machining."""


def zigzag(times: int) -> Profile:
    """Return a profile that goes there and back a number of times."""
    turns = 2 * times
    return Profile([(turn / turns, float(turn % 2)) for turn in range(turns + 1)])


def staircase(steps: int) -> Profile:
    """Return a profile that rises in equal steps and returns at the end."""
    points = [(0.0, 0.0)]
    for step in range(1, steps):
        at = step / steps
        points += [(at - 0.01, (step - 1) / (steps - 1)), (at, step / (steps - 1))]
    return Profile([*points, (0.98, 1.0), (1.0, 0.0)])


class Phases:
    """The name of the part of a batch or a unit that progress has reached.

    Args:
        starts: ``(progress at which it starts, name)`` with rising progress from 0.
    """

    def __init__(self, starts: Sequence[tuple[float, str]]) -> None:
        self._at = [progress for progress, _ in starts]
        self._names = [name for _, name in starts]

    def __call__(self, progress: float) -> str:
        """Return the name of the part at a progress."""
        return self._names[max(bisect_right(self._at, progress) - 1, 0)]
