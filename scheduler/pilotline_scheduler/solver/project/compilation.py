"""Compiles the kernels of project searches once per process, beside whatever else is done."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from functools import lru_cache

import numpy as np

from pilotline_scheduler.solver.project.population import Population
from pilotline_scheduler.solver.project.project import Net, ints
from pilotline_scheduler.solver.search import Search

_POLL_S = 0.02
_CHILDREN = 20


def compiled(search: Search, until_left_s: float = 0.0) -> bool:
    """Wait until the kernels can run; return whether they can before so little time is left.

    The first time on a machine this takes some ten seconds, which no search has to wait for.
    """
    task = _compilation()
    while not search.over() and (search.repeatable or search.left_s() > until_left_s):
        try:
            task.result(timeout=_POLL_S)
        except NotYetError:
            continue
        return True
    return False


@lru_cache(maxsize=1)
def _compilation() -> Future[None]:
    with_thread = ThreadPoolExecutor(1, thread_name_prefix="pilotline-compile")
    task = with_thread.submit(_exercise)
    with_thread.shutdown(wait=False)
    return task


def _exercise() -> None:
    """Breed schedules of a project of one activity after another."""
    one = ints([1, 1])
    net = Net(
        ticks=one,
        earliest=ints([0, 0]),
        before_at=ints([0, 0, 1]),
        before=ints([0]),
        before_wait=ints([1]),
        after_at=ints([0, 1, 1]),
        after=ints([1]),
        after_wait=ints([1]),
        rate=ints([0, 0]),
        need=np.zeros((2, 1), np.int64),
        guard=ints([0]),
        free=np.zeros((4, 1), np.int64),
    )
    population = Population(net, 2, 0)
    population.advance(_CHILDREN, 0)
    population.advance(_CHILDREN, 0)
