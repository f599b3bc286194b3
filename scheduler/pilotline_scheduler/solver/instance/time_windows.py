"""Bounds on each operation's times by releases, deadlines, lags and calendars alone."""

from collections import deque
from collections.abc import Sequence

from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.instance.instance import LagData, ModeData
from pilotline_scheduler.solver.instance.starts import FOREVER

Modes = Sequence[Sequence[ModeData]]
Lags = Sequence[Sequence[LagData]]

_ROUNDS = 50
"""Visits of an operation before its bounds are left as they are; a circle of lags that cannot be
kept would otherwise push them tick by tick to the horizon."""


def horizon(problem: Problem, modes: Modes, longest_setups: dict[int, int]) -> int:
    """Return a tick by which a best plan ends, if there is any plan.

    After the last instant at which anything given changes, a plan only gets better by closing
    gaps, so all work one after another is the worst that can follow.
    """
    instants = [problem.frozen_until]
    for run in problem.runs:
        instants += [run.release, run.due or 0, *(window.end for window in run.attendance)]
    instants += [pool.levels[-1][0] for pool in problem.pools]
    instants += [pin.start for pin in problem.pins if pin.start is not None]
    instants += [planned.start for planned in problem.previous]
    instants += [running.end for running in problem.running]
    instants += [steps[-1][0] for steps in (problem.tariff, problem.intensity) if steps]
    instants += [calendar.open[-1].end for calendar in problem.calendars if calendar.open]
    work = sum(
        max(max(mode.starts.size, default=0) + longest_setups.get(mode.machine, 0) for mode in each)
        for each in modes
    )
    waits = sum(max(0, lag.minimum, lag.maximum or 0) for run in problem.runs for lag in run.lags)
    return max(instants) + work + waits


def time_windows(
    modes: Modes,
    successors: Lags,
    predecessors: Lags,
    earliest: Sequence[int],
    latest: Sequence[int],
    fixed: Sequence[int],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the earliest start and the latest end of each operation.

    Args:
        modes: allowed modes of each operation.
        successors: lags to later operations.
        predecessors: lags from earlier operations.
        earliest: first guess of the earliest starts, such as releases.
        latest: first guess of the latest ends, such as deadlines.
        fixed: decided starts, or -1.
    """
    windows = _Windows(modes, list(earliest), list(latest))
    for operation, start in enumerate(fixed):
        if start >= 0:
            windows.fix(operation, start)
    windows.push_starts(successors, predecessors)
    windows.pull_ends(successors, predecessors)
    return tuple(windows.earliest), tuple(windows.latest)


class _Windows:
    def __init__(self, modes: Modes, earliest: list[int], latest: list[int]) -> None:
        self.earliest = earliest
        self.latest = latest
        self._modes = modes

    def fix(self, operation: int, start: int) -> None:
        """Give a decided start its window."""
        ends = [
            start + size
            for mode in self._modes[operation]
            if (size := mode.starts.size_at(start)) is not None
        ]
        self.earliest[operation] = max(start, self.earliest[operation])
        self.latest[operation] = min(max(ends, default=-1), self.latest[operation])

    def push_starts(self, successors: Lags, predecessors: Lags) -> None:
        """Raise earliest starts along minimum lags forwards and maximum lags backwards."""
        queue = deque(range(len(self.earliest)))
        visits = [0] * len(self.earliest)
        while queue:
            operation = queue.popleft()
            visits[operation] += 1
            start, end = self._earliest(operation)
            self.earliest[operation] = start
            if visits[operation] > _ROUNDS or end >= FOREVER:
                continue
            for lag in successors[operation]:
                self._raise_start(lag.other, end + lag.minimum, queue)
            for lag in predecessors[operation]:
                if lag.maximum is not None:
                    first = self._first_ending(lag.other, start - lag.maximum)
                    self._raise_start(lag.other, first, queue)

    def pull_ends(self, successors: Lags, predecessors: Lags) -> None:
        """Lower latest ends along minimum lags backwards and maximum lags forwards."""
        queue = deque(reversed(range(len(self.latest))))
        visits = [0] * len(self.latest)
        while queue:
            operation = queue.popleft()
            visits[operation] += 1
            start, end = self._latest(operation)
            if visits[operation] > _ROUNDS or end < 0:
                continue
            self.latest[operation] = end
            for lag in predecessors[operation]:
                self._lower_end(lag.other, start - lag.minimum, queue)
            for lag in successors[operation]:
                if lag.maximum is not None:
                    last = self._last_starting(lag.other, end + lag.maximum)
                    self._lower_end(lag.other, last, queue)

    def _earliest(self, operation: int) -> tuple[int, int]:
        """Return the earliest start and the earliest end over all modes."""
        starts = (mode.starts.first(self.earliest[operation]) for mode in self._modes[operation])
        found = [(start, start + size) for start, size in filter(None, starts)]
        if not found:
            return self.earliest[operation], FOREVER
        return min(start for start, _ in found), min(end for _, end in found)

    def _latest(self, operation: int) -> tuple[int, int]:
        """Return the latest start and the latest end over all modes."""
        starts = (mode.starts.last_until(self.latest[operation]) for mode in self._modes[operation])
        found = [(start, start + size) for start, size in filter(None, starts)]
        if not found:
            return -1, -1
        return max(start for start, _ in found), max(end for _, end in found)

    def _first_ending(self, operation: int, tick: int) -> int:
        starts = (mode.starts.first_ending(tick) for mode in self._modes[operation])
        return min((start for start, _ in filter(None, starts)), default=FOREVER)

    def _last_starting(self, operation: int, tick: int) -> int:
        starts = (mode.starts.last(tick) for mode in self._modes[operation])
        return max((start + size for start, size in filter(None, starts)), default=-1)

    def _raise_start(self, operation: int, tick: int, queue: deque[int]) -> None:
        if tick > self.earliest[operation]:
            self.earliest[operation] = tick
            queue.append(operation)

    def _lower_end(self, operation: int, tick: int, queue: deque[int]) -> None:
        if tick < self.latest[operation]:
            self.latest[operation] = tick
            queue.append(operation)
