"""Makes the arrays of a line from an instance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pilotline_scheduler.problem import Interval
from pilotline_scheduler.solver.instance import Instance, LagData, Starts
from pilotline_scheduler.solver.line.fields import (
    AFTER,
    BEFORE,
    DECIDED,
    DRAW,
    DRAW_COLUMNS,
    DRAW_PROFILE,
    DRAW_TAKEN,
    FOLLOWER,
    FOREVER,
    GOALS,
    HIGH,
    LAG_COLUMNS,
    LAST_END,
    LEVEL,
    LINE_AT,
    LOW,
    MACHINE,
    MACHINE_COLUMNS,
    MACHINE_POOL,
    MEMBER,
    MODE,
    MODE_COLUMNS,
    MODE_DRAW_AT,
    MODE_MACHINE,
    MODE_STATE,
    OP,
    OP_AFTER_AT,
    OP_BEFORE_AT,
    OP_COLUMNS,
    OP_DUE,
    OP_EARLIEST,
    OP_FIXED,
    OP_FLOOR,
    OP_LATEST,
    OP_MODE_AT,
    OP_OLD_MODE,
    OP_OLD_START,
    OP_PRICE,
    OP_RUN,
    OP_UNIT,
    RUN,
    RUN_AT,
    RUN_COLUMNS,
    RUN_DUE,
    RUN_WEIGHT,
    SETUP,
    SETUP_COLUMNS,
    SIZE,
    STARTS_AT,
    STEP_AT,
    UNIT,
    UNIT_AT,
    UNIT_COLUMNS,
    UNIT_DECIDED,
    UNIT_FOLLOWER_AT,
    UNIT_WAITS,
    UNPUBLISHED,
    WINDOW_END,
    WINDOW_START,
)
from pilotline_scheduler.solver.line.goals import COLUMN_OF
from pilotline_scheduler.solver.line.tables import Ints, pack
from pilotline_scheduler.solver.seed.rules import start_dues
from pilotline_scheduler.solver.seed.units import Units, units

_SPARE_STEPS = 1000
"""Room for steps of busy profiles that change nothing any more, so that they are seldom tidied."""


@dataclass(frozen=True, slots=True)
class Line:
    """An instance in arrays.

    Attributes:
        data: the tables named in `fields`, for kernels.
        operations, modes, runs, units, machines, levels, decided: how many there are.
        room: places in the sequences of all machines.
        waits: per unit, those it follows.
        representatives: first member of each unit.
        first_tick, first_free, first_count: steps of profiles that nothing draws on.
    """

    data: Ints
    operations: int
    modes: int
    runs: int
    units: int
    machines: int
    levels: int
    decided: int
    room: int
    waits: Ints
    representatives: Ints
    first_tick: Ints
    first_free: Ints
    first_count: Ints


def line_of(instance: Instance) -> Line:
    """Return an instance in arrays; all its goals must be in `COLUMN_OF`."""
    tied = units(instance)
    tables = _given(instance, tied)
    first_count = _ints([len(steps) for steps in instance.profiles])
    step_at, first_tick, first_free = _steps(instance, tables)
    tables[STEP_AT] = step_at
    return Line(
        data=pack(tables),
        operations=len(instance.names),
        modes=len(tables[MODE]) - 1,
        runs=len(instance.runs),
        units=len(tied.members),
        machines=len(instance.machines),
        levels=len(instance.levels),
        decided=len(tables[DECIDED]),
        room=int(tables[LINE_AT][-1]),
        waits=_ints(tied.waits_for),
        representatives=_ints([members[0] for members in tied.members]),
        first_tick=first_tick,
        first_free=first_free,
        first_count=first_count,
    )


def _given(instance: Instance, tied: Units) -> dict[int, Ints]:
    starts, table_of = _starts(instance)
    modes = [mode for each in instance.modes for mode in each]
    rows = (
        (each.machine, table_of[id(each.starts)], each.state, each.ticks, len(each.draws))
        for each in modes
    )
    mode = _table(rows, MODE_COLUMNS)
    mode[:, MODE_DRAW_AT] = _offsets(mode[:-1, MODE_DRAW_AT])
    machine, setup, windows = _machines(instance)
    after_at, after = _lags(instance.successors)
    before_at, before = _lags(instance.predecessors)
    decided = [operation for operation, start in enumerate(instance.fixed) if start >= 0]
    return {
        OP: _operations(instance, tied, after_at, before_at),
        MODE: mode,
        DRAW: _table((draw for each in modes for draw in each.draws), DRAW_COLUMNS),
        MACHINE: machine,
        SETUP: setup,
        AFTER: after,
        BEFORE: before,
        RUN: _runs(instance),
        UNIT: _units(instance, tied),
        STARTS_AT: _offsets([len(each.low) for each in starts]),
        LOW: _flat(each.low for each in starts),
        HIGH: _flat(each.high for each in starts),
        SIZE: _flat(each.size for each in starts),
        LAST_END: _flat(each.last_end for each in starts),
        WINDOW_START: _flat([each.start for each in opened] for opened in windows),
        WINDOW_END: _flat([each.end for each in opened] for opened in windows),
        MEMBER: _flat(tied.members),
        FOLLOWER: _flat(tied.followers),
        LINE_AT: _offsets(np.bincount(mode[:-1, MODE_MACHINE], minlength=len(machine))),
        LEVEL: _levels(instance),
        DECIDED: _ints(sorted(decided, key=lambda operation: instance.fixed[operation])),
    }


def _ints(values: object) -> Ints:
    return np.asarray(values, dtype=np.int64)


def _flat(rows: Iterable[Sequence[int]]) -> Ints:
    return _ints([value for row in rows for value in row])


def _offsets(counts: Sequence[int] | Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(_ints(counts), dtype=np.int64)])


def _table(rows: Iterable[Sequence[int]], columns: int) -> Ints:
    """Return rows with an empty one after them."""
    values = np.fromiter((value for row in rows for value in row), np.int64)
    table = np.zeros((len(values) // columns + 1, columns), np.int64)
    table[:-1] = values.reshape(-1, columns)
    return table


def _starts(instance: Instance) -> tuple[list[Starts], dict[int, int]]:
    """Return the different tables of starts, and where each is by its identity."""
    tables: dict[int, Starts] = {}
    for modes in instance.modes:
        for mode in modes:
            tables.setdefault(id(mode.starts), mode.starts)
    return list(tables.values()), {key: index for index, key in enumerate(tables)}


def _operations(instance: Instance, tied: Units, after_at: Ints, before_at: Ints) -> Ints:
    count = len(instance.names)
    op = np.zeros((count + 1, OP_COLUMNS), np.int64)
    op[:, OP_MODE_AT] = _offsets([len(modes) for modes in instance.modes])
    op[:, OP_AFTER_AT], op[:, OP_BEFORE_AT] = after_at, before_at
    previous = [(UNPUBLISHED, 0) if each is None else each for each in instance.previous]
    columns = {
        OP_EARLIEST: instance.earliest,
        OP_LATEST: instance.latest,
        OP_FLOOR: instance.setup_floor,
        OP_FIXED: instance.fixed,
        OP_RUN: instance.run_of,
        OP_UNIT: tied.of,
        OP_OLD_MODE: [mode for mode, _ in previous],
        OP_OLD_START: [start for _, start in previous],
        OP_DUE: start_dues(instance),
        OP_PRICE: instance.move_prices or [1] * count,
    }
    for column, values in columns.items():
        op[:count, column] = values
    return op


def _machines(instance: Instance) -> tuple[Ints, Ints, list[tuple[Interval, ...]]]:
    """Return the machines, their matrices, and the windows of setups that several share."""
    rows: list[tuple[int, ...]] = []
    pairs: list[tuple[int, int]] = []
    windows: dict[int, tuple[int, tuple[Interval, ...]]] = {}
    used = 0
    matrices: dict[int, int] = {}
    for machine in instance.machines:
        changeover = machine.changeover
        if changeover is None:
            rows.append((-1, 0, -1, -1, 0, -1, -1))
            continue
        if id(changeover.ticks) not in matrices:
            matrices[id(changeover.ticks)] = len(pairs)
            for ticks, cost in zip(changeover.ticks, changeover.cost, strict=True):
                pairs.extend(zip(ticks, cost, strict=True))
        first = end = -1
        if changeover.windows is not None:
            key = id(changeover.windows)
            if key not in windows:
                windows[key] = (used, changeover.windows)
                used += len(changeover.windows)
            first = windows[key][0]
            end = first + len(changeover.windows)
        at, states = matrices[id(changeover.ticks)], len(changeover.ticks)
        rows.append((at, states, machine.initial, changeover.pool, changeover.units, first, end))
    opened = [each for _, each in windows.values()]
    return _table(rows, MACHINE_COLUMNS)[:-1], _table(pairs, SETUP_COLUMNS), opened


def _lags(rows: Sequence[Sequence[LagData]]) -> tuple[Ints, Ints]:
    flat = (
        (lag.other, lag.minimum, FOREVER if lag.maximum is None else lag.maximum)
        for row in rows
        for lag in row
    )
    return _offsets([len(row) for row in rows]), _table(flat, LAG_COLUMNS)


def _runs(instance: Instance) -> Ints:
    run = np.zeros((len(instance.runs) + 1, RUN_COLUMNS), np.int64)
    run[:, RUN_AT] = _offsets([len(each.operations) for each in instance.runs])
    run[:-1, RUN_DUE] = [FOREVER if each.due is None else each.due for each in instance.runs]
    run[:-1, RUN_WEIGHT] = [each.weight for each in instance.runs]
    return run


def _units(instance: Instance, tied: Units) -> Ints:
    unit = np.zeros((len(tied.members) + 1, UNIT_COLUMNS), np.int64)
    unit[:, UNIT_AT] = _offsets([len(each) for each in tied.members])
    unit[:, UNIT_FOLLOWER_AT] = _offsets([len(each) for each in tied.followers])
    unit[:-1, UNIT_WAITS] = tied.waits_for
    unit[:-1, UNIT_DECIDED] = [
        any(instance.fixed[operation] >= 0 for operation in each) for each in tied.members
    ]
    return unit


def _steps(instance: Instance, tables: Mapping[int, Ints]) -> tuple[Ints, Ints, Ints]:
    """Return the profiles, each with room for every start and end that may draw on it."""
    mode, draw, machine = tables[MODE][:-1], tables[DRAW][:-1], tables[MACHINE]
    count = len(instance.profiles)
    pools = machine[mode[mode[:, MODE_STATE] >= 0, MODE_MACHINE], MACHINE_POOL]
    takers = np.bincount(draw[draw[:, DRAW_TAKEN] > 0, DRAW_PROFILE], minlength=count)
    takers = takers + np.bincount(pools[pools >= 0], minlength=count)
    profiles = instance.profiles
    at = _offsets(
        [
            len(steps) + 2 * int(each) + (_SPARE_STEPS if each >= _SPARE_STEPS else 2)
            for steps, each in zip(profiles, takers, strict=True)
        ]
    )
    tick, free = np.zeros(at[-1], np.int64), np.zeros(at[-1], np.int64)
    for first, steps in zip(at[:-1], profiles, strict=True):
        tick[first : first + len(steps)] = [each for each, _ in steps]
        free[first : first + len(steps)] = [units for _, units in steps]
    return at, tick, free


def _levels(instance: Instance) -> Ints:
    level = np.zeros((len(instance.levels), GOALS), np.int64)
    for index, each in enumerate(instance.levels):
        for goal, weight in each.weights.items():
            level[index, COLUMN_OF[goal]] += weight
    return level
