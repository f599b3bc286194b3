"""Large neighbourhood search: CP-SAT decides a window of the plan anew, the rest stays."""

from dataclasses import dataclass
from random import Random

from pilotline_scheduler.solver.cp_model.run import Effort, Outcome, run
from pilotline_scheduler.solver.improve.neighbourhoods import Neighbourhood, Neighbourhoods
from pilotline_scheduler.solver.search import Search

_FIRST_SIZE = 16
_SMALLEST, _LARGEST = 4, 400
_GROW, _SHRINK = 1.25, 0.8
_SECONDS = 1.5
_LATER_LEVEL_SHARE = 0.15
_MEMORY = 0.9
_REWARD_FLOOR = 0.05


@dataclass(slots=True)
class _Arm:
    """A neighbourhood with the size that suits it and how well it has done lately."""

    neighbourhood: Neighbourhood
    size: float
    reward: float = 1.0


class WindowSearch:
    """Chooses windows by what they brought so far; their sizes follow what CP-SAT can finish.

    Args:
        search: the solve it is part of; it must have a plan.
        random: where choices come from.
        workers: subsolvers per window.
    """

    def __init__(self, search: Search, random: Random, workers: int) -> None:
        self._search = search
        self._random = random
        self._workers = workers
        self._neighbourhoods = Neighbourhoods(search.instance, random)
        self._arms = [_Arm(each, _FIRST_SIZE) for each in self._neighbourhoods.all]

    def step(self) -> None:
        """Decide one window anew."""
        search = self._search
        best, before = search.best, search.value
        if best is None or before is None:
            return
        arm = self._random.choices(self._arms, [each.reward for each in self._arms])[0]
        free = arm.neighbourhood.choose(best, min(int(arm.size), len(best.start)))
        effort = Effort(
            seconds=_SECONDS,
            workers=self._workers,
            thorough=False,
        )
        scope = self._neighbourhoods.scope(best, free)
        source = f"window:{arm.neighbourhood.name}"
        outcome = run(search, scope, self._level(), effort, source)
        self._learn(arm, outcome, improved=search.value != before)

    def _level(self) -> int:
        """Return the level to improve: mostly the first that is open."""
        first = self._search.open_level() or 0
        later = len(self._search.bound) - 1
        if first < later and self._random.random() < _LATER_LEVEL_SHARE:
            return self._random.randint(first + 1, later)
        return first

    def _learn(self, arm: _Arm, outcome: Outcome, *, improved: bool) -> None:
        arm.reward = _MEMORY * arm.reward + (1 - _MEMORY) * (1.0 if improved else _REWARD_FLOOR)
        factor = _GROW if outcome.complete else _SHRINK
        arm.size = min(_LARGEST, max(_SMALLEST, arm.size * factor))
