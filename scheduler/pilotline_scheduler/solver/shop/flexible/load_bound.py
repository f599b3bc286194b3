"""A lower bound on the makespan: the work that only a group of machines can do, spread evenly.

For any weights of the machines, the most loaded one has at least their weighted mean of loads, and
that is least where every operation goes to the machine on which its weighted duration is least.
Weights that make this bound high are found by multiplicative updates (Arora, Hazan & Kale 2012);
the bound holds for whichever are found. Ahead of and behind the group's work lies at least the
shortest head and tail among its operations.
"""

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.solver.shop.shop import Ints, Shop

_MOST_GROUPS = 50
_ROUNDS = 60
_LEARNING = 2.0
_UNITS = 1_000_000
"""Weights are whole numbers of about this sum, so that rounding proves nothing false."""


def load_bound(shop: Shop, order: Ints) -> int:
    """Return the highest bound of groups of machines; each operation's machines are one.

    Args:
        shop: the shop.
        order: its operations in topological order.
    """
    owner = np.repeat(np.arange(shop.operations), np.diff(shop.mode_at))
    able = np.zeros((shop.operations, shop.machines), dtype=bool)
    able[owner, shop.mode_machine] = True
    groups, sizes = np.unique(able, axis=0, return_counts=True)
    groups = groups[np.argsort(-sizes)[: _MOST_GROUPS - 1]]
    heads, tails = _heads_and_tails(shop, order)
    best = 0
    for group in [*groups, np.ones(shop.machines, dtype=bool)]:
        inside = ~np.any(able & ~group, axis=1)
        modes = np.flatnonzero(inside[owner])
        work = _least_load(owner[modes], shop.mode_machine[modes], shop.mode_ticks[modes], group)
        best = max(best, int(heads[inside].min()) + work + int(tails[inside].min()))
    return best


def _heads_and_tails(shop: Shop, order: Ints) -> tuple[Ints, Ints]:
    """Return the least time before and after each operation."""
    ticks = np.minimum.reduceat(shop.mode_ticks, shop.mode_at[:-1])
    heads, tails = shop.earliest.copy(), np.zeros(shop.operations, dtype=np.int64)
    for each in order.tolist():
        for arc in range(shop.after_at[each], shop.after_at[each + 1]):
            after = shop.after[arc]
            heads[after] = max(heads[after], heads[each] + ticks[each] + shop.after_lag[arc])
    for each in order[::-1].tolist():
        for arc in range(shop.after_at[each], shop.after_at[each + 1]):
            after = shop.after[arc]
            tails[each] = max(tails[each], shop.after_lag[arc] + ticks[after] + tails[after])
    return heads, tails


def _least_load(owner: Ints, machine: Ints, ticks: Ints, group: NDArray[np.bool_]) -> int:
    """Return a lower bound on the load of the most loaded machine of a group."""
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    share = np.where(group, 1.0 / group.sum(), 0.0)
    best = 0
    for attempt in range(_ROUNDS):
        weight = np.rint(share * _UNITS).astype(np.int64)
        cost = weight[machine] * ticks
        least = np.minimum.reduceat(cost, first)
        best = max(best, -(-int(least.sum()) // int(weight.sum())))
        chosen = cost == np.repeat(least, np.diff(np.append(first, len(owner))))
        ties = np.repeat(np.add.reduceat(chosen, first), np.diff(np.append(first, len(owner))))
        load = np.bincount(machine, weights=ticks * chosen / ties, minlength=len(group))
        step = _LEARNING / (1 + attempt) ** 0.7
        share = share * np.exp(step * (load / max(load.max(), 1.0) - 1.0))
        share /= share.sum()
    return best
