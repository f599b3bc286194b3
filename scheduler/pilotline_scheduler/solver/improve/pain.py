"""Where a plan hurts: which runs its objective suffers from."""

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance import Instance, Schedule, burdens, chosen

_LAST_SHARE = 0.9
"""Runs that end after this share of the makespan are taken to bear on it."""


def pains(instance: Instance, schedule: Schedule) -> list[float]:
    """Return how much each run adds to the first level that anything is added to.

    Where no run stands out, as with changeovers, all are alike.
    """
    for level in instance.levels:
        found = [0.0] * len(instance.runs)
        for goal, weight in level.weights.items():
            _add(goal, weight, instance, schedule, found)
        if any(found):
            return found
    return [1.0] * len(instance.runs)


def _add(
    goal: Goal, weight: int, instance: Instance, schedule: Schedule, found: list[float]
) -> None:
    if goal is Goal.FAIRNESS:
        _add_burdens(weight, instance, schedule, found)
        return
    if goal in (Goal.ENERGY_COST, Goal.EMISSIONS):
        for operation, mode in enumerate(chosen(instance, schedule)):
            value = mode.drawn(goal, schedule.start[operation], schedule.end[operation])
            found[instance.run_of[operation]] += weight * value
        return
    ends = [max(schedule.end[each] for each in run.operations) for run in instance.runs]
    if goal is Goal.MAKESPAN:
        last = _LAST_SHARE * max(ends, default=0)
        for index, end in enumerate(ends):
            found[index] += weight * max(0.0, end - last)
    elif goal in (Goal.WEIGHTED_TARDINESS, Goal.TARDY_RUNS):
        for index, run in enumerate(instance.runs):
            if run.due is not None and ends[index] > run.due:
                late = run.weight * (ends[index] - run.due)
                found[index] += weight * (late if goal is Goal.WEIGHTED_TARDINESS else 1)
    elif goal is Goal.MOVED_START:
        for operation, published in enumerate(instance.previous):
            if published is not None:
                moved = abs(schedule.start[operation] - published[1])
                price = weight * instance.move_prices[operation]
                found[instance.run_of[operation]] += price * moved


def _add_burdens(weight: int, instance: Instance, schedule: Schedule, found: list[float]) -> None:
    """Add the tardiness of runs, and more so the more their client bears in all."""
    borne = burdens(instance, schedule)
    most = max(borne, default=0)
    for client, burden in zip(instance.clients, borne, strict=True):
        for index in client.runs:
            run = instance.runs[index]
            end = max(schedule.end[each] for each in run.operations)
            late = run.weight * max(0, end - (run.due or 0))
            found[index] += weight * client.share * late * (burden / most if most else 0)
