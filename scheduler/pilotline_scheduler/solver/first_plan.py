"""One plan, without improvement."""

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.instance import NoPlanError, compile_problem
from pilotline_scheduler.solver.late_setups import with_late_setups
from pilotline_scheduler.solver.line.line_search import LineSearch
from pilotline_scheduler.solver.seed.construction import Construction
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units

_PLAIN = 3000
"""Operations up to which plain Python is as soon as compiled kernels are loaded."""


def first_plan(problem: Problem) -> Plan | None:
    """Return a plan of a validated problem by the first dispatching rule that finds one, or None.

    None does not mean that there is no plan. The same problem gives the same plan.
    """
    try:
        instance = compile_problem(problem)
    except NoPlanError:
        return None
    if len(instance.names) > _PLAIN and (search := LineSearch.of(instance)) is not None:
        schedule = search.first_schedule()
        return None if schedule is None else with_late_setups(instance, schedule).plan(instance)
    construction = Construction(instance, units(instance), lambda: False)
    urgency = [0] * len(instance.runs)
    for recipe in recipes(instance):
        schedule = attempt(construction, recipe, urgency)
        if schedule is not None:
            return with_late_setups(instance, schedule).plan(instance)
    return None
