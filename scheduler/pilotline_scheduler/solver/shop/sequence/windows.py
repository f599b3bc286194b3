"""What must hold if all work ends by a given tick: windows of operations, and a bound.

An operation that cannot go before another one of its machine within their windows goes behind it,
and so behind all others of which that is true, one after another (detectable precedences; Vilim
2004). Where a window gets too small, nothing ends by that tick, which is a lower bound (destructive
improvement; Klein & Scholl 1999). Where windows leave little choice, operations in order of the
middles of their windows are a good plan.
"""

from typing import NamedTuple

import numpy as np

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.node import AFTER, BEFORE, HEAD, TICKS, WAIT


class Windows(NamedTuple):
    """Windows of operations, kept within a horizon.

    Attributes:
        node: the table of the chains.
        row_at, row: operations of each machine; the order within a row changes.
        start: earliest start of each operation, a row for none at the end.
        end: latest end of each operation.
        raised: scratch.
    """

    node: Ints
    row_at: Ints
    row: Ints
    start: Ints
    end: Ints
    raised: Ints


def windows_of(jobs: Jobs) -> Windows:
    """Return windows that are not set yet; see `open_windows`."""
    counts = np.bincount(jobs.machine, minlength=jobs.machines)
    return Windows(
        node=jobs.node,
        row_at=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row=np.argsort(jobs.machine, kind="stable").astype(np.int64),
        start=np.zeros(len(jobs.node), np.int64),
        end=np.zeros(len(jobs.node), np.int64),
        raised=np.zeros(len(jobs.node), np.int64),
    )


@bare_kernel
def open_windows(windows: Windows, horizon: int) -> None:
    """Set all windows to what releases and a horizon alone leave."""
    for operation in range(len(windows.node)):
        windows.start[operation] = windows.node[operation, HEAD]
        windows.end[operation] = horizon


@bare_kernel
def narrow(windows: Windows) -> int:
    """Make windows smaller by one round over chains and machines.

    Returns:
        How many were made smaller, or -1 where one is too small for its operation.
    """
    changed = _narrow_chains(windows)
    for machine in range(len(windows.row_at) - 1):
        first, beyond = windows.row_at[machine], windows.row_at[machine + 1]
        changed += _raise_starts(windows, first, beyond)
        changed += _lower_ends(windows, first, beyond)
    for operation in windows.row:
        ticks = windows.node[operation, TICKS]
        if windows.start[operation] + ticks > windows.end[operation]:
            return -1
    return changed


@bare_kernel
def _narrow_chains(windows: Windows) -> int:
    """Narrow windows along chains, each from its ends."""
    node, start, end, changed, none = windows.node, windows.start, windows.end, 0, len(windows.row)
    for operation in range(none):
        each = operation if node[operation, BEFORE] >= none else none
        while each != none:
            before, after = node[each, BEFORE], node[each, AFTER]
            free = start[before] + node[before, TICKS] + node[before, WAIT]
            if free > start[each]:
                start[each] = free
                changed += 1
            each = after
        each = operation if node[operation, AFTER] == none else none
        while each < none:
            before, after = node[each, BEFORE], node[each, AFTER]
            if after != none and end[after] - node[after, TICKS] - node[each, WAIT] < end[each]:
                end[each] = end[after] - node[after, TICKS] - node[each, WAIT]
                changed += 1
            each = before
    return changed


@bare_kernel
def _raise_starts(windows: Windows, first: int, beyond: int) -> int:
    node, row, start, end = windows.node, windows.row, windows.start, windows.end
    for at in range(first + 1, beyond):
        moved, free = row[at], at
        while free > first and start[row[free - 1]] > start[moved]:
            row[free] = row[free - 1]
            free -= 1
        row[free] = moved
    changed = 0
    for at in range(first, beyond):
        operation, free = row[at], 0
        earliest_end = start[operation] + node[operation, TICKS]
        for other_at in range(first, beyond):
            other = row[other_at]
            if earliest_end + node[other, TICKS] > end[other] and other != operation:
                free = max(free, start[other]) + node[other, TICKS]
        windows.raised[operation] = max(free, start[operation])
    for at in range(first, beyond):
        operation = row[at]
        changed += windows.raised[operation] != start[operation]
        start[operation] = windows.raised[operation]
    return changed


@bare_kernel
def _lower_ends(windows: Windows, first: int, beyond: int) -> int:
    node, row, start, end = windows.node, windows.row, windows.start, windows.end
    for at in range(first + 1, beyond):
        moved, free = row[at], at
        while free > first and end[row[free - 1]] < end[moved]:
            row[free] = row[free - 1]
            free -= 1
        row[free] = moved
    changed = 0
    for at in range(first, beyond):
        operation = row[at]
        free = end[operation]
        latest_start = end[operation] - node[operation, TICKS]
        until = 2**62
        for other_at in range(first, beyond):
            other = row[other_at]
            if start[other] + node[other, TICKS] > latest_start and other != operation:
                until = min(until, end[other]) - node[other, TICKS]
        windows.raised[operation] = min(free, until)
    for at in range(first, beyond):
        operation = row[at]
        changed += windows.raised[operation] != end[operation]
        end[operation] = windows.raised[operation]
    return changed
