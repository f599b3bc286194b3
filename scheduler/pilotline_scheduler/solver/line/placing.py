"""Puts operations on a board and takes them off, with undo."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AT,
    AT_END,
    AT_MODE,
    AT_SETUP_COST,
    AT_SETUP_START,
    AT_SETUP_TICKS,
    AT_START,
    CHANGED,
    COUNT,
    COUNT_DIRTY,
    COUNT_JOURNAL,
    COUNT_TOUCHED,
    DIRTY,
    DRAW,
    DRAW_PROFILE,
    DRAW_TAKEN,
    GOAL,
    IS_DIRTY,
    IS_TOUCHED,
    JOURNAL,
    LAST,
    LIFTED,
    LINE_AT,
    LINE_COUNT,
    LINE_END,
    LINE_OP,
    LINE_START,
    MACHINE,
    MACHINE_POOL,
    MACHINE_SETUP_AT,
    MACHINE_UNITS,
    MODE,
    MODE_DRAW_AT,
    MODE_MACHINE,
    MODE_STATE,
    MOVED,
    OP,
    OP_MODE_AT,
    OP_OLD_MODE,
    OP_OLD_START,
    OP_PRICE,
    OP_RUN,
    PLACED,
    SET_UP,
    SETUP_PRICE,
    SETUP_TIME,
    SLOT,
    SLOT_END,
    SLOT_MODE,
    SLOT_POSITION,
    SLOT_RESET,
    SLOT_RESET_COST,
    SLOT_RESET_START,
    SLOT_RESET_TICKS,
    SLOT_SETUP_COST,
    SLOT_SETUP_START,
    SLOT_SETUP_TICKS,
    SLOT_START,
    STEP_END,
    STEP_KIND,
    STEP_MODE,
    STEP_OPERATION,
    STEP_SETUP_COST,
    STEP_SETUP_START,
    STEP_SETUP_TICKS,
    STEP_START,
    TOUCHED,
    UNPUBLISHED,
)
from pilotline_scheduler.solver.line.profiles import take
from pilotline_scheduler.solver.line.slots import next_with_state, reset, state_before
from pilotline_scheduler.solver.line.tables import Ints, above, add, get, item, put, set_item, slide


@bare_kernel
def place(line: Ints, board: Ints, operation: int, slot: int) -> None:
    """Put an operation in a place just found for it."""
    _note(board, PLACED, operation)
    _insert(
        line,
        board,
        operation,
        get(board, SLOT, slot, SLOT_MODE),
        get(board, SLOT, slot, SLOT_START),
        get(board, SLOT, slot, SLOT_END),
        get(board, SLOT, slot, SLOT_POSITION),
    )
    set_up(
        line,
        board,
        operation,
        get(board, SLOT, slot, SLOT_SETUP_START),
        get(board, SLOT, slot, SLOT_SETUP_TICKS),
        get(board, SLOT, slot, SLOT_SETUP_COST),
    )
    if get(board, SLOT, slot, SLOT_RESET) >= 0:
        _change_setup(
            line,
            board,
            get(board, SLOT, slot, SLOT_RESET),
            get(board, SLOT, slot, SLOT_RESET_START),
            get(board, SLOT, slot, SLOT_RESET_TICKS),
            get(board, SLOT, slot, SLOT_RESET_COST),
        )


@bare_kernel
def lift(line: Ints, board: Ints, operation: int) -> int:
    """Take an operation off.

    Returns:
        -1; or the operation after it, where that one's setup would no longer fit: then nothing is
        done.
    """
    mode = get(board, AT, operation, AT_MODE)
    machine = get(line, MODE, mode, MODE_MACHINE)
    if (
        get(line, MACHINE, machine, MACHINE_SETUP_AT) >= 0
        and get(line, MODE, mode, MODE_STATE) >= 0
    ):
        position = position_of(line, board, operation)
        after = next_with_state(line, board, machine, position + 1)
        if after >= 0:
            return _lift_before(line, board, operation, machine, position, after)
    _note(board, LIFTED, operation)
    _remove(line, board, operation)
    return -1


@bare_kernel
def _lift_before(
    line: Ints, board: Ints, operation: int, machine: int, position: int, after: int
) -> int:
    """Take an operation off whose state another one's setup begins from."""
    left = state_before(line, board, machine, position)
    begin = item(line, LINE_AT, machine)
    before = after - 1 if after > position + 1 else position - 1
    base = item(board, LINE_END, before) if before >= begin else 0
    other = item(board, LINE_OP, after)
    _note(board, LIFTED, operation)
    _remove(line, board, operation)
    if reset(line, board, machine, after - 1, left, base, LAST):
        _change_setup(
            line,
            board,
            other,
            get(board, SLOT, LAST, SLOT_RESET_START),
            get(board, SLOT, LAST, SLOT_RESET_TICKS),
            get(board, SLOT, LAST, SLOT_RESET_COST),
        )
        return -1
    undo(line, board, item(board, COUNT, COUNT_JOURNAL) - 1)
    return other


