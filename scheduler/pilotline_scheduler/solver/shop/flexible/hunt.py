"""What every worker does with a flexible shop: it walks from plans between the best, in time."""

from dataclasses import dataclass

import numpy as np

from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.flexible.elite import Elite, between
from pilotline_scheduler.solver.shop.flexible.graph import Graph
from pilotline_scheduler.solver.shop.flexible.walk import Walk
from pilotline_scheduler.solver.shop.shop import Ints

_WORK_PER_S = 80_000_000
"""What `Walk.advance` counts in a second of an otherwise idle core."""
_SURE_SHARE = 0.5
"""Share of it that a repeatable search counts on."""
_SLICE = 4_000_000
_WORK_PER_OPERATION_AND_WALK = 1_000_000
_LEAST_ELITE, _MOST_ELITE = 3, 12
_OFTEN = 5_000
"""Operations up to which every better plan is offered; above, one a second."""
_OFFER_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A plan to begin from: its makespan, the mode of each operation, and a topological order."""

    value: int
    mode: Ints
    order: Ints


class Hunt:
    """Shared by all workers of a solve.

    Characteristics:
        thread-safe: yes.

    Args:
        search: the solve.
        graph: its shop.
        workers: how many share it.
    """

    def __init__(self, search: Search, graph: Graph, workers: int) -> None:
        work = _WORK_PER_S * workers * search.time_limit_s
        walks = work / (_WORK_PER_OPERATION_AND_WALK * max(1, len(graph.earliest)))
        self.elite = Elite(int(min(_MOST_ELITE, max(_LEAST_ELITE, walks))))
        self.search = search
        self.graph = graph
        self.work = int(_SURE_SHARE * work) if search.repeatable else 1 << 62


class Hunter:
    """One worker.

    Args:
        hunt: what workers share.
        starts: first plans to begin from, the best first.
        worker: its number.
    """

    def __init__(self, hunt: Hunt, starts: list[Start], worker: int) -> None:
        self._hunt = hunt
        self._random = np.random.default_rng([hunt.search.seed, worker])
        self._walk = Walk(hunt.graph, self._random)
        self._starts = starts
        self._first: Start | None = starts[worker % len(starts)]
        self._left = hunt.work
        self._offered_s = -_OFFER_S

    def over(self) -> bool:
        """Return whether this worker must end."""
        return self._left <= 0 or self._hunt.search.over()

    def hunt(self) -> None:
        """Improve until the search is over."""
        while not self.over():
            self._walk.put(*self._next())
            going = True
            while going and not self.over():
                going = self._walk.advance(_SLICE)
                self._left -= _SLICE
                self._offer(often=len(self._hunt.graph.earliest) <= _OFTEN)
            self._offer(often=True)
            self._hunt.elite.add(self._walk.member())

    def _next(self) -> tuple[Ints, Ints]:
        pair = None if self._hunt.elite.wants_seed() else self._hunt.elite.pair(self._random)
        if pair is not None:
            return between(*pair, self._random)
        start, self._first = self._first, None
        if start is None:
            start = self._starts[int(self._random.integers(len(self._starts)))]
        return start.mode, start.order

    def _offer(self, *, often: bool) -> None:
        search = self._hunt.search
        now_s = search.elapsed_s()
        better = search.value is None or self._walk.value < search.value[0]
        if better and (often or now_s - self._offered_s >= _OFFER_S):
            search.offer(self._walk.schedule(), "flexible-shop:tabu")
            self._offered_s = now_s
