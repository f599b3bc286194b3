"""Tables that a line and a board are kept in, and their columns.

They are plain numbers because kernels take them in at compile time.
"""

OP_MODE_AT, OP_EARLIEST, OP_LATEST, OP_FLOOR, OP_FIXED, OP_RUN = 0, 1, 2, 3, 4, 5
OP_AFTER_AT, OP_BEFORE_AT, OP_UNIT, OP_OLD_MODE, OP_OLD_START, OP_DUE = 6, 7, 8, 9, 10, 11
OP_PRICE = 12
OP_COLUMNS = 13
"""`OP`, a row per operation and one more that ends the last rows of modes and lags:
first mode; earliest start; latest end; earliest setup; decided start or -1; run; first lag to a
later operation; first lag from an earlier one; unit; published mode (`UNPUBLISHED` for none, -1 for
one that is gone); published start; latest start that keeps the run on time by work alone; price
of a move."""

MODE_MACHINE, MODE_STARTS, MODE_STATE, MODE_TICKS, MODE_DRAW_AT = 0, 1, 2, 3, 4
MODE_COLUMNS = 5
"""`MODE`: machine; table of starts; state or -1; work; first draw."""

DRAW_PROFILE, DRAW_NEEDED, DRAW_TAKEN = 0, 1, 2
DRAW_COLUMNS = 3
"""`DRAW`: profile; units that must be free; units taken."""

MACHINE_SETUP_AT, MACHINE_STATES, MACHINE_INITIAL, MACHINE_POOL, MACHINE_UNITS = 0, 1, 2, 3, 4
MACHINE_WINDOW_AT, MACHINE_WINDOW_END = 5, 6
MACHINE_COLUMNS = 7
"""`MACHINE`: offset of its matrix in `SETUP` or -1; states; state at tick 0 or -1; profile of the
pool that setups draw on or -1; units drawn; first and last window of setups, -1 for none."""

SETUP_TICKS, SETUP_COST = 0, 1
SETUP_COLUMNS = 2
"""`SETUP`, a row per pair of states."""

LAG_OTHER, LAG_MINIMUM, LAG_MAXIMUM = 0, 1, 2
LAG_COLUMNS = 3
"""`AFTER` and `BEFORE`; no maximum is `FOREVER`."""

RUN_AT, RUN_DUE, RUN_WEIGHT = 0, 1, 2
RUN_COLUMNS = 3
"""`RUN`: first operation; due tick or `FOREVER`; weight."""

UNIT_AT, UNIT_FOLLOWER_AT, UNIT_WAITS, UNIT_DECIDED = 0, 1, 2, 3
UNIT_COLUMNS = 4
"""`UNIT`: first member; first follower; units it follows; whether a member's start is
decided."""

AT_MODE, AT_SETUP_START, AT_SETUP_TICKS, AT_SETUP_COST, AT_START, AT_END = 0, 1, 2, 3, 4, 5
AT_COLUMNS = 6
"""`AT`, a row per operation; the mode counts through all modes, -1 where it is not placed."""

SLOT_MODE, SLOT_START, SLOT_END, SLOT_POSITION = 0, 1, 2, 3
SLOT_SETUP_START, SLOT_SETUP_TICKS, SLOT_SETUP_COST = 4, 5, 6
SLOT_RESET, SLOT_RESET_START, SLOT_RESET_TICKS, SLOT_RESET_COST = 7, 8, 9, 10
SLOT_COLUMNS = 11
"""`SLOT`: a place; `SLOT_RESET` is the operation whose setup it changes or -1."""

STEP_KIND, STEP_OPERATION, STEP_MODE, STEP_START, STEP_END = 0, 1, 2, 3, 4
STEP_SETUP_START, STEP_SETUP_TICKS, STEP_SETUP_COST = 5, 6, 7
STEP_COLUMNS = 8
"""`JOURNAL`: what was done, and what it takes to undo it."""
PLACED, LIFTED, SET_UP = 0, 1, 2
"""Kinds of steps."""

TARDINESS, TARDY_RUNS, MAKESPAN, SETUP_TIME, SETUP_PRICE, MOVED, CHANGED = 0, 1, 2, 3, 4, 5, 6
GOALS = 7
"""`GOAL` and the columns of `LEVEL`: the goals as they stand."""

COUNT_JOURNAL, COUNT_TOUCHED, COUNT_PENDING, COUNT_HEAP, COUNT_DIRTY, COUNT_PUSHES = (
    0,
    1,
    2,
    3,
    4,
    5,
)
COUNTS = 6
"""`COUNT`: lengths of the lists of a board."""

FOREVER = 2**40
UNPUBLISHED = -2

OP, MODE, DRAW, MACHINE, SETUP, AFTER, BEFORE, RUN, UNIT = 0, 1, 2, 3, 4, 5, 6, 7, 8
STARTS_AT, LOW, HIGH, SIZE, LAST_END, WINDOW_START, WINDOW_END = 9, 10, 11, 12, 13, 14, 15
MEMBER, FOLLOWER, LINE_AT, STEP_AT, LEVEL, DECIDED = 16, 17, 18, 19, 20, 21
FIRST_TICK, FIRST_FREE, FIRST_COUNT = 22, 23, 24
"""Tables of a line, besides those above: pieces of starts by table of starts; open windows of
setups; operations and followers of units; first place of each machine in the sequences and of each
profile in the steps; weights of goals per level; decided operations; the steps of profiles that
nothing draws on."""

AT, SLOT, JOURNAL, GOAL, COUNT, RANDOM = 0, 1, 2, 3, 4, 5
LINE_OP, LINE_START, LINE_END, LINE_COUNT = 6, 7, 8, 9
STEP_TICK, STEP_FREE, STEP_COUNT = 10, 11, 12
RUN_END, TOUCHED, IS_TOUCHED, DIRTY, IS_DIRTY = 13, 14, 15, 16, 17
WAITS, PENDING, IS_PENDING, WAS, KEY, HEAP = 18, 19, 20, 21, 22, 23
START_FLOOR, END_FLOOR, BARRED, SIZES = 24, 25, 26, 27
"""Tables of a board, besides those above: sequence of each machine; free units of each profile;
end of each run as last counted; runs to count again; operations changed since the best plan was
noted; per unit, those it follows that are not placed; units taken off, in order; whether a unit is;
its start before; what decides the order of placing; units that can be placed next; floors of
members that come too early; modes that a unit may not use; `SIZES_...`."""
LAST, BEST = 0, 1
"""Rows of `SLOT`."""
SIZES_OPERATIONS, SIZES_RUNS, SIZES_UNITS, SIZES_MACHINES, SIZES_JOURNAL, SIZES_LEVELS = (
    0,
    1,
    2,
    3,
    4,
    5,
)
RUN_KEY, SCRATCH = 28, 29
"""More tables of a board: what decides the order of runs in a recreation; anything for a moment."""

VALUE, BEST_VALUE, BEST_AT, TRY = 30, 31, 32, 33
"""Tables of the annealing: the objective as it stands and at its best; the best places; `TRY_...`.
"""
TRY_RUN, TRY_IMPROVED, TRY_ACCEPTED, TRY_FAILED, TRY_RISES, TRY_RISE = 0, 1, 2, 3, 4, 5
TRIES = 6
"""The run that the current step is about; counts of steps that gave a better plan, were kept,
found no room or raised the cost; and the sum of those rises."""
