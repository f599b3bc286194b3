"""Which unit is placed next: strictly by key, or by what could start first."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Protocol

from pilotline_scheduler.solver.instance import FOREVER
from pilotline_scheduler.solver.seed.board import Board
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.units import Units

_RIVALS = 24
"""Units compared at one instant; more cost time and change little."""


class Chooser(Protocol):
    """Keeps the units whose predecessors are placed and hands out the next one."""

    def add(self, unit: int) -> None:
        """Take in a unit that may be placed from now on."""

    def next(self) -> int | None:
        """Hand out a unit, or None when there are none."""


class KeyOrder:
    """Hands out the unit with the smallest key.

    Args:
        rank: key of each unit.
    """

    def __init__(self, rank: Sequence[float]) -> None:
        self._rank = rank
        self._heap: list[tuple[float, int]] = []

    def add(self, unit: int) -> None:
        """Take in a unit."""
        heappush(self._heap, (self._rank[unit], unit))

    def next(self) -> int | None:
        """Hand out the unit with the smallest key."""
        return heappop(self._heap)[1] if self._heap else None


class Chronology:
    """Hands out urgent units first, then, of those that could start first, the cheapest one.

    Args:
        board: the plan under construction.
        recipe: the prices.
        units: the units; the first operation of each stands for it.
        rank: fixed price of each unit.
        urgent: whether each unit is urgent.
    """

    def __init__(
        self,
        board: Board,
        recipe: Recipe,
        units: Units,
        rank: Sequence[float],
        urgent: Sequence[bool],
    ) -> None:
        self._board = board
        self._recipe = recipe
        self._members = units.members
        self._rank = rank
        self._is_urgent = urgent
        self._urgent = KeyOrder(rank)
        self._heap: list[tuple[int, int]] = []

    def add(self, unit: int) -> None:
        """Take in a unit."""
        if self._is_urgent[unit]:
            for member in self._members[unit]:
                self._board.ahead[member] = True
            self._urgent.add(unit)
        else:
            heappush(self._heap, (self._bid(unit)[0], unit))

    def next(self) -> int | None:
        """Hand out the next unit."""
        urgent = self._urgent.next()
        if urgent is not None:
            return urgent
        first = self._first()
        if first is None:
            return None
        now, unit, price = first
        rivals = [(price, unit, now)]
        while self._heap and self._heap[0][0] <= now and len(rivals) < _RIVALS:
            unit = heappop(self._heap)[1]
            tick, price = self._bid(unit)
            if tick <= now:
                rivals.append((price, unit, tick))
            else:
                heappush(self._heap, (tick, unit))
        winner = min(rivals)
        for rival in rivals:
            if rival is not winner:
                heappush(self._heap, (rival[2], rival[1]))
        return winner[1]

    def _first(self) -> tuple[int, int, float] | None:
        """Take out the unit that can start first; waiting units may have been overtaken."""
        while self._heap:
            unit = heappop(self._heap)[1]
            tick, price = self._bid(unit)
            if not self._heap or tick <= self._heap[0][0]:
                return tick, unit, price
            heappush(self._heap, (tick, unit))
        return None

    def _bid(self, unit: int) -> tuple[int, float]:
        """Return when a unit can start, after all that is placed, and its price then."""
        board, recipe = self._board, self._recipe
        operation = self._members[unit][0]
        ready = board.ready(operation)
        best, best_setup, best_ticks = FOREVER, 0, 0
        for mode in board.instance.modes[operation]:
            free, setup = board.frontier(mode)
            tick = max(ready, free + setup)
            if tick < best:
                best, best_setup, best_ticks = tick, setup, mode.ticks
        price = self._rank[unit] + recipe.setup_price * best_setup
        if recipe.local_due:
            slack = recipe.local_due[operation] - best - best_ticks
            price += recipe.slack_price * max(0, slack)
        return best, price
