"""The search for projects with maximum lags: CP-SAT from the lower bound up, and from plans down.

There, dispatching seldom finds a plan at all. CP-SAT does, or shows that there is none: with edge
finding on its time tables (Vilím 2011) it needs seconds for a hundred activities.
"""

from functools import partial

from pilotline_scheduler.solver.cp_model.effort import Way
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.project.project import is_project
from pilotline_scheduler.solver.project.whole import decide_whole
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.threads import in_threads

_MOST_OPERATIONS = 2500
"""With more, CP-SAT hardly begins; the general search dispatches and opens windows."""
_SEED_SHARE = 0.5
"""Of the time limit, for a first plan; without one, the general search has the rest."""
_TURN_SHARE = 0.2
"""Of the time limit, for each way where one worker does both."""


class LaggedProjectSearch:
    """A specialist for resource-constrained projects whose activities may be tied by any lags."""

    name = "lagged-project"

    @classmethod
    def of(cls, instance: Instance) -> "LaggedProjectSearch | None":
        """Return the specialist for a problem, or None where the problem is no such project."""
        lags = (lag for row in instance.successors for lag in row)
        fits = (
            len(instance.names) <= _MOST_OPERATIONS
            and is_project(instance)
            and any(lag.maximum is not None or lag.minimum < 0 for lag in lags)
        )
        return cls() if fits else None

    def seed(self, search: Search) -> None:
        """Offer a first plan, or find that there is none."""
        seconds = _SEED_SHARE * search.time_limit_s
        ways = (Way.ENERGY,) if search.repeatable else (Way.ENERGY, Way.NEIGHBOURHOODS)
        in_threads(
            search, [partial(decide_whole, search, way, seconds, first_only=True) for way in ways]
        )

    def work(self, search: Search, worker: int, workers: int) -> None:
        """Work from the bound up in the last worker, and on neighbourhoods in the others."""
        if search.repeatable:
            for way in (Way.BOUND, Way.NEIGHBOURHOODS):
                if not search.over():
                    decide_whole(search, way, _TURN_SHARE * search.time_limit_s)
            return
        way = Way.BOUND if worker == workers - 1 else Way.NEIGHBOURHOODS
        decide_whole(search, way, search.left_s(), seed=worker)
