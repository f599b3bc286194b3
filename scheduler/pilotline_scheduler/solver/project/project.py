"""A project in arrays: what is left of a problem where only pools and lags matter."""

from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance import Instance, Schedule
from pilotline_scheduler.solver.instance.instance import ModeData

Ints = NDArray[np.int64]

MOST_TICKS = 2**21
"""Longest timeline kept tick by tick."""
_WORD_BITS = 62


class Net(NamedTuple):
    """Activities, numbered so that each comes after all it waits for; pools packed into words.

    A word has a field for each of several pools, with a guard bit above it that is always set while
    units are free; one subtraction then tries all of them at once. Row i of `before` is
    ``[before_at[i], before_at[i + 1])``.

    Attributes:
        ticks: duration of each activity, in steps.
        earliest: release of each activity.
        before_at, before, before_wait: what each one waits for, and for how long from its start.
        after_at, after, after_wait: the same from the other side.
        rate: share of the pools drawn, in parts of a thousand, per activity.
        need: words of units drawn, per activity.
        guard: guard bits of each word.
        free: words of free units with their guard bits, per step.
    """

    ticks: Ints
    earliest: Ints
    before_at: Ints
    before: Ints
    before_wait: Ints
    after_at: Ints
    after: Ints
    after_wait: Ints
    rate: Ints
    need: Ints
    guard: Ints
    free: Ints


