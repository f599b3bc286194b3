"""Whether a problem has a plan at all, within a time limit."""

import time
from dataclasses import dataclass, replace

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Goal, Objective, Problem, Term
from pilotline_scheduler.solver.instance import Instance, NoPlanError, Schedule, compile_problem
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError, StuckError
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units

_SMALL = 15
"""Operations up to which one of CP-SAT's subsolvers decides as fast as all."""
_RULES = 4
"""Dispatching rules that are asked which runs get stuck."""
_SEED_SHARE = 0.2
_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: a plan, the proof that there is none, or neither in time."""

    plan: Plan | None = None
    impossible: bool = False


def find_plan(problem: Problem, time_limit_s: float) -> Finding:
    """Return any plan of a validated problem, or that there is none, or neither in time."""
    started = time.monotonic()
    # What is asked is whether, not how well: the makespan is the goal with the smallest model.
    problem = replace(problem, objective=Objective((Term(Goal.MAKESPAN),)))
    try:
        instance = compile_problem(problem)
    except NoPlanError:
        return Finding(impossible=True)
    if not instance.names:
        return Finding(Plan(()))
    schedule = _by_dispatching(instance, started + _SEED_SHARE * time_limit_s)
    if schedule is not None:
        return Finding(schedule.plan(instance))
    return _by_cp_sat(instance, time_limit_s - (time.monotonic() - started))


def suspects(problem: Problem, time_limit_s: float) -> list[str]:
    """Return runs that dispatching rules found no place for, those that got stuck last first.

    Where the problem has no plan, a conflict is likely to be among them; nothing is proven.
    """
    until = time.monotonic() + time_limit_s
    instance = compile_problem(problem)
    construction = Construction(instance, units(instance), lambda: time.monotonic() > until)
    urgency = [0] * len(instance.runs)
    try:
        for recipe in recipes(instance)[:_RULES]:
            attempt(construction, recipe, urgency)
    except StoppedError:
        pass  # what was learnt so far is as good
    stuck = [index for index, level in enumerate(urgency) if level > 0]
    stuck.sort(key=lambda index: (-urgency[index], index))
    return [problem.runs[index].id for index in stuck]


def _by_dispatching(instance: Instance, until: float) -> Schedule | None:
    def late() -> bool:
        return time.monotonic() > until

    construction = Construction(instance, units(instance), late)
    recipe, urgency = recipes(instance)[0], [0] * len(instance.runs)
    try:
        if len(instance.names) > _SMALL:
            return attempt(construction, recipe, urgency)
        return construction.build(recipe, urgency)
    except (StoppedError, StuckError):
        return None


def _by_cp_sat(instance: Instance, time_limit_s: float) -> Finding:
    # OR-Tools takes over a second to import.
    from ortools.sat.python import cp_model

    from pilotline_scheduler.solver.cp_model.model import PlanModel
    from pilotline_scheduler.solver.cp_model.scope import Scope
    from pilotline_scheduler.solver.cp_model.variables import EmptyDomainError

    if time_limit_s <= 0:
        return Finding()
    try:
        model = PlanModel(instance, Scope.whole(instance, None), 0, None)
    except EmptyDomainError:
        return Finding(impossible=True)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.stop_after_first_solution = True
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = 1 if len(instance.names) <= _SMALL else _WORKERS
    status = solver.solve(model.proto)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Finding(model.schedule(solver.value).plan(instance))
    return Finding(impossible=status == cp_model.INFEASIBLE)
