"""A worker that anneals a line's plan for as long as the search lasts."""

import numpy as np

from pilotline_scheduler.solver.line.anneal import anneal
from pilotline_scheduler.solver.line.board import Board, schedule_of
from pilotline_scheduler.solver.line.build import Line
from pilotline_scheduler.solver.line.fields import TRY_RISE, TRY_RISES
from pilotline_scheduler.solver.search import Search

_MOST = 12
"""Operations that a step takes off, about."""
_SLICE_S = 0.05
"""Time in compiled loops between looks at the clock."""
_FIRST_STEPS, _MOST_STEPS = 20, 20_000
_PROBE_STEPS = 300
_HOT, _COLD = 1 / 30, 1 / 3000
"""First and last temperature, as shares of the mean rise of a step."""
_POLISH_SHARE = 0.1
"""Share of the time, at its end, in which only later levels of the objective stay warm."""
_LATER = 0.02
"""What a unit of a level counts against one of the level before."""
_PROVEN = 1e6
"""What a unit of a level counts once no plan can be better in it."""
_OFFER_S, _OFFER_SHARE = 0.1, 0.03
"""Shortest time between offers, and the share of the time that they may take."""
_MEETINGS = 10
"""Times at which a worker that fell behind goes on from the best plan of all."""
_ALONE_SHARE = 0.4
"""Share of the time before they meet first, so that they see different plans."""
_POLISH_TICKS = 10
"""Rise of a later level that is accepted with probability 1/e in that time."""
_STEP_S, _STEP_S_PER_OPERATION = 100e-6, 10e-9
_USED_SHARE = 0.4
"""Cost of a step on a slow machine, and the share of the limit that a repeatable search plans
to use."""


class Annealing:
    """Anneals from the best plan of a search, and offers what is better.

    Characteristics:
        pace: compiled slices of a twentieth of a second; the search's clock is asked between them.
        repeatable: with a number of steps instead of the clock where the search is.

    Args:
        search: the solve; it must have a plan.
        line: its instance in arrays.
        worker: which worker this is; each draws other numbers.
    """

    def __init__(self, search: Search, line: Line, worker: int) -> None:
        self._search = search
        self._board = Board.of(line, search.seed * 1009 + worker)
        self._source = "anneal"
        self._scale = np.ones(line.levels)
        self._rise = 1.0
        self._offer_cost_s = 0.0
        self._offered_s = 0.0
        self._steps = _FIRST_STEPS
        self._operations = line.operations

    def run(self) -> None:
        """Anneal until the search is over."""
        search = self._search
        if search.best is None or search.over():
            return
        self._board.load(search.best)
        self._probe()
        began_s = search.elapsed_s()
        total_s = max(1e-3, search.left_s())
        met = int(_ALONE_SHARE * _MEETINGS)
        polishing = False
        planned = self._planned()
        done = 0
        while not self._over() and done < planned:
            share = (search.elapsed_s() - began_s) / total_s
            if search.repeatable:
                share = done / planned
            if share * _MEETINGS >= met + 1:
                met += 1
                self._meet()
            if share > 1 - _POLISH_SHARE and not polishing:
                polishing = True
                self._board.load_places(self._board.best_at.copy())
            done += self._slice(self._temperature(share))
            self._offer(final=False)
        self._offer(final=True)

    def _over(self) -> bool:
        """Return whether the search is over, or has just time left for a last offer."""
        return self._search.over() or self._search.left_s() < 2 * self._offer_cost_s

    def _planned(self) -> float:
        if not self._search.repeatable:
            return float("inf")
        step_s = _STEP_S + _STEP_S_PER_OPERATION * self._operations
        return max(1.0, _USED_SHARE * self._search.time_limit_s / step_s)

    def _probe(self) -> None:
        """Weigh the levels, and measure how much a step usually raises the cost."""
        level = self._search.open_level() or 0
        self._scale[:] = [
            _PROVEN if each < level else _LATER ** (each - level)
            for each in range(len(self._scale))
        ]
        tries = self._board.tries
        tries[:] = 0
        self._anneal(0.0, _PROBE_STEPS if not self._search.over() else 1)
        self._rise = max(1.0, tries[TRY_RISE] / max(1, tries[TRY_RISES]))

    def _temperature(self, share: float) -> float:
        if share > 1 - _POLISH_SHARE:
            return _LATER * _POLISH_TICKS
        cooled: float = self._rise * _HOT * (_COLD / _HOT) ** (share / (1 - _POLISH_SHARE))
        return cooled

    def _slice(self, temperature: float) -> int:
        """Do about a slice of steps; return how many."""
        steps = self._steps
        began_s = self._search.elapsed_s()
        self._anneal(temperature, steps)
        took_s = self._search.elapsed_s() - began_s
        if self._search.repeatable:
            return steps
        wanted = steps * _SLICE_S / max(took_s, _SLICE_S / 2)
        self._steps = int(min(_MOST_STEPS, max(1, wanted)))
        return steps

    def _anneal(self, temperature: float, steps: int) -> None:
        board = self._board
        anneal(board.line.data, board.data, self._scale, max(temperature, 1e-9), _MOST, steps)

    def _meet(self) -> None:
        """Go on from the best plan of all if it is better than any of this worker."""
        self._offer(final=True)
        best, value = self._search.best, self._search.value
        if best is not None and value is not None and value < self._own_value():
            self._board.load(best)

    def _own_value(self) -> tuple[int, ...]:
        return tuple(self._board.best_value.tolist())

    def _offer(self, *, final: bool) -> None:
        search = self._search
        now_s = search.elapsed_s()
        pause_s = max(_OFFER_S, self._offer_cost_s / _OFFER_SHARE)
        due = final or search.repeatable or now_s - self._offered_s >= pause_s
        if not due or search.value is None or self._own_value() >= search.value:
            return
        search.offer(schedule_of(self._board.line, self._board.best_at), self._source)
        self._offered_s = search.elapsed_s()
        self._offer_cost_s = self._offered_s - now_s
