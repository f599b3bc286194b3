"""Takes units off a board and places them again, cheapest first."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AFTER,
    AT,
    AT_END,
    AT_MODE,
    AT_START,
    COUNT,
    COUNT_HEAP,
    COUNT_JOURNAL,
    COUNT_PENDING,
    FOLLOWER,
    FOREVER,
    HEAP,
    IS_PENDING,
    KEY,
    LAG_MINIMUM,
    LAG_OTHER,
    MEMBER,
    OP,
    OP_AFTER_AT,
    OP_UNIT,
    PENDING,
    SIZES,
    SIZES_JOURNAL,
    SIZES_UNITS,
    UNIT,
    UNIT_AT,
    UNIT_DECIDED,
    UNIT_FOLLOWER_AT,
    WAITS,
    WAS,
)
from pilotline_scheduler.solver.line.placing import lift, undo
from pilotline_scheduler.solver.line.tables import Ints, add, get, item, set_item
from pilotline_scheduler.solver.line.units import place_unit

_OUT, _NEXT = 1, 2
"""A pending unit, and one that is in the heap of those that can be placed next."""


_STEPS_PER_MEMBER = 4


@bare_kernel
def take_out(line: Ints, board: Ints, unit: int) -> bool:
    """Note that a unit is to be taken off; return False where it is decided or the list is full."""
    if item(board, IS_PENDING, unit) != 0:
        return True
    if get(line, UNIT, unit, UNIT_DECIDED) != 0 or item(board, COUNT, COUNT_PENDING) == item(
        board, SIZES, SIZES_UNITS
    ):
        return False
    set_item(board, IS_PENDING, unit, _OUT)
    set_item(board, PENDING, item(board, COUNT, COUNT_PENDING), unit)
    add(board, COUNT, COUNT_PENDING, 1)
    set_item(board, WAS, unit, FOREVER)
    for index in range(get(line, UNIT, unit, UNIT_AT), get(line, UNIT, unit + 1, UNIT_AT)):
        operation = item(line, MEMBER, index)
        if get(board, AT, operation, AT_MODE) >= 0:
            set_item(
                board, WAS, unit, min(item(board, WAS, unit), get(board, AT, operation, AT_START))
            )
    for index in range(
        get(line, UNIT, unit, UNIT_FOLLOWER_AT), get(line, UNIT, unit + 1, UNIT_FOLLOWER_AT)
    ):
        set_item(
            board,
            WAITS,
            item(line, FOLLOWER, index),
            item(board, WAITS, item(line, FOLLOWER, index)) + 1,
        )
    return True


@bare_kernel
def lift_pending(line: Ints, board: Ints, first: int) -> bool:
    """Take off all pending units from a place in the list on.

    A setup that would no longer fit once the operation before it is gone makes its operation
    pending as well.

    Returns:
        Whether all could be taken off.
    """
    index = first
    while index < item(board, COUNT, COUNT_PENDING):
        unit = item(board, PENDING, index)
        for member in range(get(line, UNIT, unit, UNIT_AT), get(line, UNIT, unit + 1, UNIT_AT)):
            if not _lift(line, board, item(line, MEMBER, member)):
                return False
        index += 1
    return True


@bare_kernel
def _lift(line: Ints, board: Ints, operation: int) -> bool:
    current = operation
    while get(board, AT, operation, AT_MODE) >= 0:
        if item(board, COUNT, COUNT_JOURNAL) + 8 > item(board, SIZES, SIZES_JOURNAL):
            return False
        blocked = lift(line, board, current)
        if blocked < 0:
            current = operation
        else:
            current = blocked
            if not take_out(line, board, get(line, OP, blocked, OP_UNIT)):
                return False
    return True


@bare_kernel
def queue_ready(line: Ints, board: Ints, first: int) -> None:
    """Queue all pending units, from a place in the list on, that wait for nothing."""
    for index in range(first, item(board, COUNT, COUNT_PENDING)):
        unit = item(board, PENDING, index)
        if item(board, WAITS, unit) == 0 and item(board, IS_PENDING, unit) == _OUT:
            _push(board, unit)


@bare_kernel
def place_next(line: Ints, board: Ints, setup_bias: int) -> int:
    """Place the cheapest unit of those that can be placed.

    What follows it and would start too early becomes pending.

    Returns:
        1 if it was placed, 0 if none is left, -1 if there was no room: then it stays pending and
        nothing is done.
    """
    unit = _pop(board)
    while unit >= 0 and item(board, WAITS, unit) > 0:
        set_item(board, IS_PENDING, unit, _OUT)
        unit = _pop(board)
    if unit < 0:
        return 0
    length = item(board, COUNT, COUNT_JOURNAL)
    steps = _STEPS_PER_MEMBER * (
        get(line, UNIT, unit + 1, UNIT_AT) - get(line, UNIT, unit, UNIT_AT)
    )
    if length + steps > item(board, SIZES, SIZES_JOURNAL) or not place_unit(
        line, board, unit, setup_bias
    ):
        undo(line, board, length)
        set_item(board, IS_PENDING, unit, _OUT)
        return -1
    set_item(board, IS_PENDING, unit, 0)
    for index in range(
        get(line, UNIT, unit, UNIT_FOLLOWER_AT), get(line, UNIT, unit + 1, UNIT_FOLLOWER_AT)
    ):
        set_item(
            board,
            WAITS,
            item(line, FOLLOWER, index),
            item(board, WAITS, item(line, FOLLOWER, index)) - 1,
        )
    if not _eject(line, board, unit):
        return -1
    for index in range(
        get(line, UNIT, unit, UNIT_FOLLOWER_AT), get(line, UNIT, unit + 1, UNIT_FOLLOWER_AT)
    ):
        follower = item(line, FOLLOWER, index)
        if item(board, WAITS, follower) == 0 and item(board, IS_PENDING, follower) == _OUT:
            _push(board, follower)
    return 1


@bare_kernel
def _eject(line: Ints, board: Ints, unit: int) -> bool:
    """Take off units that start too early after one just placed."""
    first = item(board, COUNT, COUNT_PENDING)
    for index in range(get(line, UNIT, unit, UNIT_AT), get(line, UNIT, unit + 1, UNIT_AT)):
        operation = item(line, MEMBER, index)
        end = get(board, AT, operation, AT_END)
        for lag in range(
            get(line, OP, operation, OP_AFTER_AT), get(line, OP, operation + 1, OP_AFTER_AT)
        ):
            other = get(line, AFTER, lag, LAG_OTHER)
            early = get(board, AT, other, AT_START) < end + get(line, AFTER, lag, LAG_MINIMUM)
            if get(board, AT, other, AT_MODE) >= 0 and early:
                follower = get(line, OP, other, OP_UNIT)
                if follower == unit or not take_out(line, board, follower):
                    return False
                set_item(board, KEY, follower, item(board, WAS, follower))
    if item(board, COUNT, COUNT_PENDING) == first:
        return True
    if not lift_pending(line, board, first):
        return False
    queue_ready(line, board, first)
    return True


@bare_kernel
def give_up(line: Ints, board: Ints, length: int) -> None:
    """Undo all since the journal had a length, and forget what is pending."""
    undo(line, board, length)
    for index in range(item(board, COUNT, COUNT_PENDING)):
        unit = item(board, PENDING, index)
        if item(board, IS_PENDING, unit) != 0:
            set_item(board, IS_PENDING, unit, 0)
            first, end = (
                get(line, UNIT, unit, UNIT_FOLLOWER_AT),
                get(line, UNIT, unit + 1, UNIT_FOLLOWER_AT),
            )
            for place in range(first, end):
                set_item(
                    board,
                    WAITS,
                    item(line, FOLLOWER, place),
                    item(board, WAITS, item(line, FOLLOWER, place)) - 1,
                )
    set_item(board, COUNT, COUNT_PENDING, 0)
    set_item(board, COUNT, COUNT_HEAP, 0)


@bare_kernel
def _push(board: Ints, unit: int) -> None:
    set_item(board, IS_PENDING, unit, _NEXT)
    child = item(board, COUNT, COUNT_HEAP)
    add(board, COUNT, COUNT_HEAP, 1)
    key = item(board, KEY, unit)
    while child > 0:
        parent = item(board, HEAP, (child - 1) >> 1)
        if item(board, KEY, parent) <= key:
            break
        set_item(board, HEAP, child, parent)
        child = (child - 1) >> 1
    set_item(board, HEAP, child, unit)


@bare_kernel
def _pop(board: Ints) -> int:
    """Return the cheapest unit, or -1."""
    if item(board, COUNT, COUNT_HEAP) == 0:
        return -1
    add(board, COUNT, COUNT_HEAP, -1)
    count = item(board, COUNT, COUNT_HEAP)
    first, last = item(board, HEAP, 0), item(board, HEAP, count)
    key = item(board, KEY, last)
    parent, child = 0, 1
    while child < count:
        if child + 1 < count and _key(board, child + 1) < _key(board, child):
            child += 1
        if _key(board, child) >= key:
            break
        set_item(board, HEAP, parent, item(board, HEAP, child))
        parent, child = child, 2 * child + 1
    set_item(board, HEAP, parent, last)
    return first


@bare_kernel
def _key(board: Ints, place: int) -> int:
    return item(board, KEY, item(board, HEAP, place))
