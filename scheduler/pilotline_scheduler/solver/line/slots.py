"""Finds the first place for an operation that keeps every rule with all that is placed.

The same places as `seed.board.Board.find`: an operation may go between two others; the setup of the
one after it then changes, and must still fit.
"""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AT,
    AT_MODE,
    AT_SETUP_START,
    AT_SETUP_TICKS,
    AT_START,
    DRAW,
    DRAW_NEEDED,
    DRAW_PROFILE,
    HIGH,
    LAST_END,
    LINE_AT,
    LINE_COUNT,
    LINE_END,
    LINE_OP,
    LINE_START,
    LOW,
    MACHINE,
    MACHINE_INITIAL,
    MACHINE_POOL,
    MACHINE_SETUP_AT,
    MACHINE_STATES,
    MACHINE_UNITS,
    MACHINE_WINDOW_AT,
    MACHINE_WINDOW_END,
    MODE,
    MODE_DRAW_AT,
    MODE_MACHINE,
    MODE_STARTS,
    MODE_STATE,
    MODE_TICKS,
    OP,
    OP_FLOOR,
    SETUP,
    SETUP_COST,
    SETUP_TICKS,
    SIZE,
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
    STARTS_AT,
    WINDOW_END,
    WINDOW_START,
)
from pilotline_scheduler.solver.line.profiles import first_fit, first_fit_without
from pilotline_scheduler.solver.line.tables import Ints, above, get, item, not_below, put

_NOWHERE = -1
_FOUND = -2


@bare_kernel
def find(
    line: Ints,
    board: Ints,
    operation: int,
    mode: int,
    tick: int,
    end_floor: int,
    latest: int,
    slot: int,
) -> bool:
    """Find the first place in a mode that starts at `tick`, ends at `end_floor` or later.

    Args:
        line: what is given.
        board: what is placed.
        operation: what is to be placed.
        mode: the mode, counted through all modes.
        tick: earliest start.
        end_floor: earliest end.
        latest: latest end.
        slot: row of `SLOT` that is filled in.

    Returns:
        Whether there is one.
    """
    machine = get(line, MODE, mode, MODE_MACHINE)
    begin = item(line, LINE_AT, machine)
    stop = begin + item(board, LINE_COUNT, machine)
    ticks = get(line, MODE, mode, MODE_TICKS)
    put(board, SLOT, slot, SLOT_MODE, mode)
    put(board, SLOT, slot, SLOT_RESET, -1)
    put(board, SLOT, slot, SLOT_SETUP_TICKS, 0)
    put(board, SLOT, slot, SLOT_SETUP_COST, 0)
    while tick >= 0:
        start, end = span(line, board, mode, tick, end_floor, latest)
        if start < 0:
            return False
        position = above(board, LINE_END, begin, stop, start)
        if position < stop and item(board, LINE_START, position) < end:
            position += 1
            while position < stop and (
                item(board, LINE_START, position) - item(board, LINE_END, position - 1) < ticks
            ):
                position += 1
            tick = item(board, LINE_END, position - 1)
            continue
        put(board, SLOT, slot, SLOT_START, start)
        put(board, SLOT, slot, SLOT_SETUP_START, start)
        put(board, SLOT, slot, SLOT_END, end)
        put(board, SLOT, slot, SLOT_POSITION, position)
        if get(line, MACHINE, machine, MACHINE_SETUP_AT) < 0:
            return True
        tick = _with_setups(line, board, operation, machine, slot)
    return tick == _FOUND


@bare_kernel
def span(
    line: Ints, board: Ints, mode: int, tick: int, end_floor: int, latest: int
) -> tuple[int, int]:
    """Return the first start and end that calendar and profiles allow, or -1 for none."""
    table = get(line, MODE, mode, MODE_STARTS)
    piece, stop = item(line, STARTS_AT, table), item(line, STARTS_AT, table + 1)
    if end_floor > 0:
        piece = not_below(line, LAST_END, piece, stop, end_floor)
        if piece == stop:
            return -1, -1
        tick = max(tick, item(line, LOW, piece), end_floor - item(line, SIZE, piece))
    while True:
        piece = not_below(line, HIGH, piece, stop, tick)
        if piece == stop:
            return -1, -1
        start = max(tick, item(line, LOW, piece))
        size = item(line, SIZE, piece)
        if start + size > latest:
            return -1, -1
        tick = _drawn(line, board, mode, start, size)
        if tick == start:
            return start, start + size
        if tick < 0:
            return -1, -1


