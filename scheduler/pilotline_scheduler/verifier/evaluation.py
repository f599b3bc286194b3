"""What a plan is worth, goal by goal and level by level."""

from collections import defaultdict
from collections.abc import Sequence
from math import lcm

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import FAIR_RANKS, Goal, Interval, Problem
from pilotline_scheduler.verifier.case import Case

Steps = Sequence[tuple[int, int]]


def evaluate(problem: Problem, plan: Plan) -> tuple[int, ...]:
    """Return the weighted sum of the terms of each priority level, first level first.

    A level of fairness has several values: the burden of the client who is worst off, the sum of
    the two largest burdens, and so on.

    Args:
        problem: a validated problem.
        plan: a plan without violations; for others the figures mean little.
    """
    case = Case(problem, plan)
    goals = _goals(case)
    levels: dict[int, list[int]] = defaultdict(list)
    for term in sorted(problem.objective.terms, key=lambda term: term.priority):
        if term.goal is Goal.FAIRNESS:
            levels[term.priority] = [term.weight * value for value in _fair_values(case)]
        else:
            so_far = levels[term.priority] or [0]
            levels[term.priority] = [so_far[0] + term.weight * goals[term.goal]]
    return tuple(value for values in levels.values() for value in values)


def evaluate_goals(problem: Problem, plan: Plan) -> dict[Goal, int]:
    """Return the value of every goal, whether the problem's objective names it or not.

    For fairness it is the burden of the client who is worst off.
    """
    return _goals(Case(problem, plan))


def evaluate_burdens(problem: Problem, plan: Plan) -> dict[str, int]:
    """Return the burden of every client with a due run.

    It is the weighted tardiness of the client's runs, times the least common multiple of all
    entitlements, divided by the client's entitlement.
    """
    return _burdens(Case(problem, plan))


def _goals(case: Case) -> dict[Goal, int]:
    late = _tardiness(case)
    weights = {run.id: run.weight for run in case.problem.runs}
    moved, changed = _instability(case)
    return {
        Goal.WEIGHTED_TARDINESS: sum(weights[run] * ticks for run, ticks in late.items()),
        Goal.TARDY_RUNS: sum(ticks > 0 for ticks in late.values()),
        Goal.MAKESPAN: max((planned.end for planned in case.planned.values()), default=0),
        Goal.CHANGEOVER_TIME: sum(setup.ticks for setup in case.setups),
        Goal.CHANGEOVER_COST: sum(setup.cost for setup in case.setups),
        Goal.MOVED_START: moved,
        Goal.CHANGED_MACHINE: changed,
        Goal.FAIRNESS: max(_burdens(case).values(), default=0),
        Goal.ENERGY_COST: _drawn(case, case.problem.tariff),
        Goal.EMISSIONS: _drawn(case, case.problem.intensity),
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


def _instability(case: Case) -> tuple[int, int]:
    """Return what moved starts and changed machines cost, at the notice they are given."""
    moved = changed = 0
    for then in case.problem.previous:
        now = case.planned.get(then.operation)
        if now is not None:
            price = _at(case.problem.notice, then.start) if case.problem.notice else 1
            moved += price * abs(now.start - then.start)
            changed += price * (now.machine != then.machine)
    return moved, changed


def _at(steps: Steps, tick: int) -> int:
    """Return the value of steps at a tick; before tick 0 it is the first one."""
    return next((value for begin, value in reversed(steps) if begin <= tick), steps[0][1])


def _burdens(case: Case) -> dict[str, int]:
    entitlements = {client.id: client.entitlement for client in case.problem.clients}
    unit = lcm(*entitlements.values())
    late = _tardiness(case)
    burdens: dict[str, int] = defaultdict(int)
    for run in case.problem.runs:
        if run.id in late:
            share = unit // entitlements.get(run.client, 1)
            burdens[run.client] += run.weight * late[run.id] * share
    return dict(burdens)


def _fair_values(case: Case) -> list[int]:
    """Return the sums of the one, two, three ... largest burdens; the last one is of all."""
    worst = sorted(_burdens(case).values(), reverse=True)
    sums = [sum(worst[:count]) for count in range(1, len(worst) + 1)]
    if len(sums) > FAIR_RANKS:
        sums = [*sums[: FAIR_RANKS - 1], sums[-1]]
    return sums or [0]


def _drawn(case: Case, steps: Steps) -> int:
    """Return energy times its value at that tick, over all batches; pauses draw none."""
    total = 0
    for sequence in case.batches.values():
        for batch in sequence:
            energy = case.mode(batch[0]).energy
            if energy:
                total += energy * sum(_value(steps, span) for span in case.worked(batch[0]))
    return total


def _value(steps: Steps, span: Interval) -> int:
    """Return the sum of a step function over the ticks of a span."""
    total = 0
    ends = [*(tick for tick, _ in steps[1:]), span.end]
    for (begin, value), end in zip(steps, ends, strict=False):
        total += value * max(0, min(end, span.end) - max(begin, span.start))
    return total
