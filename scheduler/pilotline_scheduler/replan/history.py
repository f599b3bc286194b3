"""Which operations of the published plan have begun by now, as far as the disruptions allow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Problem, Running
from pilotline_scheduler.replan.disruptions import (
    Disruption,
    LateMaterial,
    MachineDown,
    Overrun,
)
from pilotline_scheduler.replan.hours import OpenHours
from pilotline_scheduler.solver.instance.starts import starts


class History:
    """What has begun.

    The plan is taken at its word unless a disruption says otherwise: what is planned to have begun
    on a machine that is down, behind an operation that overran, or without its material, has not.

    Args:
        problem: the problem with its published plan.
        now: the present tick.
        disruptions: what happened.
        hours: open hours of the machines, stops left out.
        not_begun: operations that have not begun, whatever the plan says.

    Attributes:
        overruns: actual end by operation.
        begun: the operations that have begun, each with its actual end.
    """

    def __init__(
        self,
        problem: Problem,
        now: int,
        disruptions: Sequence[Disruption],
        hours: OpenHours,
        not_begun: frozenset[str] = frozenset(),
    ) -> None:
        self.overruns = {
            each.operation: each.end for each in disruptions if isinstance(each, Overrun)
        }
        self._hours = hours
        self._not_begun = not_begun | {
            each.operation
            for each in disruptions
            if isinstance(each, LateMaterial) and each.operation is not None
        }
        self._operations = {
            operation.id: operation for run in problem.runs for operation in run.operations
        }
        self.begun: dict[str, PlannedOperation] = {}
        self._find(problem, [each for each in problem.previous if each.start < now])

    def hit(self, planned: PlannedOperation) -> MachineDown | None:
        """Return the stop of its machine that keeps an operation from being done as planned."""
        pausable = self._operations[planned.operation].pausable
        for down in self._hours.downs.get(planned.machine, ()):
            goes_on = pausable and planned.start < down.start
            if planned.setup_start < down.end and down.start < planned.end and not goes_on:
                return down
        return None

    def _end(self, planned: PlannedOperation) -> int:
        """Return when an operation that has begun ends, after the stops of its machine."""
        if planned.operation in self.overruns:
            return self.overruns[planned.operation]
        if planned.machine not in self._hours.downs:
            return planned.end
        operation = self._operations[planned.operation]
        ticks = next(each.ticks for each in operation.modes if each.machine == planned.machine)
        allowed = starts(self._hours.of(planned.machine), ticks, pausable=operation.pausable)
        return planned.start + (allowed.size_at(planned.start) or planned.end - planned.start)

    def _find(self, problem: Problem, candidates: Iterable[PlannedOperation]) -> None:
        for running in problem.running:
            self._take_running(running)
        waits_for = _waits_for(problem)
        busy: dict[str, PlannedOperation] = {
            each.machine: each for each in sorted(self.begun.values(), key=lambda each: each.end)
        }
        for planned in sorted(candidates, key=lambda each: (each.start, each.end)):
            if planned.operation in self.begun or self._cannot_have_begun(
                planned, busy.get(planned.machine), waits_for
            ):
                continue
            begun = replace(planned, end=self._end(planned))
            self.begun[planned.operation] = begun
            busy[planned.machine] = begun

    def _take_running(self, running: Running) -> None:
        """Take in an operation that the problem itself says is running."""
        name, end = running.operation, self.overruns.get(running.operation, running.end)
        planned = PlannedOperation(name, running.machine, running.start, running.start, end)
        if name in self._not_begun or self.hit(planned) is not None:
            return
        for down in self._hours.downs.get(running.machine, ()):
            if planned.start < down.start < planned.end:
                planned = replace(planned, end=planned.end + down.end - down.start)
        self.begun[name] = planned

    def _cannot_have_begun(
        self,
        planned: PlannedOperation,
        before: PlannedOperation | None,
        waits_for: Mapping[str, list[tuple[str, int]]],
    ) -> bool:
        batch = before is not None and before.start == planned.start
        return (
            self.hit(planned) is not None
            or planned.operation in self._not_begun
            or (before is not None and not batch and planned.setup_start < before.end)
            or not self._predecessors_done(planned, waits_for)
        )

    def _predecessors_done(
        self, planned: PlannedOperation, waits_for: Mapping[str, list[tuple[str, int]]]
    ) -> bool:
        for other, minimum in waits_for.get(planned.operation, ()):
            before = self.begun.get(other)
            if before is None or planned.start < before.end + minimum:
                return False
        return True


def _waits_for(problem: Problem) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for run in problem.runs:
        for lag in run.lags:
            found.setdefault(lag.after, []).append((lag.before, lag.minimum))
    return found
