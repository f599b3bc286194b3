"""Counts what a complete board is worth."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AT,
    AT_COLUMNS,
    AT_END,
    AT_MODE,
    BEST_AT,
    BEST_VALUE,
    COUNT,
    COUNT_DIRTY,
    COUNT_TOUCHED,
    DIRTY,
    GOAL,
    GOALS,
    IS_DIRTY,
    IS_TOUCHED,
    LEVEL,
    LINE_AT,
    LINE_COUNT,
    LINE_END,
    MAKESPAN,
    RUN,
    RUN_AT,
    RUN_DUE,
    RUN_END,
    RUN_WEIGHT,
    SIZES,
    SIZES_LEVELS,
    SIZES_MACHINES,
    TARDINESS,
    TARDY_RUNS,
    TOUCHED,
    VALUE,
)
from pilotline_scheduler.solver.line.tables import Ints, add, get, item, put, set_item


@bare_kernel
def count_goals(line: Ints, board: Ints) -> None:
    """Bring `GOAL` and `VALUE` up to date after runs were touched."""
    for place in range(item(board, COUNT, COUNT_TOUCHED)):
        run = item(board, TOUCHED, place)
        set_item(board, IS_TOUCHED, run, 0)
        _count_run(line, board, run)
    set_item(board, COUNT, COUNT_TOUCHED, 0)
    last = 0
    for machine in range(item(board, SIZES, SIZES_MACHINES)):
        count = item(board, LINE_COUNT, machine)
        if count > 0:
            last = max(last, item(board, LINE_END, item(line, LINE_AT, machine) + count - 1))
    set_item(board, GOAL, MAKESPAN, last)
    for level in range(item(board, SIZES, SIZES_LEVELS)):
        value = 0
        for goal in range(GOALS):
            value += get(line, LEVEL, level, goal) * item(board, GOAL, goal)
        set_item(board, VALUE, level, value)


@bare_kernel
def _count_run(line: Ints, board: Ints, run: int) -> None:
    end = 0
    for operation in range(get(line, RUN, run, RUN_AT), get(line, RUN, run + 1, RUN_AT)):
        if get(board, AT, operation, AT_MODE) >= 0:
            end = max(end, get(board, AT, operation, AT_END))
    due, weight = get(line, RUN, run, RUN_DUE), get(line, RUN, run, RUN_WEIGHT)
    before = item(board, RUN_END, run)
    add(board, GOAL, TARDINESS, weight * (max(end - due, 0) - max(before - due, 0)))
    if (end > due) != (before > due):
        add(board, GOAL, TARDY_RUNS, 1 if end > due else -1)
    set_item(board, RUN_END, run, end)


@bare_kernel
def is_better(board: Ints) -> bool:
    """Return whether the board is worth more than the best places."""
    for level in range(item(board, SIZES, SIZES_LEVELS)):
        value, best = item(board, VALUE, level), item(board, BEST_VALUE, level)
        if value != best:
            return value < best
    return False


@bare_kernel
def note_best(board: Ints) -> None:
    """Note the board as the best places."""
    for place in range(item(board, COUNT, COUNT_DIRTY)):
        operation = item(board, DIRTY, place)
        set_item(board, IS_DIRTY, operation, 0)
        for column in range(AT_COLUMNS):
            put(board, BEST_AT, operation, column, get(board, AT, operation, column))
    set_item(board, COUNT, COUNT_DIRTY, 0)
    for level in range(item(board, SIZES, SIZES_LEVELS)):
        set_item(board, BEST_VALUE, level, item(board, VALUE, level))
