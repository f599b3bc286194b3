"""A walk of tabu search through the plans of a job shop, in steps that return often."""

from typing import Protocol

from pilotline_scheduler.solver.shop.sequence.elite import Member
from pilotline_scheduler.solver.shop.sequence.graph import Graph, Ints, arrange, graph_of
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.node import HEAD, RIGHT, TAIL, TICKS
from pilotline_scheduler.solver.shop.sequence.tabu import (
    BEST,
    LATEST,
    STEP,
    Memory,
    memory_of,
    search_sequences,
)
from pilotline_scheduler.solver.shop.sequence.tardy import dues_of, search_tardiness, tardiness

_TENURE = 10
_REACH = 30


class Walk(Protocol):
    """A search from plan to plan; it may be put anywhere at any time."""

    patience: int
    """Steps without a better plan after which it is better put elsewhere."""
    step_s: float
    """About how long a step takes."""

    @property
    def best(self) -> int:
        """The best value since it was last put somewhere."""

    def put(self, order: Ints) -> None:
        """Go on from a plan given as a topological order."""

    def advance(self, steps: int, patience: int, goal: int) -> int:
        """Make steps; return how many, fewer where it ends.

        It ends when so many were made without a better plan as `patience` says, or at `goal`.
        """

    def member(self) -> Member:
        """Return the best plan since it was last put somewhere."""


class MakespanWalk:
    """Tabu search for a short makespan.

    Args:
        jobs: the job shop.
        seed: seeds its random choices.
    """

    def __init__(self, jobs: Jobs, seed: int) -> None:
        self.patience = 12_500
        self.step_s = 2e-6 + 12e-9 * len(jobs.machine)
        self._graph = graph_of(jobs.node, jobs.machine, jobs.machines)
        self._memory = _memory(self._graph, jobs, seed)

    @property
    def best(self) -> int:
        """The best makespan since it was last put somewhere."""
        return int(self._memory.numbers[BEST])

    def put(self, order: Ints) -> None:
        """Go on from a plan given as a topological order."""
        memory = self._memory
        memory.numbers[BEST] = arrange(self._graph, order)
        memory.best[:] = order
        memory.numbers[LATEST] = memory.numbers[STEP]

    def advance(self, steps: int, patience: int, goal: int) -> int:
        """Make steps; return how many, fewer where it ends."""
        return search_sequences(self._graph, self._memory, steps, patience, goal)

    def member(self) -> Member:
        """Return the best plan since it was last put somewhere."""
        graph, count = self._graph, len(self._graph.machine)
        order = self._memory.best.copy()
        now = graph.order.copy()
        makespan = arrange(graph, order)
        node = graph.node[:count]
        latest = makespan - node[:, TAIL] - node[:, TICKS]
        start = node[:, HEAD].copy()
        member = Member(makespan, order, start, (start + latest) / 2, node[:, RIGHT].copy())
        arrange(graph, now)
        return member


class TardinessWalk:
    """Tabu search for little weighted tardiness.

    Args:
        jobs: the job shop.
        seed: seeds its random choices.
    """

    def __init__(self, jobs: Jobs, seed: int) -> None:
        self.patience = 1_000
        self.step_s = 0.25e-6 * len(jobs.machine)
        self._graph = graph_of(jobs.node, jobs.machine, jobs.machines)
        self._memory = _memory(self._graph, jobs, seed)
        self._dues = dues_of(jobs.ends, jobs.due, jobs.weight, len(jobs.machine))

    @property
    def best(self) -> int:
        """The least weighted tardiness since it was last put somewhere."""
        return int(self._memory.numbers[BEST])

    def put(self, order: Ints) -> None:
        """Go on from a plan given as a topological order."""
        memory = self._memory
        arrange(self._graph, order)
        memory.numbers[BEST] = tardiness(self._graph, self._dues)
        memory.best[:] = order
        memory.numbers[LATEST] = memory.numbers[STEP]

    def advance(self, steps: int, patience: int, goal: int) -> int:
        """Make steps; return how many, fewer where it ends."""
        return search_tardiness(self._graph, self._memory, self._dues, steps, patience, goal)

    def member(self) -> Member:
        """Return the best plan since it was last put somewhere."""
        graph, count = self._graph, len(self._graph.machine)
        order, now = self._memory.best.copy(), graph.order.copy()
        arrange(graph, order)
        start = graph.node[:count, HEAD].copy()
        middle = start + graph.node[:count, TICKS] / 2
        member = Member(self.best, order, start, middle, graph.node[:count, RIGHT].copy())
        arrange(graph, now)
        return member


def _memory(graph: Graph, jobs: Jobs, seed: int) -> Memory:
    tenure = _TENURE + len(jobs.ends) // jobs.machines
    spread = max(2, tenure // 2)
    return memory_of(graph, seed, tenure=tenure, spread=spread, reach=_REACH)
