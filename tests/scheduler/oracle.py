"""The best objective of a tiny problem by trying every plan, with nothing but the verifier."""

from collections.abc import Iterator
from itertools import product

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Operation, Problem
from pilotline_scheduler.verifier import evaluate, verify

_ONLY_SETUPS = {"setup", "setup-calendar", "machine", "pool", "frozen", "order", "batch"}
"""Rules that another start of a setup could still satisfy."""


def best_objective(problem: Problem, last: int) -> tuple[int, ...] | None:
    """Return the best objective of plans that end by `last`, or None when there is none."""
    best: tuple[int, ...] | None = None
    for planned in _placements(problem, last):
        value = evaluate(problem, Plan(planned))
        if (best is None or value < best) and _holds(problem, planned):
            best = value
    return best


def _placements(problem: Problem, last: int) -> Iterator[tuple[PlannedOperation, ...]]:
    """Yield every choice of machines, starts and ends in which each operation alone is right."""
    choices = [
        list(_alone(problem, operation, last))
        for run in problem.runs
        for operation in run.operations
    ]
    yield from product(*choices)


def _alone(problem: Problem, operation: Operation, last: int) -> Iterator[PlannedOperation]:
    facts = next((each for each in problem.running if each.operation == operation.id), None)
    if facts is not None:
        yield PlannedOperation(operation.id, facts.machine, facts.start, facts.start, facts.end)
        return
    for mode in operation.modes:
        for start in range(last):
            for end in range(start + mode.ticks, last + 1):
                planned = PlannedOperation(operation.id, mode.machine, start, start, end)
                if _alone_right(problem, planned):
                    yield planned


def _alone_right(problem: Problem, planned: PlannedOperation) -> bool:
    broken = {
        violation.rule
        for violation in verify(problem, Plan((planned,)))
        if planned.operation in violation.operations
    }
    return not broken - _ONLY_SETUPS


def _holds(problem: Problem, planned: tuple[PlannedOperation, ...]) -> bool:
    """Return whether some setup starts make a placement hold."""
    rules = {violation.rule for violation in verify(problem, Plan(planned))}
    if not rules:
        return True
    if rules - _ONLY_SETUPS:
        return False
    ranges = [
        range(each.start + 1) if _has_state(problem, each) else (each.start,) for each in planned
    ]
    return any(
        not verify(
            problem,
            Plan(
                tuple(
                    PlannedOperation(each.operation, each.machine, setup, each.start, each.end)
                    for each, setup in zip(planned, setups, strict=True)
                )
            ),
        )
        for setups in product(*ranges)
    )


def _has_state(problem: Problem, planned: PlannedOperation) -> bool:
    machine = next(each for each in problem.machines if each.id == planned.machine)
    return machine.changeover is not None and any(
        operation.setup_state is not None
        for run in problem.runs
        for operation in run.operations
        if operation.id == planned.operation
    )