@dataclass(frozen=True, slots=True)
class Project:
    """A problem as activities on pools.

    Attributes:
        net: the arrays.
        operation: the operation that each activity is.
        step: ticks in a step of the arrays: all times of the problem are whole steps.
    """

    net: Net
    operation: tuple[int, ...]
    step: int

    def schedule(self, starts: Ints) -> Schedule:
        """Return the schedule with given starts, in steps, by activity."""
        count = len(self.operation)
        start, end = [0] * count, [0] * count
        for activity, operation in enumerate(self.operation):
            start[operation] = int(starts[activity]) * self.step
            end[operation] = start[operation] + int(self.net.ticks[activity]) * self.step
        return Schedule((0,) * count, tuple(start), tuple(start), tuple(end))

    def starts(self, schedule: Schedule) -> Ints:
        """Return the starts of a schedule, in steps, by activity.

        Starts between two steps are brought down to the one before, which keeps every rule.
        """
        return np.array([schedule.start[each] // self.step for each in self.operation], np.int64)


def project_of(instance: Instance) -> Project | None:
    """Return the instance as a project, or None where it has rules that a project does not know.

    A project has a machine for each operation, pools, minimum lags of 0 or more and releases; its
    goal is the makespan.
    """
    if not is_project(instance) or any(
        lag.maximum is not None or lag.minimum < 0 for row in instance.successors for lag in row
    ):
        return None
    order = _topological(instance)
    step = _step(instance)
    horizon = instance.horizon // step + 1
    if horizon > MOST_TICKS:
        return None
    need, guard, free = _packed(instance, order, step, horizon)
    before_at, before, before_wait = _rows(instance, order, step, forward=False)
    after_at, after, after_wait = _rows(instance, order, step, forward=True)
    net = Net(
        ticks=ints([instance.modes[each][0].ticks // step for each in order]),
        earliest=ints([instance.earliest[each] // step for each in order]),
        before_at=before_at,
        before=before,
        before_wait=before_wait,
        after_at=after_at,
        after=after,
        after_wait=after_wait,
        rate=ints([_rate(instance, each) for each in order]),
        need=need,
        guard=guard,
        free=free,
    )
    return Project(net, tuple(order), step)


def is_project(instance: Instance) -> bool:
    """Return whether a problem has nothing but pools and lags, and the makespan as its goal.

    Every operation has one mode on a machine of its own, and nothing is decided beforehand.
    """
    goals = [goal for level in instance.levels for goal in level.weights]
    machines = {mode.machine for modes in instance.modes for mode in modes}
    return (
        goals == [Goal.MAKESPAN]
        and not instance.extras
        and bool(instance.names)
        and instance.levels[0].weights[Goal.MAKESPAN] == 1
        and len(machines) == sum(map(len, instance.modes)) == len(instance.names)
        and len(instance.profiles) == instance.pools
        and not any(start >= 0 for start in instance.fixed)
        and all(instance.machines[machine].changeover is None for machine in machines)
        and all(run.deadline is None for run in instance.problem.runs)
        and all(_unbound(instance, mode) for modes in instance.modes for mode in modes)
    )


def ints(values: object) -> Ints:
    """Return values as the array that kernels take."""
    return np.asarray(values, dtype=np.int64)


def _unbound(instance: Instance, mode: ModeData) -> bool:
    """Return whether a mode may start at any tick, and its pools can lend its units for ever."""
    return (
        mode.starts.low == (0,)
        and mode.starts.size == (mode.ticks,)
        and all(units <= instance.profiles[pool][-1][1] for pool, units, _ in mode.draws)
    )


def _topological(instance: Instance) -> list[int]:
    waiting = [len(lags) for lags in instance.predecessors]
    order = [operation for operation, count in enumerate(waiting) if count == 0]
    for operation in order:
        for lag in instance.successors[operation]:
            waiting[lag.other] -= 1
            if waiting[lag.other] == 0:
                order.append(lag.other)
    return order


def _step(instance: Instance) -> int:
    """Return the greatest number of ticks of which all times are multiples."""
    return max(
        1,
        gcd(
            *(modes[0].ticks for modes in instance.modes),
            *(lag.minimum for lags in instance.successors for lag in lags),
            *(run.release for run in instance.problem.runs),
            instance.problem.frozen_until,
            *(tick for steps in instance.profiles for tick, _ in steps),
        ),
    )


def _rows(
    instance: Instance, order: list[int], step: int, *, forward: bool
) -> tuple[Ints, Ints, Ints]:
    place = {operation: activity for activity, operation in enumerate(order)}
    rows = instance.successors if forward else instance.predecessors
    at, others, waits = [0], [], []
    for operation in order:
        for lag in rows[operation]:
            ticks = instance.modes[operation if forward else lag.other][0].ticks
            others.append(place[lag.other])
            waits.append((ticks + lag.minimum) // step)
        at.append(len(others))
    return ints(at), ints(others), ints(waits)


def _rate(instance: Instance, operation: int) -> int:
    """Return the shares that an operation takes of the pools at their largest, in thousandths."""
    return sum(
        1000 * units // max(most for _, most in instance.profiles[pool])
        for pool, _, units in instance.modes[operation][0].draws
        if units
    )


def _packed(
    instance: Instance, order: list[int], step: int, horizon: int
) -> tuple[Ints, Ints, Ints]:
    """Return units drawn, guard bits and free units in words."""
    fields, words = _fields(instance)
    need = np.zeros((len(order), words), np.int64)
    for activity, operation in enumerate(order):
        for pool, _, units in instance.modes[operation][0].draws:
            word, shift, _ = fields[pool]
            need[activity, word] += units << shift
    guard = np.zeros(words, np.int64)
    free = np.zeros((horizon, words), np.int64)
    for (word, shift, bits), levels in zip(fields, instance.profiles, strict=True):
        guard[word] |= 1 << (shift + bits)
        for (tick, units), (after, _) in pairwise([*levels, (horizon * step, 0)]):
            free[tick // step : after // step, word] += units << shift
    return need, guard, free | guard


def _fields(instance: Instance) -> tuple[list[tuple[int, int, int]], int]:
    """Return ``(word, shift, bits)`` of each pool, and how many words there are."""
    fields: list[tuple[int, int, int]] = []
    word = shift = 0
    for levels in instance.profiles:
        bits = max(units for _, units in levels).bit_length()
        if shift + bits + 1 > _WORD_BITS:
            word, shift = word + 1, 0
        fields.append((word, shift, bits))
        shift += bits + 1
    return fields, word + 1
