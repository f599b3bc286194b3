"""First plans of a line: dispatching rules that place in the order of a key."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

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
_PATIENT_ATTEMPTS = 2
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
    bound = np.array([run.deadline is not None for run in instance.problem.runs], np.bool_)
    for recipe in recipes(instance):
        if recipe.chronological:
            continue
        if stop():
            return
        if _attempt(board, recipe, (run_of, bound, urgency), stop):
            yield recipe.name, board.schedule()


def _attempt(
    board: Board,
    recipe: Recipe,
    runs: tuple[Ints, NDArray[np.bool_], Ints],
    stop: Callable[[], bool],
) -> bool:
    """Build plans by a rule until one is complete; runs that get stuck go first in the next one.

    Where that does not help soon, all runs with a deadline go before those without.

    Args:
        board: where it is built.
        recipe: the rule.
        runs: run of each operation; which runs have a deadline; their urgency, raised here.
        stop: asked now and then.
    """
    run_of, bound, urgency = runs
    line = board.line
    rank = _ranks(line, recipe.keys)
    step = int(rank.max() - rank.min()) + 1 if len(rank) else 1
    for attempt in range(_ATTEMPTS):
        if attempt == _PATIENT_ATTEMPTS:
            urgency[bound & (urgency == 0)] = 1
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
