"""Runs the parts of a search side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pilotline_scheduler.solver.search import Search


def in_threads(search: Search, tasks: Sequence[Callable[[], None]]) -> None:
    """Run each task in a thread; return once all have ended.

    Where one raises, the search is over for the others too, and the error is raised again here.
    """
    with ThreadPoolExecutor(len(tasks), thread_name_prefix="pilotline-solve") as pool:
        futures = [pool.submit(_guarded, search, task) for task in tasks]
    for future in futures:
        future.result()


def _guarded(search: Search, task: Callable[[], None]) -> None:
    try:
        task()
    except BaseException:
        search.broken = True
        raise
