"""Improvement as a whole: which parts work on a problem, and in which threads."""

import time
from collections.abc import Callable
from functools import partial
from random import Random

from pilotline_scheduler.solver.improve.local_search import LocalSearch
from pilotline_scheduler.solver.improve.whole import find_plan, fits, solve_whole
from pilotline_scheduler.solver.improve.window_search import WindowSearch
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.threads import in_threads

_SUBSOLVERS = 2
"""Of CP-SAT per window."""
_SMALL = 150
"""Modes of all operations up to which CP-SAT is left to prove what it can with all the time."""
_FIRST_SHARE, _LAST_SHARE = 0.1, 0.3
"""Shares of the time that the whole problem gets where there are more: first for what is easy, last
for bounds and proofs from a good plan; windows do better between."""
_PATIENCE = 100
"""Steps without a better plan before local search takes rests."""
_REST = 4.0
"""Length of a rest, in steps."""
_LONGEST_REST_S = 0.5
_STEPS_PER_WINDOW = 20
"""Local search steps between windows where one thread does all."""
_USED_SHARE = 0.4
"""Share of the time limit that a repeatable search plans to use, so that the clock seldom cuts it
short; it is estimated from the two measured costs below."""
_WINDOW_S = 1.0
_STEP_S_PER_OPERATION = 40e-6


def improve(search: Search, workers: int) -> None:
    """Improve the plan until the search is over.

    One thread rebuilds the plan in other orders; the others let CP-SAT decide, on the whole
    problem where it fits and on windows where it does not. Without a plan, CP-SAT looks for one.

    Args:
        search: the solve, seeded.
        workers: threads.
    """
    if search.best is None and not search.over():
        find_plan(search, workers)
    if search.best is None or search.over():
        return
    if search.repeatable:
        _in_turns(search)
    else:
        _side_by_side(search, workers)


def _in_turns(search: Search) -> None:
    """Do a fixed amount of work, so that the same seed gives the same plan."""
    allowed_s = _USED_SHARE * search.time_limit_s
    if fits(search.instance):
        allowed_s /= 2
        solve_whole(search, 1, allowed_s)
    windows = WindowSearch(search, _random(search, 0), 1)
    order = LocalSearch(search, _random(search, 1))
    steps_s = _STEPS_PER_WINDOW * _STEP_S_PER_OPERATION * len(search.instance.names)
    for _ in range(1 + int(allowed_s / (_WINDOW_S + steps_s))):
        for _ in range(_STEPS_PER_WINDOW):
            if search.over():
                return
            order.step()
        windows.step()


def _side_by_side(search: Search, workers: int) -> None:
    tasks: list[Callable[[], None]] = [
        partial(exactly, search, workers),
        partial(_by_order, search, LocalSearch(search, _random(search, 0))),
    ]
    for index in range(2, workers):
        windows = WindowSearch(search, _random(search, index), _SUBSOLVERS)
        tasks.append(partial(_by_windows, search, windows))
    in_threads(search, tasks)


def exactly(search: Search, workers: int) -> None:
    """Let CP-SAT work on the whole problem while that can pay, and on windows."""
    windows = WindowSearch(search, _random(search, 1), _SUBSOLVERS)
    if fits(search.instance):
        small = sum(map(len, search.instance.modes)) <= _SMALL
        solve_whole(search, workers, (1.0 if small else _FIRST_SHARE) * search.left_s())
        _by_windows(search, windows, until_left_s=_LAST_SHARE * search.left_s())
        solve_whole(search, workers, search.left_s())
    _by_windows(search, windows)


def _by_windows(search: Search, windows: WindowSearch, until_left_s: float = 0.0) -> None:
    while not search.over() and search.left_s() > until_left_s:
        windows.step()


def _by_order(search: Search, order: LocalSearch) -> None:
    """Search over orders; where that has not paid for long, leave the core to CP-SAT mostly."""
    unpaid = 0
    while not search.over():
        began_s = search.elapsed_s()
        unpaid = 0 if order.step() else unpaid + 1
        if unpaid > _PATIENCE:
            time.sleep(min(_LONGEST_REST_S, _REST * (search.elapsed_s() - began_s)))


def _random(search: Search, index: int) -> Random:
    return Random(f"{search.seed}/{index}")  # noqa: S311 - no secret
