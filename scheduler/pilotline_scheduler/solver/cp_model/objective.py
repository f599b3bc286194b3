"""Part three of the CP-SAT model: what is minimised, level by level."""

from collections.abc import Sequence

from ortools.sat.python import cp_model

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.cp_model.draft import Draft
from pilotline_scheduler.solver.cp_model.energy import drawn
from pilotline_scheduler.solver.cp_model.lateness import (
    base_tardiness,
    largest_burdens,
    lasts,
    tardiness,
)
from pilotline_scheduler.solver.instance import Instance, RunData, changeovers


def latest_ends(instance: Instance, value: Sequence[int] | None) -> list[int]:
    """Return by when each operation ends in any plan that is not worse than `value`.

    Args:
        instance: what is planned.
        value: objective of a known plan, or None.
    """
    latest = [min(each, instance.horizon) for each in instance.latest]
    if value is None:
        return latest
    weights = instance.levels[0].weights
    shares = {run: client.share for client in instance.clients for run in client.runs}
    for operation, run in enumerate(instance.run_of):
        due = instance.runs[run].due
        price = instance.runs[run].weight * (
            weights.get(Goal.WEIGHTED_TARDINESS, 0)
            + shares.get(run, 0) * weights.get(Goal.FAIRNESS, 0)
        )
        if due is not None and price:
            latest[operation] = min(latest[operation], due + value[0] // price)
        if Goal.MAKESPAN in weights:
            latest[operation] = min(latest[operation], value[0] // weights[Goal.MAKESPAN])
    return latest


def add_objective(draft: Draft, level: int, value: Sequence[int] | None) -> None:
    """Minimise one level and make none before it worse.

    Args:
        draft: the model.
        level: the level.
        value: objective of the base plan, or None.
    """
    for earlier in range(level + 1):
        measured = _level(draft, earlier)
        if value is not None:
            draft.model.add(measured <= value[earlier])
        if earlier == level:
            draft.model.minimize(measured)


def _level(draft: Draft, level: int) -> cp_model.LinearExprT:
    weights, worst = draft.instance.levels[level].weights, draft.instance.levels[level].worst
    if worst:
        return weights[Goal.FAIRNESS] * largest_burdens(draft, worst)
    terms = [weight * part for goal, weight in weights.items() for part in _goal(draft, goal)]
    return cp_model.LinearExpr.sum(terms)


def _goal(draft: Draft, goal: Goal) -> list[cp_model.LinearExprT]:
    """Return terms whose sum measures a goal."""
    if goal in (Goal.CHANGEOVER_TIME, Goal.CHANGEOVER_COST):
        return _changeovers(draft, cost=goal is Goal.CHANGEOVER_COST)
    if goal is Goal.MAKESPAN:
        return [_makespan(draft)]
    if goal is Goal.WEIGHTED_TARDINESS:
        return [
            run.weight * tardiness(draft, index) for index, run in enumerate(draft.instance.runs)
        ]
    if goal is Goal.TARDY_RUNS:
        return [_late(draft, run) for run in draft.instance.runs]
    if goal in (Goal.ENERGY_COST, Goal.EMISSIONS):
        return drawn(draft, goal)
    measure = _moved if goal is Goal.MOVED_START else _changed
    return [
        price * measure(draft, operation)
        for operation, price in enumerate(draft.instance.move_prices)
        if price
    ]


def _makespan(draft: Draft) -> cp_model.LinearExprT:
    base = draft.base
    ends = [draft.activity(operation) for operation in lasts(draft, draft.movers)]
    staying = 0
    if base is not None:
        staying = max(
            (end for operation, end in enumerate(base.end) if not draft.scope.moves(operation)),
            default=0,
        )
    low = max((each.first_end for each in ends), default=0)
    high = max((each.last_end for each in ends), default=0)
    makespan = draft.number(
        cp_model.Domain(max(low, staying), max(high, staying)),
        None if base is None else max(base.end, default=0),
    )
    for each in ends:
        draft.model.add(makespan >= each.end)
    return makespan


def _late(draft: Draft, run: RunData) -> cp_model.LinearExprT:
    if run.due is None:
        return 0
    if not any(draft.scope.moves(operation) for operation in run.operations):
        return int(bool(base_tardiness(draft, run)))
    ends = [draft.activity(operation) for operation in lasts(draft, run.operations)]
    if max(each.first_end for each in ends) > run.due:
        return 1
    if max(each.last_end for each in ends) <= run.due:
        return 0
    late = draft.truth(bool(base_tardiness(draft, run)))
    for each in ends:
        if each.last_end > run.due:
            draft.model.add(each.end <= run.due).only_enforce_if(~late)
    return late


def _changeovers(draft: Draft, *, cost: bool) -> list[cp_model.LinearExprT]:
    """Return changeovers the model decides, and as numbers those it does not."""
    terms = list(draft.setup_cost if cost else draft.setup_ticks)
    if draft.base is not None:
        terms += [
            price if cost else ticks
            for operation, ticks, price in changeovers(draft.instance, draft.base)
            if operation not in draft.setups_open
        ]
    return terms


def _moved(draft: Draft, operation: int) -> cp_model.LinearExprT:
    published = draft.instance.previous[operation]
    if published is None:
        return 0
    base, then = draft.base, published[1]
    if base is not None and not draft.scope.moves(operation):
        return abs(base.start[operation] - then)
    activity = draft.activity(operation)
    if activity.first_start == activity.last_start:
        return abs(activity.first_start - then)
    farthest = max(abs(activity.first_start - then), abs(activity.last_start - then))
    hint = None if base is None else abs(base.start[operation] - then)
    moved = draft.number(cp_model.Domain(0, farthest), hint)
    draft.model.add(moved >= activity.start - then)
    draft.model.add(moved >= then - activity.start)
    return moved


def _changed(draft: Draft, operation: int) -> cp_model.LinearExprT:
    published = draft.instance.previous[operation]
    if published is None:
        return 0
    base = draft.base
    if base is not None and not draft.scope.moves(operation):
        return int(base.mode[operation] != published[0])
    for option in draft.activity(operation).options:
        if option.mode == published[0]:
            return 1 - option.literal
    return 1
