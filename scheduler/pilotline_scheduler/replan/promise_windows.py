"""Lets CP-SAT decide anew what lies around a run whose promise is broken, so that it is kept."""

from pilotline_scheduler.solver.cp_model.effort import Effort
from pilotline_scheduler.solver.cp_model.run import run
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search

_SIZES = (30, 90)
"""Operations decided anew around a run, at first and where that did not help."""
_SECONDS = 3.0
_SHARE = 0.5
"""Of the time left that all these windows together get at most."""
_SUBSOLVERS = 2


def keep_promises(search: Search) -> None:
    """Decide anew what lies around each run that is late, level after level.

    Args:
        search: the solve; it must have a plan, and promises as due ticks.
    """
    until_left_s = (1 - _SHARE) * search.left_s()
    windows = _windows_in(search)
    effort = Effort(_SECONDS, _SUBSOLVERS, thorough=False)
    for size in _SIZES:
        best = search.best
        if best is None:
            return
        for late in late_runs(search, best):
            for level in range(len(search.bound)):
                best = search.best
                if best is None or search.over() or windows == 0:
                    return
                if not search.repeatable and search.left_s() < until_left_s:
                    return
                windows -= search.repeatable
                run(search, _around(search, best, late, size), level, effort, "window:promise")


def _windows_in(search: Search) -> int:
    """Return how many windows fit into the time, whatever the clock will say."""
    return 1 + int(_SHARE * search.time_limit_s / _SECONDS)


def late_runs(search: Search, schedule: Schedule) -> list[int]:
    """Return the runs that end after their due tick."""
    return [
        index
        for index, each in enumerate(search.instance.runs)
        if each.due is not None and max(schedule.end[i] for i in each.operations) > each.due
    ]


def _around(search: Search, schedule: Schedule, late: int, size: int) -> Scope:
    """Return the scope of a late run and its rivals; what belongs to their runs may shift."""
    instance = search.instance
    own = [each for each in instance.runs[late].operations if instance.fixed[each] < 0]
    free = set(own)
    begin = min((instance.earliest[each] for each in own), default=0)
    end = max((schedule.end[each] for each in own), default=0)
    machines = {mode.machine for each in own for mode in instance.modes[each]}
    rivals = [
        operation
        for operation, mode in enumerate(schedule.mode)
        if operation not in free
        and instance.fixed[operation] < 0
        and begin <= schedule.setup_start[operation]
        and schedule.start[operation] < end
        and instance.modes[operation][mode].machine in machines
    ]
    rivals.sort(key=lambda each: -schedule.start[each])
    free.update(rivals[: max(0, size - len(free))])
    shifting = {
        other
        for operation in free
        for other in instance.runs[instance.run_of[operation]].operations
        if instance.fixed[other] < 0 and schedule.setup_start[other] >= begin
    }
    return Scope(frozenset(free), frozenset(shifting - free), schedule, begin)