@bare_kernel
def undo(line: Ints, board: Ints, length: int) -> None:
    """Take steps back until the journal has a length again."""
    while item(board, COUNT, COUNT_JOURNAL) > length:
        add(board, COUNT, COUNT_JOURNAL, -1)
        step = item(board, COUNT, COUNT_JOURNAL)
        operation = get(board, JOURNAL, step, STEP_OPERATION)
        if get(board, JOURNAL, step, STEP_KIND) == PLACED:
            _remove(line, board, operation)
            continue
        if get(board, JOURNAL, step, STEP_KIND) == LIFTED:
            restore(
                line,
                board,
                operation,
                get(board, JOURNAL, step, STEP_MODE),
                get(board, JOURNAL, step, STEP_START),
                get(board, JOURNAL, step, STEP_END),
            )
        set_up(
            line,
            board,
            operation,
            get(board, JOURNAL, step, STEP_SETUP_START),
            get(board, JOURNAL, step, STEP_SETUP_TICKS),
            get(board, JOURNAL, step, STEP_SETUP_COST),
        )


@bare_kernel
def restore(line: Ints, board: Ints, operation: int, mode: int, start: int, end: int) -> None:
    """Put an operation at known times, without its setup."""
    machine = get(line, MODE, mode, MODE_MACHINE)
    begin = item(line, LINE_AT, machine)
    position = above(board, LINE_END, begin, begin + item(board, LINE_COUNT, machine), start)
    _insert(line, board, operation, mode, start, end, position)


@bare_kernel
def position_of(line: Ints, board: Ints, operation: int) -> int:
    """Return the position of a placed operation in its machine's sequence."""
    machine = get(line, MODE, get(board, AT, operation, AT_MODE), MODE_MACHINE)
    begin = item(line, LINE_AT, machine)
    stop = begin + item(board, LINE_COUNT, machine)
    position = above(board, LINE_END, begin, stop, get(board, AT, operation, AT_START) - 1)
    while item(board, LINE_OP, position) != operation:
        position += 1
    return position


@bare_kernel
def _change_setup(
    line: Ints, board: Ints, operation: int, start: int, ticks: int, cost: int
) -> None:
    _note(board, SET_UP, operation)
    set_up(line, board, operation, start, ticks, cost)


@bare_kernel
def _note(board: Ints, kind: int, operation: int) -> None:
    step = item(board, COUNT, COUNT_JOURNAL)
    add(board, COUNT, COUNT_JOURNAL, 1)
    put(board, JOURNAL, step, STEP_KIND, kind)
    put(board, JOURNAL, step, STEP_OPERATION, operation)
    put(board, JOURNAL, step, STEP_MODE, get(board, AT, operation, AT_MODE))
    put(board, JOURNAL, step, STEP_START, get(board, AT, operation, AT_START))
    put(board, JOURNAL, step, STEP_END, get(board, AT, operation, AT_END))
    put(board, JOURNAL, step, STEP_SETUP_START, get(board, AT, operation, AT_SETUP_START))
    put(board, JOURNAL, step, STEP_SETUP_TICKS, get(board, AT, operation, AT_SETUP_TICKS))
    put(board, JOURNAL, step, STEP_SETUP_COST, get(board, AT, operation, AT_SETUP_COST))


