"""A plan under construction, with the lists a search over it needs; kernels write on it."""

from dataclasses import dataclass

import numpy as np

from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.line.build import Line
from pilotline_scheduler.solver.line.cost import count_goals, note_best
from pilotline_scheduler.solver.line.fields import (
    AT,
    AT_COLUMNS,
    AT_END,
    AT_MODE,
    AT_SETUP_START,
    AT_START,
    BARRED,
    BEST_AT,
    BEST_VALUE,
    COUNT,
    COUNTS,
    DIRTY,
    END_FLOOR,
    GOAL,
    GOALS,
    HEAP,
    IS_DIRTY,
    IS_PENDING,
    IS_TOUCHED,
    JOURNAL,
    KEY,
    LINE_COUNT,
    LINE_END,
    LINE_OP,
    LINE_START,
    OP,
    OP_MODE_AT,
    PENDING,
    RANDOM,
    RUN_END,
    RUN_KEY,
    SCRATCH,
    SIZES,
    SLOT,
    SLOT_COLUMNS,
    START_FLOOR,
    STEP_COLUMNS,
    STEP_COUNT,
    STEP_FREE,
    STEP_TICK,
    TOUCHED,
    TRIES,
    TRY,
    VALUE,
    WAITS,
    WAS,
)
from pilotline_scheduler.solver.line.filling import fill
from pilotline_scheduler.solver.line.tables import Ints, pack, view

_SPARE_STEPS = 4096
"""Steps a journal holds beyond one rebuild of everything."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board of a line.

    Attributes:
        line: what is planned.
        data: the tables, for kernels.
        at: place of each operation.
        goal: value of each goal.
        key: per unit, what decides the order of placing.
        is_pending: per unit, whether it is not placed.
        value, best_value: the objective as it stands, and at its best since the last `load`.
        best_at: the best places.
        tries: counts of steps.
    """

    line: Line
    data: Ints
    at: Ints
    goal: Ints
    key: Ints
    is_pending: Ints
    value: Ints
    best_value: Ints
    best_at: Ints
    tries: Ints

    @classmethod
    def of(cls, line: Line, seed: int) -> "Board":
        """Return a board with nothing placed."""
        data = pack(_tables(line, seed))
        return cls(
            line,
            data,
            at=view(data, AT, line.operations),
            goal=view(data, GOAL, GOALS),
            key=view(data, KEY, line.units),
            is_pending=view(data, IS_PENDING, line.units),
            value=view(data, VALUE, line.levels),
            best_value=view(data, BEST_VALUE, line.levels),
            best_at=view(data, BEST_AT, line.operations),
            tries=view(data, TRY, TRIES),
        )

    def clear(self) -> None:
        """Take everything off at once; random numbers go on."""
        number = int(view(self.data, RANDOM, 1)[0])
        self.data[:] = pack(_tables(self.line, number))

    def schedule(self) -> Schedule:
        """Return a complete plan in the solver's words."""
        return schedule_of(self.line, self.at)

    def load(self, schedule: Schedule) -> None:
        """Put a complete plan on the board in place of what is there."""
        self.load_places(places_of(self.line, schedule))

    def load_places(self, at: Ints) -> None:
        """Put places of all operations on the board; lengths of setups are found anew."""
        self.clear()
        order = np.lexsort((at[:, AT_END], at[:, AT_START]))
        fill(self.line.data, self.data, at, order)
        count_goals(self.line.data, self.data)
        note_best(self.data)


def schedule_of(line: Line, at: Ints) -> Schedule:
    """Return places of all operations as a plan in the solver's words."""
    mode = at[:, AT_MODE] - view(line.data, OP, line.operations)[:, OP_MODE_AT]
    return Schedule(
        tuple(mode.tolist()),
        tuple(at[:, AT_SETUP_START].tolist()),
        tuple(at[:, AT_START].tolist()),
        tuple(at[:, AT_END].tolist()),
    )


def places_of(line: Line, schedule: Schedule) -> Ints:
    """Return a plan as rows of `AT`; lengths and costs of setups are left out."""
    at = np.zeros((line.operations, AT_COLUMNS), np.int64)
    at[:, AT_MODE] = view(line.data, OP, line.operations)[:, OP_MODE_AT] + schedule.mode
    at[:, AT_SETUP_START] = schedule.setup_start
    at[:, AT_START] = schedule.start
    at[:, AT_END] = schedule.end
    return at


def _tables(line: Line, seed: int) -> dict[int, Ints]:
    operations, runs, units = line.operations, line.runs, line.units
    at = np.zeros((operations, AT_COLUMNS), np.int64)
    at[:, AT_MODE] = -1
    journal = 3 * operations + _SPARE_STEPS
    sizes = (operations, runs, units, line.machines, journal, line.levels)
    lengths = {
        GOAL: GOALS,
        COUNT: COUNTS,
        LINE_OP: line.room,
        LINE_START: line.room,
        LINE_END: line.room,
        LINE_COUNT: line.machines,
        RUN_END: runs,
        TOUCHED: runs,
        IS_TOUCHED: runs,
        DIRTY: operations,
        IS_DIRTY: operations,
        PENDING: units,
        IS_PENDING: units,
        WAS: units,
        KEY: units,
        HEAP: units,
        START_FLOOR: operations,
        END_FLOOR: operations,
        BARRED: line.modes,
        RUN_KEY: runs,
        VALUE: line.levels,
        BEST_VALUE: line.levels,
        TRY: TRIES,
        SCRATCH: max(units, line.machines),
    }
    found: dict[int, Ints] = {
        table: np.zeros(length, np.int64) for table, length in lengths.items()
    }
    found |= {
        AT: at,
        BEST_AT: at,
        SLOT: np.zeros((2, SLOT_COLUMNS), np.int64),
        JOURNAL: np.zeros((journal, STEP_COLUMNS), np.int64),
        RANDOM: np.array([seed], np.int64),
        STEP_TICK: line.first_tick,
        STEP_FREE: line.first_free,
        STEP_COUNT: line.first_count,
        WAITS: line.waits,
        SIZES: np.array(sizes, np.int64),
    }
    return found
