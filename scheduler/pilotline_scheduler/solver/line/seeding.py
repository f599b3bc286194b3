"""First plans of a line: dispatching rules that place in the order of a key."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pilotline_scheduler.solver.instance import Instance, Schedule
from pilotline_scheduler.solver.line.board import Board
from pilotline_scheduler.solver.line.build import Line
from pilotline_scheduler.solver.line.construction import begin, go_on
from pilotline_scheduler.solver.line.fields import MEMBER, UNIT, UNIT_AT
from pilotline_scheduler.solver.line.tables import Ints, view
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.rules import recipes

_ATTEMPTS = 12
"""Constructions with one rule before the next one is tried."""
_UNITS_PER_LOOK = 5000
"""Units placed between looks at the clock: some hundredths of a second."""
_ALL_RULES = 20_000
"""Operations up to which every rule is tried; beyond, the first plan found will do."""
_KEYS_PER_TICK = 16
"""Keys become whole numbers; some rules tell operations apart by fractions of a tick."""


def plant(search: Search, line: Line) -> None:
    """Offer the plans of the dispatching rules; on large lines, the first one there is."""
    for name, schedule in schedules(search.instance, line, search.seed, search.over):
        search.offer(schedule, f"seed:{name}")
        if line.operations > _ALL_RULES:
            return


def schedules(
    instance: Instance, line: Line, seed: int, stop: Callable[[], bool]
) -> Iterator[tuple[str, Schedule]]:
    """Yield rules and their plans; rules that place by the clock are left out.

    Args:
        instance: what is planned.
        line: the same in arrays.
        seed: of the board's random numbers.
        stop: asked now and then; once true, there are no more.
    """
    board = Board.of(line, seed)
    urgency = np.zeros(line.runs, np.int64)
    run_of = np.asarray(instance.run_of, np.int64)
    for recipe in recipes(instance):
        if recipe.chronological:
            continue
        if stop():
            return
        if _attempt(board, recipe, run_of, urgency, stop):
            yield recipe.name, board.schedule()


def _attempt(
    board: Board, recipe: Recipe, run_of: Ints, urgency: Ints, stop: Callable[[], bool]
) -> bool:
    """Build plans by a rule until one is complete; runs that get stuck go first in the next one."""
    line = board.line
    rank = _ranks(line, recipe.keys)
    step = int(rank.max() - rank.min()) + 1 if len(rank) else 1
    for _ in range(_ATTEMPTS):
        board.clear()
        board.key[:] = rank - step * urgency[run_of[line.representatives]]
        stuck = begin(line.data, board.data, line.decided)
        if stuck >= 0:
            urgency[run_of[stuck]] = urgency.max() + 1
            continue
        while go_on(line.data, board.data, _UNITS_PER_LOOK, recipe.setup_bias):
            if stop():
                return False
        left = line.representatives[board.is_pending != 0]
        if len(left) == 0:
            return True
        urgency[run_of[left]] = urgency.max() + 1
    return False


def _ranks(line: Line, keys: Sequence[float]) -> Ints:
    """Return the smallest key of each unit's members."""
    members = view(line.data, MEMBER, line.operations)
    first = view(line.data, UNIT, line.units)[:, UNIT_AT]
    scaled = np.rint(np.asarray(keys) * _KEYS_PER_TICK).astype(np.int64)
    return np.minimum.reduceat(scaled[members], first) if len(first) else scaled