@bare_kernel
def _drawn(line: Ints, board: Ints, mode: int, start: int, size: int) -> int:
    """Return the start if all profiles have room from it, else a later tick to try, or -1."""
    for draw in range(get(line, MODE, mode, MODE_DRAW_AT), get(line, MODE, mode + 1, MODE_DRAW_AT)):
        needed = get(line, DRAW, draw, DRAW_NEEDED)
        if needed > 0:
            profile = get(line, DRAW, draw, DRAW_PROFILE)
            tick = first_fit(line, board, profile, start, size, needed)
            if tick != start:
                return tick
    return start


@bare_kernel
def state_before(line: Ints, board: Ints, machine: int, position: int) -> int:
    """Return the state a machine is in before a position of its sequence, or -1."""
    begin = item(line, LINE_AT, machine)
    while position > begin:
        position -= 1
        state = get(line, MODE, get(board, AT, item(board, LINE_OP, position), AT_MODE), MODE_STATE)
        if state >= 0:
            return state
    return get(line, MACHINE, machine, MACHINE_INITIAL)


@bare_kernel
def next_with_state(line: Ints, board: Ints, machine: int, position: int) -> int:
    """Return the position of the first operation from one on that needs a state, or -1."""
    stop = item(line, LINE_AT, machine) + item(board, LINE_COUNT, machine)
    while position < stop:
        if (
            get(line, MODE, get(board, AT, item(board, LINE_OP, position), AT_MODE), MODE_STATE)
            >= 0
        ):
            return position
        position += 1
    return -1


@bare_kernel
def _with_setups(line: Ints, board: Ints, operation: int, machine: int, slot: int) -> int:
    """Complete a slot with its setups; return the next tick to try where they do not fit."""
    position = get(board, SLOT, slot, SLOT_POSITION)
    state = get(line, MODE, get(board, SLOT, slot, SLOT_MODE), MODE_STATE)
    begin = item(line, LINE_AT, machine)
    before = state_before(line, board, machine, position)
    after = next_with_state(line, board, machine, position)
    own_start = own_end = 0
    if after >= 0:
        own_start = get(board, AT, item(board, LINE_OP, after), AT_SETUP_START)
        own_end = own_start + get(board, AT, item(board, LINE_OP, after), AT_SETUP_TICKS)
    put(board, SLOT, slot, SLOT_SETUP_TICKS, 0)
    put(board, SLOT, slot, SLOT_SETUP_COST, 0)
    if before >= 0 and state >= 0:
        row = get(line, MACHINE, machine, MACHINE_SETUP_AT)
        row += before * get(line, MACHINE, machine, MACHINE_STATES) + state
        put(board, SLOT, slot, SLOT_SETUP_COST, get(line, SETUP, row, SETUP_COST))
        ticks = get(line, SETUP, row, SETUP_TICKS)
        if ticks > 0:
            base = item(board, LINE_END, position - 1) if position > begin else 0
            base = max(base, get(line, OP, operation, OP_FLOOR))
            start = get(board, SLOT, slot, SLOT_START)
            found = setup_start(line, board, machine, ticks, base, start, own_start, own_end)
            if found < 0:
                return _NOWHERE
            if found + ticks > start:
                return found + ticks
            put(board, SLOT, slot, SLOT_SETUP_START, found)
            put(board, SLOT, slot, SLOT_SETUP_TICKS, ticks)
    if after < 0:
        put(board, SLOT, slot, SLOT_RESET, -1)
        return _FOUND
    left = state if state >= 0 else before
    base = (
        get(board, SLOT, slot, SLOT_END) if after == position else item(board, LINE_END, after - 1)
    )
    if reset(line, board, machine, after, left, base, slot):
        return _FOUND
    return item(board, LINE_END, position)


