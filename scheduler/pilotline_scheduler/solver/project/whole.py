"""CP-SAT on a project as a whole, in one way at a time, so that ways can run side by side."""

from pilotline_scheduler.solver.cp_model.effort import Effort, Way
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.search import Search


def decide_whole(
    search: Search, way: Way, seconds: float, *, first_only: bool = False, seed: int = 0
) -> None:
    """Let CP-SAT offer plans and raise the bound, or find that there is no plan.

    Args:
        search: the solve; its best plan, where there is one, is where CP-SAT begins.
        way: how CP-SAT searches.
        seconds: for how long, at most.
        first_only: whether any plan will do, from here or elsewhere.
        seed: added to the seed of the search.
    """
    # OR-Tools takes over a second to import; nothing that has a plan sooner waits for it.
    from pilotline_scheduler.solver.cp_model.run import Conditions, decide

    conditions = Conditions(
        left_s=search.left_s,
        stopped=lambda: search.over() or (first_only and search.best is not None),
        seed=search.seed + seed,
        repeatable=search.repeatable,
        on_schedule=lambda schedule: search.offer(schedule, "cp-sat"),
        on_bound=lambda bound: search.prove(0, bound, "cp-sat"),
    )
    effort = Effort(seconds, workers=1, first_only=first_only, way=way)
    base = search.best
    outcome = decide(search.instance, Scope.whole(search.instance, base), 0, effort, conditions)
    if outcome.infeasible and base is None:
        search.infeasible = True
