"""Closes in on the shortest horizon that windows of operations do not rule out."""

import numpy as np

from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.windows import (
    Windows,
    narrow,
    open_windows,
    windows_of,
)

_MOST_PAIRS = 30_000_000
"""Pairs of operations on machines from which on a round takes too long."""
_ROUNDS = 200
_STEPS = 30


def order_by_windows(search: Search, jobs: Jobs, order: Ints) -> Ints | None:
    """Raise the bound to the shortest horizon that windows leave open.

    Args:
        search: the solve.
        jobs: its job shop.
        order: any topological order.

    Returns:
        Operations by the middles of their windows within that horizon, in topological order, or
        None where the problem is too large, or the search is over.
    """
    counts = np.bincount(jobs.machine)
    if int((counts * counts).sum()) > _MOST_PAIRS:
        return None
    windows = windows_of(jobs)
    low, step = search.bound[0] or 0, 1
    for _ in range(_STEPS):
        if search.over() or _is_open(search, windows, low):
            break
        search.prove(0, low + 1, "windows")
        low, step = low + step, 2 * step
    high, low = low, search.bound[0] or 0
    while low < high and not search.over():
        middle = (low + high) // 2
        if _is_open(search, windows, middle):
            high = middle
        else:
            low = middle + 1
            search.prove(0, low, "windows")
    if search.over() or not _is_open(search, windows, high):
        return None
    return _by_middles(windows, order)


def _is_open(search: Search, windows: Windows, horizon: int) -> bool:
    """Narrow windows within a horizon; return whether none gets too small."""
    open_windows(windows, horizon)
    for _ in range(_ROUNDS):
        changed = narrow(windows)
        if changed <= 0 or search.over():
            return changed == 0
    return True


def _by_middles(windows: Windows, order: Ints) -> Ints:
    middle = windows.start[order] + windows.end[order]
    return order[np.argsort(middle, kind="stable")]
