"""Which specialist a problem is for."""

from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.line.line_search import LineSearch
from pilotline_scheduler.solver.project.lagged_search import LaggedProjectSearch
from pilotline_scheduler.solver.project.project_search import ProjectSearch
from pilotline_scheduler.solver.shop.flexible.specialist import flexible_shop_for
from pilotline_scheduler.solver.shop.sequence.specialist import job_shop_for
from pilotline_scheduler.solver.specialists.specialist import Specialist


def specialist_of(instance: Instance) -> Specialist | None:
    """Return the specialist for a problem, or None where the general search is for it."""
    return (
        job_shop_for(instance)
        or flexible_shop_for(instance)
        or ProjectSearch.of(instance)
        or LaggedProjectSearch.of(instance)
        or LineSearch.of(instance)
    )
