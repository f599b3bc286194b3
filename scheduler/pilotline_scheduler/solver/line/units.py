"""Places units: operations that maximum lags tie together, mostly single ones."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AFTER,
    AT,
    AT_END,
    AT_MODE,
    AT_START,
    BARRED,
    BEFORE,
    BEST,
    COUNT,
    COUNT_JOURNAL,
    COUNT_PUSHES,
    END_FLOOR,
    FOREVER,
    LAG_MAXIMUM,
    LAG_MINIMUM,
    LAG_OTHER,
    LAST,
    MEMBER,
    MODE,
    MODE_MACHINE,
    OP,
    OP_AFTER_AT,
    OP_BEFORE_AT,
    OP_EARLIEST,
    OP_FIXED,
    OP_LATEST,
    OP_MODE_AT,
    OP_UNIT,
    SLOT,
    SLOT_COLUMNS,
    SLOT_END,
    SLOT_MODE,
    SLOT_SETUP_TICKS,
    SLOT_START,
    START_FLOOR,
    UNIT,
    UNIT_AT,
)
from pilotline_scheduler.solver.line.placing import place, undo
from pilotline_scheduler.solver.line.slots import find
from pilotline_scheduler.solver.line.tables import Ints, add, get, item, put, set_item

_PUSHES_PER_MEMBER = 40
"""How often the members of a unit may be pushed later before the unit is given up."""


@bare_kernel
def place_unit(line: Ints, board: Ints, unit: int, setup_bias: int) -> bool:
    """Place all members of a unit that are not placed; return whether there was room.

    Where there was none, some members may be placed: the caller undoes that.

    Args:
        line: what is given.
        board: what is placed.
        unit: the unit.
        setup_bias: ticks of later end accepted for a tick of setup saved by another mode.
    """
    first, end = get(line, UNIT, unit, UNIT_AT), get(line, UNIT, unit + 1, UNIT_AT)
    if end - first > 1:
        return _place_together(line, board, first, end, setup_bias)
    operation = item(line, MEMBER, first)
    if get(board, AT, operation, AT_MODE) >= 0:
        return True
    end_floor = item(board, END_FLOOR, operation)
    if not _best(line, board, operation, ready(line, board, operation), end_floor, setup_bias):
        return False
    place(line, board, operation, BEST)
    return True


@bare_kernel
def ready(line: Ints, board: Ints, operation: int) -> int:
    """Return the first tick that release and placed predecessors leave to an operation."""
    tick = get(line, OP, operation, OP_EARLIEST)
    for lag in range(
        get(line, OP, operation, OP_BEFORE_AT), get(line, OP, operation + 1, OP_BEFORE_AT)
    ):
        other = get(line, BEFORE, lag, LAG_OTHER)
        if get(board, AT, other, AT_MODE) >= 0:
            tick = max(tick, get(board, AT, other, AT_END) + get(line, BEFORE, lag, LAG_MINIMUM))
    return tick


@bare_kernel
def _best(
    line: Ints, board: Ints, operation: int, tick: int, end_floor: int, setup_bias: int
) -> bool:
    """Find the place with the earliest end over all modes, setups weighed in, in ``slot[1]``."""
    latest = _latest(line, board, operation)
    price = FOREVER
    for mode in range(
        get(line, OP, operation, OP_MODE_AT), get(line, OP, operation + 1, OP_MODE_AT)
    ):
        if item(board, BARRED, mode) != 0:
            continue
        if find(line, board, operation, mode, tick, end_floor, latest, LAST):
            asked = get(board, SLOT, LAST, SLOT_END) + setup_bias * get(
                board, SLOT, LAST, SLOT_SETUP_TICKS
            )
            if asked < price:
                price = asked
                latest = min(latest, price - 1)
                _keep(board)
    return price < FOREVER


@bare_kernel
def _keep(board: Ints) -> None:
    """Note the place found last as the best one."""
    for column in range(SLOT_COLUMNS):
        put(board, SLOT, BEST, column, get(board, SLOT, LAST, column))


@bare_kernel
def _latest(line: Ints, board: Ints, operation: int) -> int:
    """Return the latest end that its window and decided successors leave to an operation."""
    latest = get(line, OP, operation, OP_LATEST)
    for lag in range(
        get(line, OP, operation, OP_AFTER_AT), get(line, OP, operation + 1, OP_AFTER_AT)
    ):
        other = get(line, AFTER, lag, LAG_OTHER)
        if get(line, OP, other, OP_FIXED) >= 0:
            latest = min(
                latest, get(line, OP, other, OP_FIXED) - get(line, AFTER, lag, LAG_MINIMUM)
            )
    return latest


@bare_kernel
def place_decided(line: Ints, board: Ints, operation: int) -> bool:
    """Place an operation whose start is decided; return whether there was room."""
    start = get(line, OP, operation, OP_FIXED)
    end_floor = item(board, END_FLOOR, operation)
    found = False
    for mode in range(
        get(line, OP, operation, OP_MODE_AT), get(line, OP, operation + 1, OP_MODE_AT)
    ):
        if (
            find(
                line,
                board,
                operation,
                mode,
                start,
                end_floor,
                get(line, OP, operation, OP_LATEST),
                LAST,
            )
            and get(board, SLOT, LAST, SLOT_START) == start
            and (not found or get(board, SLOT, LAST, SLOT_END) < get(board, SLOT, BEST, SLOT_END))
        ):
            found = True
            _keep(board)
    if found:
        place(line, board, operation, BEST)
    return found


@bare_kernel
def _place_together(line: Ints, board: Ints, first: int, end: int, setup_bias: int) -> bool:
    """Place members one by one; one that comes too late pushes those before it later.

    Floors only rise, so it ends: with all placed, or with one that fits nowhere.
    """
    for index in range(first, end):
        set_item(board, START_FLOOR, item(line, MEMBER, index), 0)
        set_item(board, END_FLOOR, item(line, MEMBER, index), 0)
    set_item(board, COUNT, COUNT_PUSHES, _PUSHES_PER_MEMBER * (end - first))
    base = item(board, COUNT, COUNT_JOURNAL)
    index = first
    placed = True
    while placed and index < end:
        operation = item(line, MEMBER, index)
        if get(board, AT, operation, AT_MODE) >= 0:
            index += 1
        elif not _best(
            line,
            board,
            operation,
            max(ready(line, board, operation), item(board, START_FLOOR, operation)),
            _end_floor(line, board, operation),
            setup_bias,
        ):
            placed = False
        else:
            pushed = _pushed(line, board, operation)
            if pushed < 0:
                place(line, board, operation, BEST)
                index += 1
            elif _take_back(line, board, operation, pushed, base):
                while item(line, MEMBER, index) != pushed:
                    index -= 1
            else:
                placed = False
    _admit_all(line, board, first, end)
    return placed


@bare_kernel
def _end_floor(line: Ints, board: Ints, operation: int) -> int:
    floor = item(board, END_FLOOR, operation)
    for lag in range(
        get(line, OP, operation, OP_AFTER_AT), get(line, OP, operation + 1, OP_AFTER_AT)
    ):
        other = get(line, AFTER, lag, LAG_OTHER)
        if get(line, AFTER, lag, LAG_MAXIMUM) < FOREVER and get(board, AT, other, AT_MODE) >= 0:
            floor = max(floor, get(board, AT, other, AT_START) - get(line, AFTER, lag, LAG_MAXIMUM))
    return floor


@bare_kernel
def _pushed(line: Ints, board: Ints, operation: int) -> int:
    """Return a placed operation that must move later for ``slot[1]`` to hold, or -1."""
    for lag in range(
        get(line, OP, operation, OP_BEFORE_AT), get(line, OP, operation + 1, OP_BEFORE_AT)
    ):
        other = get(line, BEFORE, lag, LAG_OTHER)
        if get(line, BEFORE, lag, LAG_MAXIMUM) < FOREVER and get(board, AT, other, AT_MODE) >= 0:
            floor = get(board, SLOT, BEST, SLOT_START) - get(line, BEFORE, lag, LAG_MAXIMUM)
            if get(board, AT, other, AT_END) < floor:
                set_item(board, END_FLOOR, other, floor)
                return other
    return _pushed_after(line, board, operation)


@bare_kernel
def _pushed_after(line: Ints, board: Ints, operation: int) -> int:
    unit = get(line, OP, operation, OP_UNIT)
    for lag in range(
        get(line, OP, operation, OP_AFTER_AT), get(line, OP, operation + 1, OP_AFTER_AT)
    ):
        other = get(line, AFTER, lag, LAG_OTHER)
        if get(board, AT, other, AT_MODE) >= 0 and get(line, OP, other, OP_UNIT) == unit:
            floor = get(board, SLOT, BEST, SLOT_END) + get(line, AFTER, lag, LAG_MINIMUM)
            if get(board, AT, other, AT_START) < floor:
                set_item(board, START_FLOOR, other, floor)
                return other
    return -1


@bare_kernel
def _take_back(line: Ints, board: Ints, operation: int, pushed: int, base: int) -> bool:
    """Undo placings back to that of `pushed`; return whether it may be tried again."""
    add(board, COUNT, COUNT_PUSHES, -1)
    mode = get(board, AT, pushed, AT_MODE)
    if item(board, COUNT, COUNT_PUSHES) < 0 or get(line, OP, pushed, OP_FIXED) >= 0:
        return False
    same = get(line, MODE, mode, MODE_MACHINE) == get(
        line, MODE, get(board, SLOT, BEST, SLOT_MODE), MODE_MACHINE
    )
    others = 0
    for other in range(get(line, OP, pushed, OP_MODE_AT), get(line, OP, pushed + 1, OP_MODE_AT)):
        others += item(board, BARRED, other) == 0
    if same and others > 1:
        set_item(board, BARRED, mode, 1)
    while get(board, AT, pushed, AT_MODE) >= 0:
        if item(board, COUNT, COUNT_JOURNAL) == base:
            return False
        undo(line, board, item(board, COUNT, COUNT_JOURNAL) - 1)
    return True


@bare_kernel
def _admit_all(line: Ints, board: Ints, first: int, end: int) -> None:
    for index in range(first, end):
        operation = item(line, MEMBER, index)
        for mode in range(
            get(line, OP, operation, OP_MODE_AT), get(line, OP, operation + 1, OP_MODE_AT)
        ):
            set_item(board, BARRED, mode, 0)