@bare_kernel
def set_up(line: Ints, board: Ints, operation: int, start: int, ticks: int, cost: int) -> None:
    """Exchange the setup of a placed operation."""
    machine = get(line, MODE, get(board, AT, operation, AT_MODE), MODE_MACHINE)
    pool = get(line, MACHINE, machine, MACHINE_POOL)
    old = get(board, AT, operation, AT_SETUP_START)
    old_ticks = get(board, AT, operation, AT_SETUP_TICKS)
    if pool >= 0 and (old != start or old_ticks != ticks):
        units = get(line, MACHINE, machine, MACHINE_UNITS)
        if old_ticks > 0:
            take(line, board, pool, old, old + old_ticks, -units)
        if ticks > 0:
            take(line, board, pool, start, start + ticks, units)
    add(board, GOAL, SETUP_TIME, ticks - old_ticks)
    add(board, GOAL, SETUP_PRICE, cost - get(board, AT, operation, AT_SETUP_COST))
    put(board, AT, operation, AT_SETUP_START, start)
    put(board, AT, operation, AT_SETUP_TICKS, ticks)
    put(board, AT, operation, AT_SETUP_COST, cost)
    _mark(line, board, operation)


@bare_kernel
def _insert(
    line: Ints, board: Ints, operation: int, mode: int, start: int, end: int, position: int
) -> None:
    machine = get(line, MODE, mode, MODE_MACHINE)
    stop = item(line, LINE_AT, machine) + item(board, LINE_COUNT, machine)
    for column in (LINE_OP, LINE_START, LINE_END):
        slide(board, column, position, stop, 1)
    set_item(board, LINE_OP, position, operation)
    set_item(board, LINE_START, position, start)
    set_item(board, LINE_END, position, end)
    add(board, LINE_COUNT, machine, 1)
    put(board, AT, operation, AT_MODE, mode)
    put(board, AT, operation, AT_START, start)
    put(board, AT, operation, AT_END, end)
    put(board, AT, operation, AT_SETUP_START, start)
    put(board, AT, operation, AT_SETUP_TICKS, 0)
    put(board, AT, operation, AT_SETUP_COST, 0)
    _draw_all(line, board, mode, start, end, 1)
    _count_published(line, board, operation, 1)
    _mark(line, board, operation)


@bare_kernel
def _remove(line: Ints, board: Ints, operation: int) -> None:
    set_up(line, board, operation, get(board, AT, operation, AT_START), 0, 0)
    mode = get(board, AT, operation, AT_MODE)
    machine = get(line, MODE, mode, MODE_MACHINE)
    stop = item(line, LINE_AT, machine) + item(board, LINE_COUNT, machine)
    position = position_of(line, board, operation)
    for column in (LINE_OP, LINE_START, LINE_END):
        slide(board, column, position + 1, stop, -1)
    add(board, LINE_COUNT, machine, -1)
    start, end = get(board, AT, operation, AT_START), get(board, AT, operation, AT_END)
    _draw_all(line, board, mode, start, end, -1)
    _count_published(line, board, operation, -1)
    put(board, AT, operation, AT_MODE, -1)


@bare_kernel
def _draw_all(line: Ints, board: Ints, mode: int, start: int, end: int, sign: int) -> None:
    for draw in range(get(line, MODE, mode, MODE_DRAW_AT), get(line, MODE, mode + 1, MODE_DRAW_AT)):
        taken = get(line, DRAW, draw, DRAW_TAKEN)
        if taken > 0:
            take(line, board, get(line, DRAW, draw, DRAW_PROFILE), start, end, sign * taken)


@bare_kernel
def _count_published(line: Ints, board: Ints, operation: int, sign: int) -> None:
    """Count how far an operation is from where it was published, or no longer (sign -1)."""
    old = get(line, OP, operation, OP_OLD_MODE)
    if old == UNPUBLISHED:
        return
    moved = abs(get(board, AT, operation, AT_START) - get(line, OP, operation, OP_OLD_START))
    price = sign * get(line, OP, operation, OP_PRICE)
    add(board, GOAL, MOVED, price * moved)
    if old < 0 or get(board, AT, operation, AT_MODE) != get(line, OP, operation, OP_MODE_AT) + old:
        add(board, GOAL, CHANGED, price)


@bare_kernel
def _mark(line: Ints, board: Ints, operation: int) -> None:
    """Note that an operation changed, and that its run's end must be counted again."""
    run = get(line, OP, operation, OP_RUN)
    if item(board, IS_TOUCHED, run) == 0:
        set_item(board, IS_TOUCHED, run, 1)
        set_item(board, TOUCHED, item(board, COUNT, COUNT_TOUCHED), run)
        add(board, COUNT, COUNT_TOUCHED, 1)
    if item(board, IS_DIRTY, operation) == 0:
        set_item(board, IS_DIRTY, operation, 1)
        set_item(board, DIRTY, item(board, COUNT, COUNT_DIRTY), operation)
        add(board, COUNT, COUNT_DIRTY, 1)
