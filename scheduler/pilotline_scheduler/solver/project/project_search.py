"""The search for projects: a genetic algorithm, with CP-SAT for proofs."""

from pilotline_scheduler.solver.cp_model.effort import Way
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.project.breeding_search import BreedingSearch, Elites
from pilotline_scheduler.solver.project.compilation import KERNELS
from pilotline_scheduler.solver.project.population import Population
from pilotline_scheduler.solver.project.project import Project, project_of
from pilotline_scheduler.solver.project.whole import decide_whole
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units

_MOST_PROVED = 2500
"""Operations up to which CP-SAT can be expected to prove anything of the whole."""
_LEAST_FOR_PROOF_S = 3.0
"""Time limit from which on it does; loading OR-Tools takes a second."""
_MANY = 2000
"""Operations from which on dispatching in Python takes longer than loading the kernels."""
_FIRST_SHARE = 0.05
"""Share of the time for a good plan before a proof is looked for."""
_PROOF_SHARE = 0.25


class ProjectSearch:
    """A specialist for resource-constrained projects with minimum lags.

    Args:
        project: what is planned.
    """

    name = "project"

    def __init__(self, project: Project) -> None:
        self._project = project
        self._elites = Elites()

    @classmethod
    def of(cls, instance: Instance) -> "ProjectSearch | None":
        """Return the specialist for a problem, or None where the problem is no project."""
        project = project_of(instance)
        return None if project is None else cls(project)

    def seed(self, search: Search) -> None:
        """Offer one plan: by a dispatching rule, or by the kernels where they are the sooner."""
        if len(search.instance.names) > _MANY:
            if KERNELS.wait(search):
                first = Population(self._project.net, 1, search.seed)
                first.advance(1, 0)
                search.offer(self._project.schedule(first.best), "seed:serial")
            return
        self._dispatch(search)

    def _dispatch(self, search: Search) -> None:
        """Offer the plan of the first dispatching rule that finds one."""
        instance = search.instance
        construction = Construction(instance, units(instance), search.over)
        urgency = [0] * len(instance.runs)
        for recipe in recipes(instance):
            try:
                schedule = attempt(construction, recipe, urgency)
            except StoppedError:
                return
            if schedule is not None:
                search.offer(schedule, f"seed:{recipe.name}")
                return

    def work(self, search: Search, worker: int, workers: int) -> None:
        """Breed schedules until the search is over; the last worker looks for a proof meanwhile."""
        breeding = BreedingSearch(search, self._project, worker, self._elites)
        if worker == workers - 1 and _provable(search):
            if KERNELS.wait(search, (1 - _FIRST_SHARE) * search.left_s()):
                breeding.run(1 - _FIRST_SHARE)
            if not search.over():
                decide_whole(search, Way.BOUND, _PROOF_SHARE * search.time_limit_s)
        if KERNELS.wait(search):
            breeding.run()


def _provable(search: Search) -> bool:
    """Return whether a proof is worth its time."""
    return len(search.instance.names) <= _MOST_PROVED and search.time_limit_s >= _LEAST_FOR_PROOF_S
