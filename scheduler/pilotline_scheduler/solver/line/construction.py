"""Builds a whole plan by a dispatching rule, some units at a time."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    COUNT,
    COUNT_JOURNAL,
    COUNT_PENDING,
    DECIDED,
    IS_PENDING,
    PENDING,
    SIZES,
    SIZES_UNITS,
)
from pilotline_scheduler.solver.line.recreate import place_next, queue_ready
from pilotline_scheduler.solver.line.tables import Ints, item, set_item
from pilotline_scheduler.solver.line.units import place_decided


@bare_kernel
def begin(line: Ints, board: Ints, decided: int) -> int:
    """Place what is decided on an empty board and queue the rest by the keys it has.

    Args:
        line: what is given.
        board: an empty board.
        decided: number of operations with a decided start.

    Returns:
        -1, or a decided operation that finds no room.
    """
    for place in range(decided):
        operation = item(line, DECIDED, place)
        if not place_decided(line, board, operation):
            return operation
    for unit in range(item(board, SIZES, SIZES_UNITS)):
        set_item(board, IS_PENDING, unit, 1)
        set_item(board, PENDING, unit, unit)
    set_item(board, COUNT, COUNT_PENDING, item(board, SIZES, SIZES_UNITS))
    queue_ready(line, board, 0)
    return -1


@bare_kernel
def go_on(line: Ints, board: Ints, most: int, setup_bias: int) -> int:
    """Place up to `most` units; return how many were tried: fewer mean that it is done.

    Units that find no room, and all that follow them, stay pending.
    """
    for tried in range(most):
        set_item(board, COUNT, COUNT_JOURNAL, 0)
        if place_next(line, board, setup_bias) == 0:
            return tried
    return most
