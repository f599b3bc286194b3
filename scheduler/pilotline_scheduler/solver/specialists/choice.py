"""Which specialist a problem is for."""

from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.project.project_search import ProjectSearch
from pilotline_scheduler.solver.specialists.specialist import Specialist


def specialist_of(instance: Instance) -> Specialist | None:
    """Return the specialist for a problem, or None where the general search is for it."""
    return ProjectSearch.of(instance)
