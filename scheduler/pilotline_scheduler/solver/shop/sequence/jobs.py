"""A job shop in arrays: chains of operations, each with one machine and one duration."""

from dataclasses import dataclass

import numpy as np

from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.node import (
    AFTER,
    BEFORE,
    COLUMNS,
    HEAD,
    LEFT,
    RIGHT,
    TICKS,
    WAIT,
)
from pilotline_scheduler.solver.shop.shop import Shop


@dataclass(frozen=True, slots=True, eq=False)
class Jobs:
    """A job shop.

    Attributes:
        node: a row per operation, see `node`; HEAD and TAIL are those of the chains alone.
        machine: of each operation.
        machines: how many there are.
        run_of: run of each operation.
        ends: last operation of each run.
        due, weight: of each run.
        tardiness: whether weighted tardiness is minimised; otherwise the makespan.
    """

    node: Ints
    machine: Ints
    machines: int
    run_of: Ints
    ends: Ints
    due: Ints
    weight: Ints
    tardiness: bool


def jobs_of(shop: Shop) -> Jobs | None:
    """Return a shop as a job shop, or None where it has choices, setups, branches or milestones."""
    if not _is_job_shop(shop):
        return None
    count = shop.operations
    before, wait_before = _only(shop.before_at, shop.before, shop.before_lag)
    after, wait = _only(shop.after_at, shop.after, shop.after_lag)
    ticks = shop.mode_ticks
    free = np.concatenate([shop.earliest + ticks, [0]])
    follows = before < count
    by_chain = free[before] + wait_before
    if (shop.earliest[follows] > by_chain[follows]).any():
        return None
    if shop.tardiness and (np.bincount(shop.run_of[~follows], minlength=shop.runs) != 1).any():
        return None
    late = np.flatnonzero(~follows & (shop.earliest > 0))
    node = np.zeros((count + 1 + len(late), COLUMNS), np.int64)
    node[:, [BEFORE, AFTER, LEFT, RIGHT]] = count
    node[:count, TICKS], node[:count, WAIT] = ticks, wait
    node[:count, BEFORE], node[:count, AFTER] = before, after
    node[:count, HEAD] = shop.earliest
    node[late, BEFORE] = np.arange(count + 1, len(node))
    node[count + 1 :, HEAD] = shop.earliest[late]
    ends = np.zeros(shop.runs, np.int64)
    last = np.flatnonzero(after == count)
    ends[shop.run_of[last]] = last
    return Jobs(
        node=node,
        machine=shop.mode_machine,
        machines=shop.machines,
        run_of=shop.run_of,
        ends=ends,
        due=shop.due,
        weight=shop.weight,
        tardiness=shop.tardiness,
    )


def _is_job_shop(shop: Shop) -> bool:
    return bool(
        shop.operations > 0
        and len(shop.mode_machine) == shop.operations
        and (shop.mode_ticks > 0).all()
        and (shop.mode_state < 0).all()
        and (np.diff(shop.before_at) <= 1).all()
        and (np.diff(shop.after_at) <= 1).all()
    )


def _only(at: Ints, other: Ints, lag: Ints) -> tuple[Ints, Ints]:
    """Return the neighbour and the lag of each operation, or the row for none and 0."""
    count = len(at) - 1
    has = np.diff(at) == 1
    neighbour, wait = np.full(count, count, np.int64), np.zeros(count, np.int64)
    neighbour[has], wait[has] = other[at[:-1][has]], lag[at[:-1][has]]
    return neighbour, wait
