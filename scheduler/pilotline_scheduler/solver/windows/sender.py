"""Sends windows out beside a search, as long as it lasts, whoever searches here."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random

from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.windows.dispatch import Dispatch

_SUBSOLVERS = 2
"""Of CP-SAT per window."""
_POLL_S = 0.05


@contextmanager
def sending(search: Search, dispatch: Dispatch) -> Iterator[None]:
    """Send windows meanwhile; an error of the sender ends the search and is raised at the end."""
    done = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="pilotline-send") as pool:
        sender = pool.submit(_guarded, search, dispatch, done)
        try:
            yield
        finally:
            done.set()
            dispatch.close()
    sender.result()


def _guarded(search: Search, dispatch: Dispatch, done: threading.Event) -> None:
    try:
        _send(search, dispatch, done)
    except BaseException:
        search.broken = True
        raise


def _send(search: Search, dispatch: Dispatch, done: threading.Event) -> None:
    while search.best is None:
        if done.wait(_POLL_S) or search.over():
            return
    # OR-Tools takes over a second to import; the first plan does not wait for it.
    from pilotline_scheduler.solver.improve.window_search import WindowSearch

    random = Random(f"{search.seed}/elsewhere")  # noqa: S311 - no secret
    windows = WindowSearch(search, random, _SUBSOLVERS)
    while not (done.is_set() or search.over() or dispatch.dead):
        windows.send(dispatch)
