"""A shop in arrays: what is left of a problem where only machines and precedences matter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.instance.instance import ModeData

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shop:
    """Operations, modes and lags as compressed rows: row i is ``[at[i], at[i + 1])``.

    Attributes:
        operations, machines, runs: how many there are.
        mode_at: rows of modes per operation.
        mode_machine, mode_ticks, mode_state: of each mode; state -1 is any.
        after_at, after, after_lag: rows of successors, and least ``start(after) - end(before)``.
        before_at, before, before_lag: the same lags from the other side.
        earliest: release of each operation.
        run_of: run of each operation.
        due: per run; a number no plan reaches where there is none.
        weight: per run; 0 where nothing is due.
        setup_at: offset of each machine's changeover matrix in `setup`, or -1 for none.
        setup_states: number of states of each machine's matrix.
        setup: the matrices, row after row, one after another.
        initial: state of each machine at tick 0, or -1.
        tardiness: whether weighted tardiness is minimised; otherwise the makespan.
    """

    operations: int
    machines: int
    runs: int
    mode_at: Ints
    mode_machine: Ints
    mode_ticks: Ints
    mode_state: Ints
    after_at: Ints
    after: Ints
    after_lag: Ints
    before_at: Ints
    before: Ints
    before_lag: Ints
    earliest: Ints
    run_of: Ints
    due: Ints
    weight: Ints
    setup_at: Ints
    setup_states: Ints
    setup: Ints
    initial: Ints
    tardiness: bool


def shop_of(instance: Instance) -> Shop | None:
    """Return the instance as a shop, or None where it has rules that a shop does not know.

    A shop has machines that are always open, setups that need no pool and may run at any time,
    minimum lags of 0 or more, releases and due ticks; it has one goal, the makespan or the weighted
    tardiness.
    """
    goal = _goal(instance)
    if goal is None or not _plain(instance):
        return None
    flat = [mode for modes in instance.modes for mode in modes]
    matrices = [machine.changeover for machine in instance.machines]
    sizes = [0 if each is None else len(each.ticks) for each in matrices]
    offsets = np.cumsum([0, *(size * size for size in sizes)])[:-1]
    setup = [ticks for each in matrices if each is not None for row in each.ticks for ticks in row]
    after_at, after, after_lag = _rows(instance, forward=True)
    before_at, before, before_lag = _rows(instance, forward=False)
    return Shop(
        operations=len(instance.names),
        machines=len(instance.machines),
        runs=len(instance.runs),
        mode_at=_ints(np.cumsum([0, *map(len, instance.modes)])),
        mode_machine=_ints([mode.machine for mode in flat]),
        mode_ticks=_ints([mode.ticks for mode in flat]),
        mode_state=_ints([mode.state for mode in flat]),
        after_at=after_at,
        after=after,
        after_lag=after_lag,
        before_at=before_at,
        before=before,
        before_lag=before_lag,
        earliest=_ints(instance.earliest),
        run_of=_ints(instance.run_of),
        due=_ints([2**40 if run.due is None else run.due for run in instance.runs]),
        weight=_ints([0 if run.due is None else run.weight for run in instance.runs]),
        setup_at=_ints([at if size else -1 for at, size in zip(offsets, sizes, strict=True)]),
        setup_states=_ints(sizes),
        setup=_ints(setup),
        initial=_ints([machine.initial for machine in instance.machines]),
        tardiness=goal is Goal.WEIGHTED_TARDINESS,
    )


def _ints(values: object) -> Ints:
    return np.asarray(values, dtype=np.int64)


def _goal(instance: Instance) -> Goal | None:
    if len(instance.levels) != 1 or len(instance.levels[0].weights) != 1:
        return None
    goal = next(iter(instance.levels[0].weights))
    return goal if goal in (Goal.MAKESPAN, Goal.WEIGHTED_TARDINESS) else None


def _plain(instance: Instance) -> bool:
    lags = (lag for row in instance.successors for lag in row)
    return (
        not instance.problem.running
        and not any(start >= 0 for start in instance.fixed)
        and not any(instance.setup_floor)
        and all(run.deadline is None for run in instance.problem.runs)
        and all(lag.maximum is None and lag.minimum >= 0 for lag in lags)
        and all(
            each.changeover is None
            or (each.changeover.pool < 0 and each.changeover.windows is None)
            for each in instance.machines
        )
        and all(_unbound(mode) for modes in instance.modes for mode in modes)
    )


def _unbound(mode: ModeData) -> bool:
    """Return whether a mode may start at any tick and needs nothing but its machine for itself."""
    alone = not mode.draws and mode.family < 0
    return alone and mode.starts.low == (0,) and mode.starts.size == (mode.ticks,)


def _rows(instance: Instance, *, forward: bool) -> tuple[Ints, Ints, Ints]:
    rows = instance.successors if forward else instance.predecessors
    return (
        _ints(np.cumsum([0, *map(len, rows)])),
        _ints([lag.other for row in rows for lag in row]),
        _ints([lag.minimum for row in rows for lag in row]),
    )
