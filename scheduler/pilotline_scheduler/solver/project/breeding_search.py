"""Breeds populations, each larger than the one before, for as long as the search lasts."""

import threading
import time

from pilotline_scheduler.solver.project.population import Population, child_s
from pilotline_scheduler.solver.project.project import Ints, Project
from pilotline_scheduler.solver.search import Search

_FIRST_SIZE = 50
_GROWTH = 4
_STAGGER = 2
"""Workers in turn start with populations larger by this, so that their sizes lie in between."""
_GENERATIONS = 120
"""That a population takes to settle, about."""
_MOST_NUMBERS = 20_000_000
"""Starts in a population, at most."""
_SLICE_S = 0.1
_DOUBT = 5
"""A child may take so many times longer than expected, where pools are full for long."""
_NEWS = 0.2
"""Weight of the last measurement of what a child takes."""
_USED_SHARE = 0.4
"""Share of the time limit that a repeatable search plans to use."""
_MANY = 5000
_OFFER_EVERY_S = 1.0
"""Between plans of so many operations, which take long to write down."""


class Elites:
    """The best schedule of every population that has settled, in the order they did.

    Characteristics:
        thread-safe: yes.
        size: unbounded; populations grow fourfold, so there are few.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._schedules: list[tuple[int, Ints]] = []

    def add(self, span: int, starts: Ints) -> None:
        """Note a schedule and its makespan."""
        with self._lock:
            self._schedules.append((span, starts))

    def all(self) -> list[tuple[int, Ints]]:
        """Return makespans and schedules so far."""
        with self._lock:
            return list(self._schedules)


class BreedingSearch:
    """One worker's populations, one after another.

    Args:
        search: the solve it is part of.
        project: what is planned.
        worker: which worker this is; others draw other random numbers.
        elites: shared by all workers.
    """

    def __init__(self, search: Search, project: Project, worker: int, elites: Elites) -> None:
        self._search = search
        self._project = project
        self._worker = worker
        self._elites = elites
        self._child_s = child_s(project.net)
        cautious_s = _SLICE_S / _DOUBT
        self._slice = max(1, int(cautious_s / self._child_s)) if search.repeatable else 1
        self._children_left = int(_USED_SHARE * search.time_limit_s / self._child_s)
        self._size = _FIRST_SIZE * _STAGGER ** (worker % 2)
        self._populations = 0
        self._population = self._next()
        self._offered_s = 0.0

    def run(self, left_share: float = 0.0) -> None:
        """Breed until the search is over, or such a share of what it has now is left."""
        search = self._search
        until_s = left_share * search.left_s()
        until_children = int(left_share * self._children_left)
        while not search.over():
            left = self._children_left > until_children
            if not (left if search.repeatable else search.left_s() > until_s):
                break
            self._step()
        self._offer(at_once=True)

    def _step(self) -> None:
        population, began_s = self._population, time.perf_counter()
        population.advance(self._slice, self._target())
        self._children_left -= self._slice
        if not self._search.repeatable:
            took_s = time.perf_counter() - began_s
            self._child_s += (took_s / self._slice - self._child_s) * _NEWS
            self._slice = max(1, min(2 * self._slice, int(_SLICE_S / self._child_s)))
        self._offer(at_once=population.settled)
        if population.settled:
            self._elites.add(population.span, population.best)
            self._population = self._next()

    def _target(self) -> int:
        bound = self._search.bound[0] or 0
        return -(-bound // self._project.step)

    def _offer(self, *, at_once: bool) -> None:
        search, population = self._search, self._population
        if search.value is not None and population.span * self._project.step >= search.value[0]:
            return
        many = len(self._project.operation) > _MANY
        if many and not at_once and search.elapsed_s() - self._offered_s < _OFFER_EVERY_S:
            return
        self._offered_s = search.elapsed_s()
        search.offer(self._project.schedule(population.best), "genetic")

    def _next(self) -> Population:
        """Return a fresh population, as large as it can settle in the time that is left.

        A last one that must be much smaller begins with the best of all before.
        """
        most = min(self._affordable(), _MOST_NUMBERS // len(self._project.operation))
        size = max(_FIRST_SIZE, min(self._size, most))
        seed = hash((self._search.seed, self._worker, self._populations))
        population = Population(self._project.net, size, seed)
        if size < self._size // _GROWTH:
            for span, starts in self._elites.all()[-size // 2 :]:
                population.admit(starts, span)
        else:
            self._size *= _GROWTH
        self._populations += 1
        return population

    def _affordable(self) -> int:
        children = self._children_left
        if not self._search.repeatable:
            children = int(self._search.left_s() / self._child_s)
        return children // _GENERATIONS
