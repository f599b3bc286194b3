"""Local search over the order in which a plan is built."""

from random import Random

from pilotline_scheduler.solver.improve.moves import Moves
from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError, StuckError
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.units import units

_SETUP_BIASES = (0, 0, 1)


class LocalSearch:
    """Rebuilds the best plan in slightly other orders and keeps what is not worse.

    Args:
        search: the solve it is part of; it must have a plan.
        random: where choices come from.
    """

    def __init__(self, search: Search, random: Random) -> None:
        self._search = search
        self._random = random
        self._moves = Moves(search.instance, random)
        self._construction = Construction(search.instance, units(search.instance), search.over)
        self._urgency = [0] * len(search.instance.runs)
        self._current: Schedule | None = None
        self._value: tuple[int, ...] = ()

    def step(self) -> bool:
        """Try one move; return whether it gave a better plan than any before."""
        search = self._search
        if search.best is None:
            return False
        if self._current is None or search.value is None or search.value < self._value:
            self._current, self._value = search.best, search.value_of(search.best)
        order = self._moves.draw(self._current)
        recipe = Recipe(
            "local-search",
            order.keys,
            setup_bias=self._random.choice(_SETUP_BIASES),
            modes=order.modes,
            floors=order.floors,
        )
        try:
            schedule = self._construction.build(recipe, self._urgency)
        except (StuckError, StoppedError):
            return False
        value = search.value_of(schedule)
        if value > self._value:
            return False
        self._current, self._value = schedule, value
        return search.offer(schedule, "local-search")
