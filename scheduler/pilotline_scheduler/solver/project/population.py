"""Schedules that are bred together until they are all alike."""

import numpy as np

from pilotline_scheduler.solver.project.breeding import Island, evolve, fingerprint, populate
from pilotline_scheduler.solver.project.project import Ints, Net

_PATIENCE = 30
"""Generations without a better schedule before schedules that are all as short have settled."""
_CHILD_S = 1e-6
_CHILD_S_PER_ACTIVITY = 0.1e-6
_CHILD_S_PER_STEP = 30e-9
"""What breeding a child takes on one core, by the number of activities and their duration."""


def child_s(net: Net) -> float:
    """Return about how many seconds it takes to breed a child."""
    steps = int(net.ticks.sum()) * len(net.guard)
    return _CHILD_S + _CHILD_S_PER_ACTIVITY * len(net.ticks) + _CHILD_S_PER_STEP * steps


class Population:
    """Schedules of one project, in random orders at first.

    Characteristics:
        thread-safe: no.
        memory: 8 bytes for each activity of each schedule, and the project's timeline.

    Args:
        net: the project.
        size: number of schedules.
        seed: seeds every random choice.

    Attributes:
        bred: children so far.
    """

    def __init__(self, net: Net, size: int, seed: int) -> None:
        count, horizon = len(net.ticks), net.free.shape[0]
        self.bred = 0
        self._net = net
        self._filled = 0
        self._last_better = 0
        self._island = Island(
            starts=_room(size, count),
            spans=np.full(size, horizon, np.int64),
            prints=_room(size),
            child=_room(count),
            order=_room(count),
            keys=_room(count),
            marks=_room(count),
            stack=_room(count + 1),
            counts=_room(3 * horizon + count + 8),
            free=net.free.copy(),
            load=_room(horizon + 3),
            random=np.array([seed], np.int64),
        )

    @property
    def size(self) -> int:
        """Number of schedules."""
        return len(self._island.spans)

    @property
    def span(self) -> int:
        """Makespan of the best schedule; the timeline's length while there is none."""
        return int(self._island.spans.min())

    @property
    def best(self) -> Ints:
        """A copy of the starts of the best schedule."""
        return np.array(self._island.starts[int(self._island.spans.argmin())], np.int64)

    @property
    def settled(self) -> bool:
        """Whether little more can be expected of it."""
        alike = self.span == int(self._island.spans.max())
        return alike and self.bred - self._last_better > _PATIENCE * self.size

    def admit(self, starts: Ints, span: int) -> None:
        """Let a schedule from elsewhere in, before the others are drawn."""
        row = self._filled
        self._island.starts[row] = starts
        self._island.spans[row] = span
        self._island.prints[row] = fingerprint(starts)
        self._filled += 1

    def advance(self, children: int, target: int) -> None:
        """Do the work of so many children, ending early with a schedule as short as `target`."""
        if self._filled < self.size:
            last = min(self.size, self._filled + children)
            populate(self._net, self._island, self._filled, last)
            self._filled = last
            return
        found = evolve(self._net, self._island, children, target)
        if found:
            self._last_better = self.bred + found
        self.bred += children


def _room(*shape: int) -> Ints:
    return np.zeros(shape, np.int64)
