"""Fills a board with places that are known already."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import (
    AT_END,
    AT_MODE,
    AT_SETUP_START,
    AT_START,
    MACHINE,
    MACHINE_SETUP_AT,
    MACHINE_STATES,
    MODE,
    MODE_MACHINE,
    MODE_STATE,
    SETUP,
    SETUP_COST,
    SETUP_TICKS,
    SIZES,
    SIZES_UNITS,
    WAITS,
)
from pilotline_scheduler.solver.line.placing import position_of, restore, set_up
from pilotline_scheduler.solver.line.slots import state_before
from pilotline_scheduler.solver.line.tables import Ints, get, item, set_item


@bare_kernel
def fill(line: Ints, board: Ints, at: Ints, order: Ints) -> None:
    """Place operations at known times, in the order of their starts, on an empty board."""
    for operation in order:
        mode = at[operation, AT_MODE]
        restore(line, board, operation, mode, at[operation, AT_START], at[operation, AT_END])
    for operation in order:
        machine = get(line, MODE, at[operation, AT_MODE], MODE_MACHINE)
        state = get(line, MODE, at[operation, AT_MODE], MODE_STATE)
        row = get(line, MACHINE, machine, MACHINE_SETUP_AT)
        if row < 0 or state < 0:
            continue
        position = position_of(line, board, operation)
        left = state_before(line, board, machine, position)
        if left >= 0:
            row += left * get(line, MACHINE, machine, MACHINE_STATES) + state
            ticks, cost = get(line, SETUP, row, SETUP_TICKS), get(line, SETUP, row, SETUP_COST)
            start = at[operation, AT_SETUP_START] if ticks > 0 else at[operation, AT_START]
            set_up(line, board, operation, start, ticks, cost)
    for unit in range(item(board, SIZES, SIZES_UNITS)):
        set_item(board, WAITS, unit, 0)
