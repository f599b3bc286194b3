"""Chooses what to take off a board: what makes a run late, with what stands in its way.

Strings of neighbours on machines are taken off as Christiaens & Vanden Berghe (2020) take them off
tours; here around the moments at which a run that hurts waits.
"""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AT,
    AT_MODE,
    AT_START,
    LINE_AT,
    LINE_COUNT,
    LINE_END,
    LINE_OP,
    MODE,
    MODE_MACHINE,
    OP,
    OP_MODE_AT,
    OP_RUN,
    OP_UNIT,
    RUN,
    RUN_AT,
    RUN_DUE,
    RUN_END,
    RUN_WEIGHT,
    SIZES,
    SIZES_MACHINES,
    SIZES_RUNS,
    TRY,
    TRY_RUN,
)
from pilotline_scheduler.solver.line.random_numbers import below, uniform
from pilotline_scheduler.solver.line.recreate import take_out
from pilotline_scheduler.solver.line.tables import Ints, above, get, item, set_item
from pilotline_scheduler.solver.line.units import ready

_TRIES = 12
_RIVALS, _RUNS, _SLAB, _REST, _STRING = 0, 1, 2, 3, 4


@bare_kernel
def ruin(line: Ints, board: Ints, most: int) -> None:
    """Make some units pending, about `most` operations at most."""
    run = _painful_run(line, board)
    set_item(board, TRY, TRY_RUN, run)
    operation = _waiting_operation(line, board, run)
    draw = uniform(board)
    if draw < 0.45:
        _take_rest(line, board, operation)
        _take_rivals(line, board, run, 1 + below(board, most))
    elif draw < 0.6:
        _take_run(line, board, run)
        _take_neighbour_runs(line, board, operation, 1 + below(board, 4))
    elif draw < 0.75:
        take_out(line, board, get(line, OP, operation, OP_UNIT))
        _take_slab(line, board, operation, 1 + below(board, most))
    elif draw < 0.85:
        _take_rest(line, board, operation)
    else:
        _take_string(line, board, operation, 2 + below(board, most))


@bare_kernel
def _painful_run(line: Ints, board: Ints) -> int:
    """Return a run that hurts: the worst of some drawn at random, mostly."""
    runs = item(board, SIZES, SIZES_RUNS)
    best = below(board, runs)
    if uniform(board) < 0.1:
        return best
    worst = -1.0
    for _ in range(_TRIES):
        run = below(board, runs)
        late = item(board, RUN_END, run) - get(line, RUN, run, RUN_DUE)
        pain = late * get(line, RUN, run, RUN_WEIGHT) * uniform(board)
        if late > 0 and pain > worst:
            worst, best = pain, run
    return best


@bare_kernel
def _waiting_operation(line: Ints, board: Ints, run: int) -> int:
    """Return an operation of a run, rather one that waits long between being ready and starting."""
    first, end = get(line, RUN, run, RUN_AT), get(line, RUN, run + 1, RUN_AT)
    chosen = first + below(board, end - first)
    longest = -1.0
    for _ in range(3):
        operation = first + below(board, end - first)
        wait = get(board, AT, operation, AT_START) - ready(line, board, operation)
        if wait * uniform(board) > longest:
            longest, chosen = wait * uniform(board), operation
    return chosen


@bare_kernel
def _take_rest(line: Ints, board: Ints, operation: int) -> None:
    """Take an operation and what comes after it in its run."""
    run = get(line, OP, operation, OP_RUN)
    start = get(board, AT, operation, AT_START)
    for other in range(get(line, RUN, run, RUN_AT), get(line, RUN, run + 1, RUN_AT)):
        if get(board, AT, other, AT_START) >= start:
            take_out(line, board, get(line, OP, other, OP_UNIT))


@bare_kernel
def _take_run(line: Ints, board: Ints, run: int) -> None:
    for other in range(get(line, RUN, run, RUN_AT), get(line, RUN, run + 1, RUN_AT)):
        take_out(line, board, get(line, OP, other, OP_UNIT))


@bare_kernel
def _take_rivals(line: Ints, board: Ints, run: int, most: int) -> None:
    """Take what runs before the pending operations of a run on machines that they could use."""
    first, end = get(line, RUN, run, RUN_AT), get(line, RUN, run + 1, RUN_AT)
    while most > 0:
        operation = first + below(board, end - first)
        length = 1 + below(board, min(most, 6))
        most -= length
        modes = get(line, OP, operation, OP_MODE_AT)
        mode = modes + below(board, get(line, OP, operation + 1, OP_MODE_AT) - modes)
        if uniform(board) < 0.5:
            mode = get(board, AT, operation, AT_MODE)
        early = ready(line, board, operation)
        late = get(board, AT, operation, AT_START)
        tick = early + int(uniform(board) * (late - early + 1))
        _take_near(line, board, get(line, MODE, mode, MODE_MACHINE), tick, length)


@bare_kernel
def _take_near(line: Ints, board: Ints, machine: int, tick: int, length: int) -> None:
    """Take so many operations of a machine from the one at a tick on."""
    begin = item(line, LINE_AT, machine)
    stop = begin + item(board, LINE_COUNT, machine)
    position = above(board, LINE_END, begin, stop, tick)
    position = max(begin, min(position, stop - length))
    for place in range(position, min(stop, position + length)):
        take_out(line, board, get(line, OP, item(board, LINE_OP, place), OP_UNIT))


@bare_kernel
def _take_neighbour_runs(line: Ints, board: Ints, operation: int, most: int) -> None:
    """Take whole runs with an operation near one of a run."""
    run = get(line, OP, operation, OP_RUN)
    first, end = get(line, RUN, run, RUN_AT), get(line, RUN, run + 1, RUN_AT)
    for _ in range(most):
        other = first + below(board, end - first)
        modes = get(line, OP, other, OP_MODE_AT)
        mode = modes + below(board, get(line, OP, other + 1, OP_MODE_AT) - modes)
        machine = get(line, MODE, mode, MODE_MACHINE)
        begin, count = item(line, LINE_AT, machine), item(board, LINE_COUNT, machine)
        tick = get(board, AT, other, AT_START)
        position = above(board, LINE_END, begin, begin + count, tick) - below(board, 4)
        if begin <= position < begin + count:
            _take_run(line, board, get(line, OP, item(board, LINE_OP, position), OP_RUN))


@bare_kernel
def _take_slab(line: Ints, board: Ints, operation: int, most: int) -> None:
    """Take operations around one moment on machines drawn at random."""
    tick = get(board, AT, operation, AT_START)
    while most > 0:
        length = 1 + below(board, min(most, 4))
        most -= length
        machine = below(board, item(board, SIZES, SIZES_MACHINES))
        _take_near(line, board, machine, tick, length)


@bare_kernel
def _take_string(line: Ints, board: Ints, operation: int, length: int) -> None:
    """Take neighbours on the machine of an operation, it among them."""
    machine = get(line, MODE, get(board, AT, operation, AT_MODE), MODE_MACHINE)
    tick = get(board, AT, operation, AT_START)
    begin = item(line, LINE_AT, machine)
    stop = begin + item(board, LINE_COUNT, machine)
    position = max(begin, above(board, LINE_END, begin, stop, tick) - below(board, length))
    for place in range(position, min(stop, position + length)):
        take_out(line, board, get(line, OP, item(board, LINE_OP, place), OP_UNIT))
