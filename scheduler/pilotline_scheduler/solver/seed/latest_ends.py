"""By when each operation must end for its run to end in time."""

from collections.abc import Mapping

from pilotline_scheduler.solver.instance import FOREVER, Instance


class LatestEnds:
    """By when each operation must end for its run's promise, by calendars and lags alone.

    Args:
        instance: what is planned.
        promises: promised end of each run by its id.
        last_starts: latest start of operations that must follow soon after one that has begun.
    """

    def __init__(
        self, instance: Instance, promises: Mapping[str, int], last_starts: Mapping[int, int]
    ) -> None:
        self._instance = instance
        self._last_starts = last_starts
        self._promises = [promises.get(run.id, FOREVER) for run in instance.problem.runs]
        self._latest: dict[int, dict[int, int]] = {}

    def promise(self, run: int) -> int:
        """Return the promised end of a run, `FOREVER` where there is none."""
        return self._promises[run]

    def of(self, operation: int) -> int:
        """Return the latest end of an operation that keeps the promise of its run."""
        run = self._instance.run_of[operation]
        if run not in self._latest:
            self._latest[run] = self._pulled(run)
        return self._latest[run][operation]

    def _pulled(self, run: int) -> dict[int, int]:
        operations = self._instance.runs[run].operations
        latest = {each: self._first_latest(each, self._promises[run]) for each in operations}
        for _ in operations:
            changed = False
            for operation in reversed(operations):
                start = self._latest_start(operation, latest[operation])
                for lag in self._instance.predecessors[operation]:
                    if start - lag.minimum < latest[lag.other]:
                        latest[lag.other] = start - lag.minimum
                        changed = True
            if not changed:
                break
        return latest

    def _first_latest(self, operation: int, promise: int) -> int:
        last_start = self._last_starts.get(operation)
        if last_start is None:
            return promise
        sizes = (mode.starts.last(last_start) for mode in self._instance.modes[operation])
        ends = [start + size for start, size in filter(None, sizes)]
        return min(promise, max(ends, default=last_start))

    def _latest_start(self, operation: int, end: int) -> int:
        found = (mode.starts.last_until(end) for mode in self._instance.modes[operation])
        return max((start for start, _ in filter(None, found)), default=-1)