@bare_kernel
def reset(
    line: Ints, board: Ints, machine: int, position: int, left: int, base: int, slot: int
) -> bool:
    """Find the setup of a placed operation when the machine is left in another state before it.

    Args:
        line: what is given.
        board: what is placed.
        machine: the machine.
        position: place of the operation in its sequence.
        left: the state it finds, or -1.
        base: end of what is before it.
        slot: its ``SLOT_RESET`` columns are filled in.

    Returns:
        Whether it still fits before the operation's start.
    """
    operation = item(board, LINE_OP, position)
    start = get(board, AT, operation, AT_START)
    put(board, SLOT, slot, SLOT_RESET, operation)
    put(board, SLOT, slot, SLOT_RESET_START, start)
    put(board, SLOT, slot, SLOT_RESET_TICKS, 0)
    put(board, SLOT, slot, SLOT_RESET_COST, 0)
    if left < 0:
        return True
    row = left * get(line, MACHINE, machine, MACHINE_STATES)
    row += get(line, MACHINE, machine, MACHINE_SETUP_AT)
    row += get(line, MODE, get(board, AT, operation, AT_MODE), MODE_STATE)
    put(board, SLOT, slot, SLOT_RESET_COST, get(line, SETUP, row, SETUP_COST))
    ticks = get(line, SETUP, row, SETUP_TICKS)
    if ticks == 0:
        return True
    base = max(base, get(line, OP, operation, OP_FLOOR))
    own_start = get(board, AT, operation, AT_SETUP_START)
    own_end = own_start + get(board, AT, operation, AT_SETUP_TICKS)
    found = setup_start(line, board, machine, ticks, base, start, own_start, own_end)
    put(board, SLOT, slot, SLOT_RESET_START, found)
    put(board, SLOT, slot, SLOT_RESET_TICKS, ticks)
    return found >= 0 and found + ticks <= start


@bare_kernel
def setup_start(
    line: Ints,
    board: Ints,
    machine: int,
    ticks: int,
    base: int,
    limit: int,
    own_start: int,
    own_end: int,
) -> int:
    """Return the latest easy start of a setup in ``[base, limit]``, else the first from `base`.

    The first one may end after `limit`; -1 when there is none at all. What the operation whose
    setup is to be found anew holds of the pool from `own_start` to `own_end` counts as free.
    """
    if base + ticks > limit:
        return base
    late = _last_setup(line, machine, ticks, limit)
    pool = get(line, MACHINE, machine, MACHINE_POOL)
    if pool < 0:
        return late if late >= base else _first_setup(line, machine, ticks, base)
    units = get(line, MACHINE, machine, MACHINE_UNITS)
    if late >= base and late == first_fit_without(
        line, board, pool, late, ticks, units, own_start, own_end
    ):
        return late
    start = base
    while True:
        found = _first_setup(line, machine, ticks, start)
        if found < 0 or found + ticks > limit:
            return found
        start = first_fit_without(line, board, pool, found, ticks, units, own_start, own_end)
        if start in (found, -1):
            return start


@bare_kernel
def _last_setup(line: Ints, machine: int, ticks: int, limit: int) -> int:
    """Return the last start by calendar of a setup that ends by a limit, or -1."""
    first, end = (
        get(line, MACHINE, machine, MACHINE_WINDOW_AT),
        get(line, MACHINE, machine, MACHINE_WINDOW_END),
    )
    if first < 0:
        return limit - ticks
    index = above(line, WINDOW_START, first, end, limit - ticks) - 1
    while index >= first:
        if item(line, WINDOW_END, index) - item(line, WINDOW_START, index) >= ticks:
            return min(limit, item(line, WINDOW_END, index)) - ticks
        index -= 1
    return -1


@bare_kernel
def _first_setup(line: Ints, machine: int, ticks: int, tick: int) -> int:
    """Return the first start by calendar of a setup at or after a tick, or -1."""
    first, end = (
        get(line, MACHINE, machine, MACHINE_WINDOW_AT),
        get(line, MACHINE, machine, MACHINE_WINDOW_END),
    )
    if first < 0:
        return tick
    index = not_below(line, WINDOW_END, first, end, tick + ticks)
    while index < end:
        if item(line, WINDOW_END, index) - item(line, WINDOW_START, index) >= ticks:
            return max(tick, item(line, WINDOW_START, index))
        index += 1
    return -1
