"""Large neighbourhood search: CP-SAT decides a window of the plan anew, the rest stays."""

from dataclasses import dataclass
from functools import partial
from random import Random

from pilotline_scheduler.solver.cp_model.run import Effort, Outcome, run
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.improve.neighbourhoods import Neighbourhood, Neighbourhoods
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.windows.dispatch import Back, Dispatch

_FIRST_SIZE = 16
_SMALLEST, _LARGEST = 4, 400
_LEAP, _GROW, _SHRINK = 1.6, 1.2, 0.8
_SECONDS = 1.5
_EASY_SHARE = 0.15
"""A window done within this share of its time may be much larger the next time."""
_LATER_LEVEL_SHARE = 0.15
_OVERHEAD_S = 0.2
_MEMORY = 0.85
_REWARD_FLOOR = 0.02
"""So that every kind of window is tried again now and then."""
_WAIT_S = 0.1
"""Longest wait for a window that is decided elsewhere, between looks at the clock."""


@dataclass(slots=True)
class _Arm:
    """A kind of window, the size that suits it, and its improvements per second of late."""

    neighbourhood: Neighbourhood
    floating: bool
    size: float = _FIRST_SIZE
    reward: float = 0.5


@dataclass(frozen=True, slots=True)
class _Window:
    """A window that was chosen."""

    arm: _Arm
    scope: Scope
    level: int
    effort: Effort
    source: str


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
        self._arms = [
            _Arm(each, floating) for each in self._neighbourhoods.all for floating in (False, True)
        ]

    def send(self, elsewhere: Dispatch) -> None:
        """Send windows to be decided elsewhere, as many as there is room for, and learn of some."""
        while elsewhere.has_room() and (window := self._chosen()) is not None:
            then = partial(self._learn_from, window.arm)
            elsewhere.send(window.scope, window.level, window.effort, window.source, then)
        elsewhere.receive(_WAIT_S)

    def _learn_from(self, arm: _Arm, back: Back) -> None:
        self._learn(arm, back.outcome, back.took_s, improved=back.improved)

    def step(self) -> None:
        """Decide one window anew."""
        search, before, began_s = self._search, self._search.value, self._search.elapsed_s()
        window = self._chosen()
        if window is None or before is None:
            return
        outcome = run(search, window.scope, window.level, window.effort, window.source)
        improved = outcome.schedule is not None and search.value_of(outcome.schedule) < before
        took_s = _SECONDS / 2 if search.repeatable else search.elapsed_s() - began_s
        self._learn(window.arm, outcome, took_s, improved=improved)

    def _chosen(self) -> _Window | None:
        best = self._search.best
        if best is None:
            return None
        arm = self._random.choices(self._arms, [each.reward for each in self._arms])[0]
        free = arm.neighbourhood.choose(best, min(int(arm.size), len(best.start)))
        return _Window(
            arm=arm,
            scope=self._neighbourhoods.scope(best, free, floating=arm.floating),
            level=self._level(),
            effort=Effort(seconds=_SECONDS, workers=self._workers, thorough=False),
            source=f"window:{arm.neighbourhood.name}",
        )

    def _level(self) -> int:
        """Return the level to improve: mostly the first that is open."""
        first = self._search.open_level() or 0
        later = len(self._search.bound) - 1
        if first < later and self._random.random() < _LATER_LEVEL_SHARE:
            return self._random.randint(first + 1, later)
        return first

    def _learn(self, arm: _Arm, outcome: Outcome, took_s: float, *, improved: bool) -> None:
        reward = improved / (_OVERHEAD_S + took_s)
        arm.reward = _MEMORY * arm.reward + (1 - _MEMORY) * max(_REWARD_FLOOR, reward)
        factor = _SHRINK
        if outcome.complete:
            factor = _LEAP if took_s < _EASY_SHARE * _SECONDS else _GROW
        arm.size = min(_LARGEST, max(_SMALLEST, arm.size * factor))
