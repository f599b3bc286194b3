"""Simulated annealing by ruin and recreate, straight on the times of a plan.

Slack induction by string removals (Christiaens & Vanden Berghe 2020), for machines instead of
tours: take off some operations, place them again one by one in another order at the first place
that keeps every rule with all that stays, and keep the result if the temperature allows.
"""

from math import exp

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.cost import count_goals, is_better, note_best
from pilotline_scheduler.solver.line.fields import (
    COUNT,
    COUNT_HEAP,
    COUNT_JOURNAL,
    COUNT_PENDING,
    FOREVER,
    KEY,
    MEMBER,
    OP,
    OP_DUE,
    OP_RUN,
    PENDING,
    RUN,
    RUN_DUE,
    RUN_END,
    RUN_KEY,
    RUN_WEIGHT,
    SIZES,
    SIZES_LEVELS,
    TRY,
    TRY_ACCEPTED,
    TRY_FAILED,
    TRY_IMPROVED,
    TRY_RISE,
    TRY_RISES,
    TRY_RUN,
    UNIT,
    UNIT_AT,
    VALUE,
    WAS,
)
from pilotline_scheduler.solver.line.random_numbers import below, uniform
from pilotline_scheduler.solver.line.recreate import give_up, lift_pending, place_next, queue_ready
from pilotline_scheduler.solver.line.ruin import ruin
from pilotline_scheduler.solver.line.tables import Floats, Ints, add, get, item, set_item


@bare_kernel
def anneal(
    line: Ints, board: Ints, scale: Floats, temperature: float, most: int, steps: int
) -> None:
    """Do some steps on a complete board whose goals are counted.

    Args:
        line: what is given.
        board: the plan; its best places are kept beside it.
        scale: what a unit of each level of the objective counts.
        temperature: rise of the cost, so scaled, that is accepted with probability 1/e.
        most: operations to take off per step, about.
        steps: how many.
    """
    for _ in range(steps):
        _step(line, board, scale, temperature, most)


@bare_kernel
def _step(line: Ints, board: Ints, scale: Floats, temperature: float, most: int) -> None:
    set_item(board, COUNT, COUNT_JOURNAL, 0)
    set_item(board, COUNT, COUNT_PENDING, 0)
    set_item(board, COUNT, COUNT_HEAP, 0)
    before = _cost(board, scale)
    ruin(line, board, most)
    if not _recreate(line, board):
        _reject(line, board)
        add(board, TRY, TRY_FAILED, 1)
        return
    count_goals(line, board)
    rise = _cost(board, scale) - before
    if is_better(board):
        note_best(board)
        add(board, TRY, TRY_IMPROVED, 1)
    if rise > 0:
        add(board, TRY, TRY_RISES, 1)
        add(board, TRY, TRY_RISE, int(rise))
    if rise > 0 and uniform(board) >= exp(-rise / temperature):
        _reject(line, board)
        return
    add(board, TRY, TRY_ACCEPTED, 1)


@bare_kernel
def _reject(line: Ints, board: Ints) -> None:
    give_up(line, board, 0)
    count_goals(line, board)


@bare_kernel
def _cost(board: Ints, scale: Floats) -> float:
    cost = 0.0
    for level in range(item(board, SIZES, SIZES_LEVELS)):
        cost += scale[level] * item(board, VALUE, level)
    return cost


@bare_kernel
def _recreate(line: Ints, board: Ints) -> bool:
    """Place all that is pending again; return whether there was room."""
    if not lift_pending(line, board, 0):
        return False
    order = below(board, 6)
    for place in range(item(board, COUNT, COUNT_PENDING)):
        unit = item(board, PENDING, place)
        run = get(line, OP, item(line, MEMBER, get(line, UNIT, unit, UNIT_AT)), OP_RUN)
        set_item(board, RUN_KEY, run, below(board, 1 << 20))
    for place in range(item(board, COUNT, COUNT_PENDING)):
        unit = item(board, PENDING, place)
        set_item(board, KEY, unit, _key(line, board, unit, order))
    queue_ready(line, board, 0)
    setup_bias = max(0, below(board, 4) - 1)
    while True:
        placed = place_next(line, board, setup_bias)
        if placed <= 0:
            return placed == 0


@bare_kernel
def _key(line: Ints, board: Ints, unit: int, order: int) -> int:
    """Return when a unit is to be placed, by one of several orders."""
    operation = item(line, MEMBER, get(line, UNIT, unit, UNIT_AT))
    run = get(line, OP, operation, OP_RUN)
    was = item(board, WAS, unit)
    if order == 0:
        return item(board, RUN_KEY, run)
    if order == 1:
        return get(line, OP, operation, OP_DUE)
    if order == 2:
        return was if run != item(board, TRY, TRY_RUN) else was - FOREVER
    if order == 3:
        late = item(board, RUN_END, run) - get(line, RUN, run, RUN_DUE)
        return -late * get(line, RUN, run, RUN_WEIGHT)
    if order == 4:
        return was + below(board, 1 + (1 << below(board, 13)))
    return below(board, 1 << 20)
