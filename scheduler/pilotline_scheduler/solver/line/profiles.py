"""Free units over time of a pool, or of a walled client in a hall, in sorted steps.

A profile lies in ``[STEP_AT, STEP_AT + STEP_COUNT)`` of two tables of the board: ticks, and the
units that are free from each of them on.
"""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import STEP_AT, STEP_COUNT, STEP_FREE, STEP_TICK
from pilotline_scheduler.solver.line.tables import (
    Ints,
    above,
    add,
    item,
    not_below,
    set_item,
    slide,
)


@bare_kernel
def first_fit(line: Ints, board: Ints, profile: int, tick: int, size: int, units: int) -> int:
    """Return the first start from a tick with `units` free for `size` ticks, or -1."""
    at = item(line, STEP_AT, profile)
    stop = at + item(board, STEP_COUNT, profile)
    index = above(board, STEP_TICK, at, stop, tick) - 1
    start = tick
    while True:
        while item(board, STEP_FREE, index) < units:
            index += 1
            if index == stop:
                return -1
            start = item(board, STEP_TICK, index)
        end = start + size
        while item(board, STEP_FREE, index) >= units:
            index += 1
            if index == stop or item(board, STEP_TICK, index) >= end:
                return start


@bare_kernel
def first_fit_without(
    line: Ints,
    board: Ints,
    profile: int,
    tick: int,
    size: int,
    units: int,
    own_start: int,
    own_end: int,
) -> int:
    """Return the first fit if `units` held from `own_start` to `own_end` were given back.

    A step that reaches beyond that span counts as it is: a little is lost where others begin just
    as it ends, nothing is ever promised twice.
    """
    if own_start == own_end:
        return first_fit(line, board, profile, tick, size, units)
    at = item(line, STEP_AT, profile)
    stop = at + item(board, STEP_COUNT, profile)
    index = above(board, STEP_TICK, at, stop, tick) - 1
    start = tick
    while True:
        while _free_without(board, index, stop, own_start, own_end, units) < units:
            index += 1
            if index == stop:
                return -1
            start = item(board, STEP_TICK, index)
        end = start + size
        while _free_without(board, index, stop, own_start, own_end, units) >= units:
            index += 1
            if index == stop or item(board, STEP_TICK, index) >= end:
                return start


@bare_kernel
def _free_without(
    board: Ints, index: int, stop: int, own_start: int, own_end: int, units: int
) -> int:
    free = item(board, STEP_FREE, index)
    if (
        item(board, STEP_TICK, index) >= own_start
        and index + 1 < stop
        and item(board, STEP_TICK, index + 1) <= own_end
    ):
        free += units
    return free


_LIVELY = 2000
"""Steps from which a profile keeps those that no longer change anything: moving the others up and
down costs more than passing over a few, and most are soon used again."""


@bare_kernel
def take(line: Ints, board: Ints, profile: int, start: int, end: int, units: int) -> None:
    """Draw units for ``[start, end)``; negative units give them back."""
    room = item(line, STEP_AT, profile + 1) - item(line, STEP_AT, profile)
    if item(board, STEP_COUNT, profile) + 2 > room:
        _tidy(line, board, profile)
    first = _split(line, board, profile, start)
    last = _split(line, board, profile, end)
    for index in range(first, last):
        add(board, STEP_FREE, index, -units)
    if item(board, STEP_COUNT, profile) < _LIVELY:
        _join(line, board, profile, last)
        _join(line, board, profile, first)


@bare_kernel
def _tidy(line: Ints, board: Ints, profile: int) -> None:
    """Drop all steps that change nothing."""
    at = item(line, STEP_AT, profile)
    kept = at + 1
    for index in range(at + 1, at + item(board, STEP_COUNT, profile)):
        if item(board, STEP_FREE, index) != item(board, STEP_FREE, kept - 1):
            set_item(board, STEP_TICK, kept, item(board, STEP_TICK, index))
            set_item(board, STEP_FREE, kept, item(board, STEP_FREE, index))
            kept += 1
    set_item(board, STEP_COUNT, profile, kept - at)


@bare_kernel
def _split(line: Ints, board: Ints, profile: int, tick: int) -> int:
    at = item(line, STEP_AT, profile)
    stop = at + item(board, STEP_COUNT, profile)
    index = not_below(board, STEP_TICK, at, stop, tick)
    if index == stop or item(board, STEP_TICK, index) != tick:
        slide(board, STEP_TICK, index, stop, 1)
        slide(board, STEP_FREE, index, stop, 1)
        set_item(board, STEP_TICK, index, tick)
        set_item(board, STEP_FREE, index, item(board, STEP_FREE, index - 1))
        add(board, STEP_COUNT, profile, 1)
    return index


@bare_kernel
def _join(line: Ints, board: Ints, profile: int, index: int) -> None:
    at = item(line, STEP_AT, profile)
    if index > at and item(board, STEP_FREE, index) == item(board, STEP_FREE, index - 1):
        stop = at + item(board, STEP_COUNT, profile)
        slide(board, STEP_TICK, index + 1, stop, -1)
        slide(board, STEP_FREE, index + 1, stop, -1)
        add(board, STEP_COUNT, profile, -1)
