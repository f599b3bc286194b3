"""What a plan is worth, goal by goal and level by level."""

from collections import defaultdict

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Goal, Problem
from pilotline_scheduler.verifier.case import Case


def evaluate(problem: Problem, plan: Plan) -> tuple[int, ...]:
    """Return the weighted sum of the terms of each priority level, first level first.

    Args:
        problem: a validated problem.
        plan: a plan without violations; for others the figures mean little.
    """
    goals = evaluate_goals(problem, plan)
    levels: dict[int, int] = defaultdict(int)
    for term in problem.objective.terms:
        levels[term.priority] += term.weight * goals[term.goal]
    return tuple(value for _, value in sorted(levels.items()))


def evaluate_goals(problem: Problem, plan: Plan) -> dict[Goal, int]:
    """Return the value of every goal, whether the problem's objective names it or not."""
    case = Case(problem, plan)
    previous = {planned.operation: planned for planned in problem.previous}
    kept = [
        (planned, previous[planned.operation])
        for planned in case.planned.values()
        if planned.operation in previous
    ]
    late = _tardiness(case)
    weights = {run.id: run.weight for run in problem.runs}
    return {
        Goal.WEIGHTED_TARDINESS: sum(weights[run] * ticks for run, ticks in late.items()),
        Goal.TARDY_RUNS: sum(ticks > 0 for ticks in late.values()),
        Goal.MAKESPAN: max((planned.end for planned in case.planned.values()), default=0),
        Goal.CHANGEOVER_TIME: sum(setup.ticks for setup in case.setups),
        Goal.CHANGEOVER_COST: sum(setup.cost for setup in case.setups),
        Goal.MOVED_START: sum(abs(now.start - then.start) for now, then in kept),
        Goal.CHANGED_MACHINE: sum(now.machine != then.machine for now, then in kept),
    }


def _tardiness(case: Case) -> dict[str, int]:
    late: dict[str, int] = {}
    for run in case.problem.runs:
        ends = [
            case.planned[operation.id].end
            for operation in run.operations
            if operation.id in case.planned
        ]
        if run.due is not None and ends:
            late[run.id] = max(0, max(ends) - run.due)
    return late
