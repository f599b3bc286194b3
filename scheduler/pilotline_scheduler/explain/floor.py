"""A plan as it lies on the floor: who is on a machine, holds a pool or stands in a hall when."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Interval, Operation, Problem, Run
from pilotline_scheduler.verifier import verify
from pilotline_scheduler.verifier.case import Case


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """Units of a pool, or a place in a hall, from start to end.

    Attributes:
        start, end: ticks.
        operation: operation that holds them.
        units: how many.
    """

    start: int
    end: int
    operation: str
    units: int = 1


class Holdings:
    """Holdings in order of start, found by time."""

    def __init__(self, holdings: list[Holding]) -> None:
        self._sorted = sorted(holdings)
        self._longest = max((each.end - each.start for each in holdings), default=0)

    def during(self, start: int, end: int, apart_from: Collection[str]) -> Iterator[Holding]:
        """Yield those that overlap ``[start, end)``, but for those of some operations."""
        first = bisect_left(self._sorted, start - self._longest, key=lambda each: each.start)
        for holding in self._sorted[first:]:
            if holding.start >= end:
                return
            if holding.end > start and holding.operation not in apart_from:
                yield holding


class Floor:
    """A plan that keeps every rule, and quick answers about it.

    Args:
        problem: a validated problem.
        plan: its plan.

    Raises:
        AnalysisError: the plan breaks a rule.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        violations = verify(problem, plan)
        if violations:
            message = "a plan is explained only where it keeps every rule; " + str(violations[0])
            raise AnalysisError(message)
        self.problem = problem
        self.case = Case(problem, plan)
        self.pins = {pin.operation: pin for pin in problem.pins}
        self.frozen = {
            planned.operation
            for planned in problem.previous
            if planned.start < problem.frozen_until
        }

    def planned(self, operation: str) -> PlannedOperation:
        """Return an operation's place in the plan.

        Raises:
            AnalysisError: there is no such operation.
        """
        self.of(operation)
        return self.case.planned[operation]

    def of(self, operation: str) -> tuple[Run, Operation]:
        """Return an operation and its run.

        Raises:
            AnalysisError: there is no such operation.
        """
        found = self.case.operations.get(operation)
        if found is None:
            message = f"the problem has no operation {operation!r}"
            raise AnalysisError(message)
        return found

    @cached_property
    def pools(self) -> dict[str, Holdings]:
        """Who holds units of each pool."""
        found: dict[str, list[Holding]] = {pool.id: [] for pool in self.problem.pools}
        for batches in self.case.batches.values():
            for first in (batch[0] for batch in batches):
                mode, whole = self.case.mode(first), Interval(first.start, first.end)
                for pool, units in mode.demands:
                    freed = pool in mode.freed_in_pauses
                    for span in self.case.worked(first) if freed else [whole]:
                        holding = Holding(span.start, span.end, first.operation, units)
                        found[pool].append(holding)
        for setup in self.case.setups:
            pool_id = setup.changeover.pool
            if pool_id is not None and setup.ticks:
                span, units = setup.interval, setup.changeover.pool_units
                name = setup.planned.operation
                found[pool_id].append(Holding(span.start, span.end, name, units))
        return {pool: Holdings(holdings) for pool, holdings in found.items()}

    @cached_property
    def halls(self) -> dict[tuple[str, str], Holdings]:
        """Who of each client is in each hall."""
        found: dict[tuple[str, str], list[Holding]] = defaultdict(list)
        for planned in self.case.planned.values():
            hall = self.case.machines[planned.machine].hall
            if hall is not None and planned.start < planned.end:
                run, _ = self.case.operations[planned.operation]
                holding = Holding(planned.start, planned.end, planned.operation)
                found[hall, run.client].append(holding)
        return {key: Holdings(holdings) for key, holdings in found.items()}

    def foes(self, client: str, hall: str) -> list[str]:
        """Return clients that a client must not meet in a hall."""
        return [
            wall.clients[1 - wall.clients.index(client)]
            for wall in self.problem.walls
            if client in wall.clients and (not wall.halls or hall in wall.halls)
        ]

    def decided_start(self, operation: str) -> bool:
        """Return whether it is fixed when an operation starts: it runs, is frozen or pinned."""
        pin = self.pins.get(operation)
        return (
            operation in self.case.running
            or operation in self.frozen
            or (pin is not None and pin.start is not None)
        )

    def mates(self, operation: str) -> tuple[str, ...]:
        """Return the other operations of the batch that an operation is in."""
        planned = self.case.planned[operation]
        return next(
            tuple(each.operation for each in batch if each.operation != operation)
            for batch in self.case.batches[planned.machine]
            if planned in batch
        )
