"""A plan that can be executed again and again, with other durations each time."""

from collections.abc import Mapping

import numpy as np

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Mode, Problem
from pilotline_scheduler.robustness.kernels import NEVER, execute
from pilotline_scheduler.robustness.layout import Integers, lay_out


def executed(
    problem: Problem, plan: Plan, ticks: Mapping[str, int], *, early: bool = False
) -> Plan:
    """Return what becomes of a plan when some operations take other ticks than planned.

    Machines and orders stay; work is pushed right past calendars, attendance, pools and walls as
    far as it must. Deadlines, maximum lags, pinned and frozen starts may break. Operations that
    find no place any more, because a calendar ends, are left out.

    Args:
        problem: a validated problem.
        plan: a plan of it that keeps every rule.
        ticks: processing time by operation; those of the plan for all others.
        early: whether work may start before its planned start.
    """
    laid_out = lay_out(problem, plan, early=early)
    layout, order = laid_out.layout, laid_out.order
    modes = planned_modes(problem, plan)
    taken = {**planned_ticks(problem, plan), **ticks}
    durations = np.array([taken[name] for name in order], dtype=np.int64)
    setups, begins, ends, bindings = (np.zeros(len(order), dtype=np.int64) for _ in range(4))
    room = int(layout.profile_room[-1]) + 1
    counts = np.zeros(len(layout.profile_room) - 1, dtype=np.int64)
    steps: list[Integers] = [np.zeros(room, dtype=np.int64) for _ in range(2)]
    execute(layout, durations, setups, begins, ends, bindings, steps[0], steps[1], counts)
    return Plan(
        tuple(
            PlannedOperation(
                name,
                modes[name].machine,
                int(setup),
                int(begin),
                int(end),
                int(setup + length if length else begin),
            )
            for name, setup, length, begin, end in zip(
                order, setups, layout.setup_ticks, begins, ends, strict=True
            )
            if begin < NEVER
        )
    )


def planned_modes(problem: Problem, plan: Plan) -> dict[str, Mode]:
    """Return the mode that a plan gives each operation."""
    machines = {planned.operation: planned.machine for planned in plan.operations}
    return {
        operation.id: next(
            each for each in operation.modes if each.machine == machines[operation.id]
        )
        for run in problem.runs
        for operation in run.operations
    }


def planned_ticks(problem: Problem, plan: Plan) -> dict[str, int]:
    """Return the ticks that a plan reckons with; what runs already takes from start to end."""
    running = {each.operation: each.end - each.start for each in problem.running}
    modes = planned_modes(problem, plan)
    return {name: running.get(name, mode.ticks) for name, mode in modes.items()}
