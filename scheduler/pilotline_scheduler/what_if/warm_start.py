"""A first plan of a changed problem that is like a plan of the former one."""

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.instance import Instance, NoPlanError, compile_problem
from pilotline_scheduler.solver.seed.construction import Construction
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.units import units
from pilotline_scheduler.verifier import verify


def like(problem: Problem, plan: Plan) -> Plan | None:
    """Return a plan that keeps the machines and the order of another one as far as it can, or None.

    The other plan itself, less what is not asked for any more, where it keeps every rule.

    Args:
        problem: a validated problem.
        plan: a plan of a former version of it.
    """
    asked = {operation.id for run in problem.runs for operation in run.operations}
    kept = Plan(tuple(each for each in plan.operations if each.operation in asked))
    if not verify(problem, kept):
        return kept
    try:
        instance = compile_problem(problem)
    except NoPlanError:
        return None
    recipe = _recipe(instance, {each.operation: each for each in plan.operations})
    construction = Construction(instance, units(instance), lambda: False)
    schedule = attempt(construction, recipe, [0] * len(instance.runs))
    return None if schedule is None else schedule.plan(instance)


def _recipe(instance: Instance, planned: dict[str, PlannedOperation]) -> Recipe:
    machines = {machine.id: at for at, machine in enumerate(instance.problem.machines)}
    last = float(instance.horizon)
    keys: list[float] = []
    modes: list[int] = []
    for name, choices in zip(instance.names, instance.modes, strict=True):
        place = planned.get(name)
        keys.append(last if place is None else float(place.start))
        machine = -1 if place is None else machines.get(place.machine, -1)
        modes.append(next((i for i, mode in enumerate(choices) if mode.machine == machine), -1))
    return Recipe("like", keys, modes=modes)
