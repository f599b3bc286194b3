"""First plans: every dispatching rule once, with runs that got stuck moved to the front."""

from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError, StuckError
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units

_ATTEMPTS = 12
"""Constructions with one rule before the next one is tried."""
_SHARE = 0.2
"""Share of the time limit after which a plan in hand is improved rather than seeded again."""


def seed(search: Search) -> None:
    """Offer the plans of the dispatching rules, until the search is over."""
    instance = search.instance
    construction = Construction(instance, units(instance), search.over)
    urgency = [0] * len(instance.runs)
    for recipe in recipes(instance):
        if _suffices(search):
            return
        try:
            schedule = attempt(construction, recipe, urgency)
        except StoppedError:
            return
        if schedule is not None:
            search.offer(schedule, f"seed:{recipe.name}")


def _suffices(search: Search) -> bool:
    late = search.elapsed_s() > _SHARE * search.time_limit_s
    return late and search.best is not None and not search.repeatable


def attempt(construction: Construction, recipe: Recipe, urgency: list[int]) -> Schedule | None:
    """Return a plan by a recipe, or None.

    Runs that get stuck are made more urgent than all others (squeaky wheel, Joslin & Clements
    1999); later recipes start from what was learnt.

    Args:
        construction: builds the plans.
        recipe: the rule.
        urgency: per run; raised here.

    Raises:
        StoppedError: it was stopped.
    """
    for _ in range(_ATTEMPTS):
        try:
            return construction.build(recipe, urgency)
        except StuckError as stuck:
            highest = max(urgency) + 1
            for run in stuck.runs:
                urgency[run] = highest
    return None
