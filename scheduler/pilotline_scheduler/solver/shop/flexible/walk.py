"""One tabu search that can be begun from any plan and goes on in slices."""

import numpy as np

from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.shop.flexible.elite import Member
from pilotline_scheduler.solver.shop.flexible.graph import Graph, empty_selection
from pilotline_scheduler.solver.shop.flexible.longest_paths import arrange, copy, makespan
from pilotline_scheduler.solver.shop.flexible.tabu import (
    BEST,
    IMPROVED,
    LOOKS,
    PATIENCE,
    STEP,
    TENURE,
    memory_of,
    search,
)
from pilotline_scheduler.solver.shop.shop import Ints

_LOOKS = (8, 18)
_TENURE = (15, 40)
"""Ranges from which each walk takes its settings by chance, for none suits all shops."""
_SHORT_TENURE = (3, 6)
_TENURE_PER_OPERATION = (1 / 12, 1 / 4)
"""Where there are few operations, tenures must be shorter, or all that could move is barred."""
_PATIENCE_PER_OPERATION = 100
_LEAST_PATIENCE, _MOST_PATIENCE = 10_000, 60_000


class Walk:
    """A tabu search.

    Args:
        graph: the shop.
        random: where its chance comes from.
    """

    def __init__(self, graph: Graph, random: np.random.Generator) -> None:
        self._graph = graph
        self._random = random
        self._plan, self._best = empty_selection(graph), empty_selection(graph)
        self._memory = memory_of(graph, int(random.integers(1, 2**62)))

    @property
    def value(self) -> int:
        """The makespan of the best plan of this walk."""
        return int(self._memory.counts[BEST])

    def put(self, mode: Ints, order: Ints) -> None:
        """Begin anew from a plan given by modes and a topological order."""
        graph, plan, counts = self._graph, self._plan, self._memory.counts
        arrange(graph, plan, mode, order)
        copy(plan, self._best)
        self._memory.until[:] = 0
        counts[[STEP, IMPROVED]] = 0
        counts[BEST] = makespan(plan)
        wanted = _PATIENCE_PER_OPERATION * len(mode)
        counts[PATIENCE] = max(_LEAST_PATIENCE, min(_MOST_PATIENCE, wanted))
        counts[LOOKS] = self._random.integers(*_LOOKS, endpoint=True)
        counts[TENURE] = self._random.integers(*self._tenures(), endpoint=True)

    def _tenures(self) -> tuple[int, int]:
        """Return the range of tenures for the number of operations."""
        size = len(self._plan.mode)
        low, high = (
            min(most, int(least + share * size))
            for most, least, share in zip(
                _TENURE, _SHORT_TENURE, _TENURE_PER_OPERATION, strict=True
            )
        )
        return low, high

    def advance(self, work: int) -> bool:
        """Do some work; return whether it is worth going on."""
        return search(self._graph, self._plan, self._best, self._memory, work)

    def member(self) -> Member:
        """Return its best plan as a member of an elite."""
        return Member.of(self._graph, self._best, self.value)

    def schedule(self) -> Schedule:
        """Return its best plan as a schedule."""
        graph, plan = self._graph, self._best
        setup = np.zeros(len(plan.mode), dtype=np.int64)
        for machine, length in enumerate(plan.length.tolist()):
            row = plan.row[graph.row_at[machine] : graph.row_at[machine] + length]
            leaving = np.concatenate((graph.fresh[machine : machine + 1], plan.leaving[row[:-1]]))
            setup[row] = graph.setup[leaving[:length] + plan.entering[row]]
        return Schedule(
            mode=tuple((plan.mode - graph.mode_at[:-1]).tolist()),
            setup_start=tuple((plan.head - setup).tolist()),
            start=tuple(plan.head.tolist()),
            end=tuple((plan.head + plan.ticks).tolist()),
        )
