"""Improvement as a whole: which parts work on a problem, and in which threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

from pilotline_scheduler.solver.improve.local_search import LocalSearch
from pilotline_scheduler.solver.improve.whole import find_plan, fits, solve_whole
from pilotline_scheduler.solver.improve.window_search import WindowSearch
from pilotline_scheduler.solver.search import Search

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
    order = LocalSearch(search, _random(search, 0))
    tasks: list[Callable[[], None]] = [lambda: _loop(search, order.step)]
    if fits(search.instance):
        tasks.append(lambda: solve_whole(search, workers, search.left_s()))
    else:
        for index in range(max(1, workers - 1)):
            windows = WindowSearch(search, _random(search, index + 1), 2)
            tasks.append(lambda step=windows.step: _loop(search, step))  # type: ignore[misc]
    with ThreadPoolExecutor(len(tasks), thread_name_prefix="pilotline-solve") as pool:
        futures = [pool.submit(_guarded, search, task) for task in tasks]
    for future in futures:
        future.result()


def _loop(search: Search, step: Callable[[], None]) -> None:
    while not search.over():
        step()


def _guarded(search: Search, task: Callable[[], None]) -> None:
    """Run a task; where it raises, the others end too, and the error is raised once they have."""
    try:
        task()
    except BaseException:
        search.broken = True
        raise


def _random(search: Search, index: int) -> Random:
    return Random(f"{search.seed}/{index}")  # noqa: S311 - no secret
