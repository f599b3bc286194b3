"""Improves by local search while OR-Tools is being imported, which takes over a second."""

import threading
from importlib import import_module
from random import Random

from pilotline_scheduler.solver.improve.local_search import LocalSearch
from pilotline_scheduler.solver.search import Search

_NEEDS_OR_TOOLS = "pilotline_scheduler.solver.improve.improve"
_POLL_S = 0.02


def warm_up(search: Search) -> None:
    """Import what improvement needs; return once it is there or the search is over.

    The import cannot be broken off, so it runs in a thread that a solve need not wait for.
    """
    there = threading.Event()

    def load() -> None:
        try:
            import_module(_NEEDS_OR_TOOLS)
        finally:
            there.set()

    threading.Thread(target=load, name="pilotline-solve-import", daemon=True).start()
    order = LocalSearch(search, Random(f"{search.seed}/import"))  # noqa: S311 - no secret
    while not search.over() and not there.is_set():
        if search.best is None or search.repeatable:
            there.wait(_POLL_S)
        else:
            order.step()
