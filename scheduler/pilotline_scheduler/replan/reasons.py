"""Why an operation is not where it was published, found by holding the two plans side by side."""

from bisect import bisect_left
from collections.abc import Callable, Iterator

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Lag, Mode, Operation, Run
from pilotline_scheduler.replan.disrupted import Disrupted
from pilotline_scheduler.replan.disruptions import LateMaterial, MachineDown, PoolShortage
from pilotline_scheduler.replan.times import Times

_ELSE = "gives way, so that the plan as a whole keeps more promises or moves less"


class Reasons:
    """Finds for a moved operation what forbids its published place in the new plan.

    Args:
        disrupted: the problem after disruptions, with the published plan.
        plan: the new plan.
        times: how ticks are written.
    """

    def __init__(self, disrupted: Disrupted, plan: Plan, times: Times) -> None:
        self._disrupted = disrupted
        self._times = times
        self._planned = {each.operation: each for each in plan.operations}
        self._run_of: dict[str, Run] = {}
        self._operations: dict[str, Operation] = {}
        self._before: dict[str, list[Lag]] = {}
        self._after: dict[str, list[Lag]] = {}
        for run in disrupted.problem.runs:
            for operation in run.operations:
                self._run_of[operation.id] = run
                self._operations[operation.id] = operation
            for lag in run.lags:
                self._before.setdefault(lag.after, []).append(lag)
                self._after.setdefault(lag.before, []).append(lag)
        self._halls = {each.id: each.hall for each in disrupted.problem.machines}
        self._machines: dict[str, list[PlannedOperation]] = {}
        for each in sorted(plan.operations, key=lambda each: (each.start, each.end)):
            self._machines.setdefault(each.machine, []).append(each)
        self._moved = [each for each in plan.operations if self._is_moved(each)]

    def of(self, operation: str) -> str:
        """Return why an operation moved."""
        before = self._disrupted.published[operation]
        ways: tuple[Callable[[PlannedOperation], str | None], ...] = (
            self._machine_down,
            self._material,
            self._lags_before,
            self._machine_taken,
            self._pool_short,
            self._lags_after,
            self._changeover,
            self._shared,
            self._begin,
        )
        return next(filter(None, (way(before) for way in ways)), _ELSE)

    def _is_moved(self, planned: PlannedOperation) -> bool:
        before = self._disrupted.published.get(planned.operation)
        return before is None or (before.machine, before.start) != (planned.machine, planned.start)

    def _machine_down(self, before: PlannedOperation) -> str | None:
        if before.operation not in self._disrupted.hit:
            return None
        downs = [
            each
            for each in self._disrupted.disruptions
            if isinstance(each, MachineDown)
            and each.machine == before.machine
            and before.setup_start < each.end
            and each.start < before.end
        ]
        until = self._times.at(max(each.end for each in downs))
        stopped = before.start < min(self._disrupted.now, *(each.start for each in downs))
        again = "; it starts again" if stopped else ""
        return f"{before.machine} is down until {until}{again}"

    def _material(self, before: PlannedOperation) -> str | None:
        run = self._run_of[before.operation]
        for each in self._disrupted.disruptions:
            if isinstance(each, LateMaterial) and each.run == run.id and before.start < each.until:
                floor = max(
                    [run.release]
                    + [
                        self._planned[lag.before].end + lag.minimum
                        for lag in self._before.get(before.operation, ())
                        if lag.before in self._disrupted.begun
                    ]
                )
                if floor >= each.until:
                    return f"material for run {run.id} comes {self._times.at(each.until)}"
        return None

    def _lags_before(self, before: PlannedOperation) -> str | None:
        for lag in self._before.get(before.operation, ()):
            other = self._planned[lag.before]
            waited = before.start - other.end
            if waited < lag.minimum:
                return f"it follows {lag.before}, which {self._what_happened(other)}"
            if lag.maximum is not None and waited > lag.maximum:
                return f"it must follow soon after {lag.before}, which moves"
        return None

    def _lags_after(self, before: PlannedOperation) -> str | None:
        for lag in self._after.get(before.operation, ()):
            other = self._planned[lag.after]
            waited = other.start - before.end
            if waited < lag.minimum or (lag.maximum is not None and waited > lag.maximum):
                return f"it must end shortly before {lag.after}, which moves"
        return None

    def _what_happened(self, planned: PlannedOperation) -> str:
        if planned.operation in self._disrupted.begun:
            return f"runs until {self._times.at(planned.end)}"
        return "moves"

    def _machine_taken(self, before: PlannedOperation) -> str | None:
        """Say who lies on the machine where the operation was, or is set up there."""
        for other in self._overlapping(before):
            if other.operation in self._disrupted.begun:
                until = self._times.at(other.end)
                return f"{before.machine} is busy with {other.operation} until {until}"
            if other.operation not in self._disrupted.published:
                return self._room_for_new(other)
            if self._is_moved(other):
                return f"makes room for {other.operation}, which moves"
        return None

    def _room_for_new(self, other: PlannedOperation) -> str:
        return f"makes room for urgent run {self._run_of[other.operation].id}"

    def _overlapping(self, before: PlannedOperation) -> Iterator[PlannedOperation]:
        line = self._machines.get(before.machine, [])
        first = bisect_left(line, before.setup_start, key=lambda each: each.end)
        for other in line[first:]:
            if other.setup_start >= before.end:
                return
            if other.operation != before.operation and before.setup_start < other.end:
                yield other

    def _pool_short(self, before: PlannedOperation) -> str | None:
        pools = {pool for pool, _ in self._mode(before).demands}
        for each in self._disrupted.disruptions:
            if (
                isinstance(each, PoolShortage)
                and each.pool in pools
                and before.start < each.end
                and each.start < before.end
            ):
                return f"{each.pool} is short of {each.units} until {self._times.at(each.end)}"
        return None

    def _changeover(self, before: PlannedOperation) -> str | None:
        """Say which neighbour the machine would now have to be set up after."""
        line = self._machines.get(before.machine, [])
        position = bisect_left(line, before.start, key=lambda each: each.start)
        for other in (line[position - 1 : position] or [])[:1]:
            if self._is_moved(other) and other.operation != before.operation:
                return f"the changeover after {other.operation}, which moves, leaves no room"
        return None

    def _shared(self, before: PlannedOperation) -> str | None:
        """Say who holds a pool, or the hall behind a wall, in the old time."""
        pools = {pool for pool, _ in self._mode(before).demands}
        for other in self._moved:
            if other.operation == before.operation or not (
                other.start < before.end and before.start < other.end
            ):
                continue
            common = pools & {pool for pool, _ in self._mode(other).demands}
            name = other.operation
            new = name not in self._disrupted.published
            who = f"urgent run {self._run_of[name].id}" if new else f"{name}, which moves"
            if common:
                return f"leaves {min(common)} to {who}"
            if self._walled(before, other):
                return f"stays apart from {who}, in hall {self._halls[before.machine]}"
        return None

    def _walled(self, one: PlannedOperation, other: PlannedOperation) -> bool:
        hall = self._halls[one.machine]
        if hall is None or hall != self._halls[other.machine]:
            return False
        clients = {self._run_of[one.operation].client, self._run_of[other.operation].client}
        return any(
            set(wall.clients) == clients and (not wall.halls or hall in wall.halls)
            for wall in self._disrupted.problem.walls
        )

    def _mode(self, planned: PlannedOperation) -> Mode:
        modes = self._operations[planned.operation].modes
        return next((each for each in modes if each.machine == planned.machine), modes[0])

    def _begin(self, before: PlannedOperation) -> str | None:
        if before.start < self._disrupted.now:
            return "it has not begun yet"
        return None
