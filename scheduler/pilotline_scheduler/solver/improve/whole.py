"""CP-SAT on the whole problem, level by level."""

from pilotline_scheduler.solver.cp_model.run import Effort, run
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.search import Search

_MOST_OPERATIONS = 2500
_MOST_PAIRS = 6000
"""Pairs of operations that could follow each other on machines with changeovers."""
_MOST_BENDS = 40_000
"""Changes of prices over all modes; each is a Boolean or two."""
_FEWEST_WORKERS = 8
"""CP-SAT's portfolio is complete from eight workers on, however few cores there are."""
_LEVEL_SHARE = 0.7
"""Share of the time left that a level gets while others wait."""
_PROBING_PAIRS = 1500


def fits(instance: Instance) -> bool:
    """Return whether CP-SAT can be expected to get anywhere with the whole problem."""
    return len(instance.names) <= _MOST_OPERATIONS and _pairs(instance) <= _MOST_PAIRS


def _too_bent(instance: Instance, level: int) -> bool:
    """Return whether a level measures energy whose price changes too often for all at once."""
    goals = instance.levels[level].weights
    bends = sum(
        len(meter.ticks)
        for modes in instance.modes
        for mode in modes
        for goal, meter in mode.meters
        if goal in goals
    )
    return bends > _MOST_BENDS


def _pairs(instance: Instance) -> int:
    counts = [0] * len(instance.machines)
    for modes in instance.modes:
        for mode in modes:
            counts[mode.machine] += 1
    return sum(
        count * count
        for count, machine in zip(counts, instance.machines, strict=True)
        if machine.changeover is not None
    )


def find_plan(search: Search, workers: int) -> None:
    """Look for any plan, with all the time there is; note if there is none."""
    effort = Effort(
        seconds=search.left_s(),
        workers=max(_FEWEST_WORKERS, workers),
        thorough=_pairs(search.instance) <= _PROBING_PAIRS,
        first_only=True,
    )
    outcome = run(search, Scope.whole(search.instance, None), 0, effort, "cp-sat")
    search.infeasible = outcome.infeasible


def solve_whole(search: Search, workers: int, seconds: float) -> None:
    """Minimise level after level; each gets most of the time that is left.

    Args:
        search: the solve; it must have a plan.
        workers: cores.
        seconds: time for all levels together.
    """
    levels = len(search.instance.levels)
    for level in range(levels):
        if search.over() or search.is_proven(level) or _too_bent(search.instance, level):
            continue
        share = _LEVEL_SHARE if level + 1 < levels else 1.0
        effort = Effort(
            seconds=share * seconds,
            workers=max(_FEWEST_WORKERS, workers),
            thorough=_pairs(search.instance) <= _PROBING_PAIRS,
        )
        outcome = run(search, Scope.whole(search.instance, search.best), level, effort, "cp-sat")
        if not outcome.complete:
            seconds *= 1 - share
