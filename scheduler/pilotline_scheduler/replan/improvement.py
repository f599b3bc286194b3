"""Searches for a better plan from a repaired one: promises first, then little moves."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Goal, Objective, Problem, Term
from pilotline_scheduler.solver.bounds import lower_bounds
from pilotline_scheduler.solver.instance import Instance, Schedule, compile_problem
from pilotline_scheduler.solver.search import Search

_MACHINE_PRICE = 60
"""Ticks of moving that another machine is worth."""
STABILITY = Objective(
    (
        Term(Goal.TARDY_RUNS, priority=0),
        Term(Goal.WEIGHTED_TARDINESS, priority=1),
        Term(Goal.MOVED_START, priority=1),
        Term(Goal.CHANGED_MACHINE, _MACHINE_PRICE, priority=1),
    )
)
"""First as many promises as can be are kept; then little moves, and a tick by which a run of weight
1 breaks its promise counts like a tick of moving."""


def stable_problem(problem: Problem, promises: dict[str, int]) -> Problem:
    """Return the problem with promises as due ticks and stability as its goal."""
    runs = tuple(replace(run, due=promises.get(run.id)) for run in problem.runs)
    return replace(problem, runs=runs, objective=STABILITY)


def improve_repair(
    problem: Problem,
    plan: Plan,
    *,
    time_limit_s: float,
    workers: int | None,
    seed: int,
    on_better: Callable[[Plan], None],
    cancel: threading.Event | None,
) -> tuple[Plan, tuple[int | None, ...], bool]:
    """Return a plan at least as good, the proven bounds of its levels, and whether it is optimal.

    Args:
        problem: a problem as `stable_problem` makes it; `plan` keeps all its rules.
        plan: where to begin.
        time_limit_s: seconds from now.
        workers: threads; None for one per core.
        seed: seeds every random choice.
        on_better: called with each better plan.
        cancel: ends the search once set.
    """
    started = time.monotonic()
    instance = compile_problem(problem)
    search = Search(
        instance,
        time_limit_s=time_limit_s,
        seed=seed,
        repeatable=workers == 1,
        on_incumbent=lambda _, better: on_better(better),
        cancel=cancel,
        started=started,
    )
    for level, (bound, source) in enumerate(lower_bounds(instance)):
        search.prove(level, bound, source)
    search.offer(schedule_of(instance, plan), "repair")
    if not search.over():
        # OR-Tools takes over a second to import; the repair does not wait for it.
        from pilotline_scheduler.replan.promise_windows import keep_promises
        from pilotline_scheduler.solver.improve.improve import improve

        keep_promises(search)
        improve(search, workers or os.cpu_count() or 1)
    best = plan if search.best is None else search.best.plan(instance)
    return best, tuple(search.bound), search.proven()


def schedule_of(instance: Instance, plan: Plan) -> Schedule:
    """Return a plan of an instance in whole numbers."""
    planned = {each.operation: each for each in plan.operations}
    machine_at = {each.id: index for index, each in enumerate(instance.problem.machines)}
    rows = [planned[name] for name in instance.names]
    modes = (
        next(i for i, mode in enumerate(modes) if mode.machine == machine_at[row.machine])
        for modes, row in zip(instance.modes, rows, strict=True)
    )
    return Schedule(
        tuple(modes),
        tuple(row.setup_start for row in rows),
        tuple(row.start for row in rows),
        tuple(row.end for row in rows),
    )
