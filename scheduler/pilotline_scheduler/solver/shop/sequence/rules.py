"""Urgencies for dispatching: which of the operations that wait is started first."""

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.node import AFTER, TICKS, WAIT

Floats = NDArray[np.float64]

_FAR = 2**39
"""Due ticks from here on are none."""
_LEAST_WEIGHT = 1e-3


def work_left(jobs: Jobs) -> Ints:
    """Return the least time from the start of each operation to the end of its chain."""
    node, count = jobs.node, len(jobs.machine)
    left = np.zeros(len(node), np.int64)
    before = np.full(len(node), count, np.int64)
    has = np.flatnonzero(node[:count, AFTER] != count)
    before[node[has, AFTER]] = has
    layer = np.flatnonzero(node[:count, AFTER] == count)
    while len(layer):
        left[layer] = node[layer, TICKS] + node[layer, WAIT] + left[node[layer, AFTER]]
        layer = before[layer]
        layer = layer[layer < count]
    return left[:count]


def plain_rules(jobs: Jobs) -> list[tuple[str, Floats]]:
    """Return the rules without chance: urgency of all operations, least first, by name."""
    left = work_left(jobs).astype(float)
    if not jobs.tardiness:
        ticks = jobs.node[: len(left), TICKS].astype(float)
        return [("most-work", -left), ("most-work-behind", ticks - left)]
    due, weight = _dues(jobs)
    return [
        ("least-slack", due - left),
        ("earliest-due", due),
        ("weighted-work", left / weight),
    ]


def mixed_rule(jobs: Jobs, random: np.random.Generator) -> Floats:
    """Return urgencies by chance, around a rule that is drawn too."""
    left = work_left(jobs).astype(float)
    spread = random.uniform(0.0, 1.0)
    chance = random.uniform(1 - spread, 1 + spread, len(left))
    if not jobs.tardiness:
        return -left * chance
    due, weight = _dues(jobs)
    return np.asarray((due - left) * chance / weight ** random.uniform(0.0, 1.0))


def _dues(jobs: Jobs) -> tuple[Floats, Floats]:
    due = np.minimum(jobs.due, _FAR)[jobs.run_of].astype(float)
    weight = np.where(jobs.due < _FAR, jobs.weight, 0)[jobs.run_of]
    return due, np.maximum(weight, _LEAST_WEIGHT)
