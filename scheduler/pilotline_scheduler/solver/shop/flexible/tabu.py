"""Tabu search: one critical operation after another goes to another place or machine."""

from typing import NamedTuple

import numpy as np

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.flexible.chance import below
from pilotline_scheduler.solver.shop.flexible.graph import Graph, Selection
from pilotline_scheduler.solver.shop.flexible.insertion import (
    Bench,
    best_position,
    clear_bench,
    load_bench,
)
from pilotline_scheduler.solver.shop.flexible.longest_paths import copy, makespan
from pilotline_scheduler.solver.shop.flexible.relocation import relocate
from pilotline_scheduler.solver.shop.shop import Ints

STEP, IMPROVED, BEST, PATIENCE, LOOKS, TENURE = range(6)
"""Positions in `Memory.counts`: the step; the step that last improved; the best makespan; steps
without a better plan after which to stop; critical operations looked at in a step; tenure."""

_NEVER = 1 << 60


class Memory(NamedTuple):
    """What a tabu search remembers, and its scratch.

    Attributes:
        until: step until which each mode must not be taken.
        counts: see `STEP` and so on.
        random: state of chance.
        critical: scratch.
        move: operation, mode and position of the move to make.
        spare: scratch.
        bench: scratch.
    """

    until: Ints
    counts: Ints
    random: Ints
    critical: Ints
    move: Ints
    spare: Ints
    bench: Bench


def memory_of(graph: Graph, seed: int) -> Memory:
    """Return an empty memory."""
    size = len(graph.earliest)

    def zeros(length: int) -> Ints:
        return np.zeros(length, dtype=np.int64)

    return Memory(
        until=zeros(len(graph.mode_ticks)),
        counts=zeros(6),
        random=np.asarray([seed], dtype=np.int64),
        critical=zeros(size),
        move=zeros(3),
        spare=zeros(2 * size),
        bench=Bench(zeros(size), zeros(size), zeros(size)),
    )


@bare_kernel
def search(graph: Graph, plan: Selection, best: Selection, memory: Memory, work: int) -> bool:
    """Search on from a plan; return whether to go on.

    Args:
        graph: the shop.
        plan: where the search is.
        best: the best plan since the memory was cleared.
        memory: of this search.
        work: about how many operations and positions to look at before returning.
    """
    counts = memory.counts
    while work > 0:
        if counts[STEP] - counts[IMPROVED] > counts[PATIENCE]:
            return False
        counts[STEP] += 1
        now = makespan(plan)
        work -= plan.order.size
        critical = _critical(plan, now, memory)
        work -= _step(graph, plan, memory, critical)
        now = makespan(plan)
        if now < counts[BEST]:
            counts[BEST], counts[IMPROVED] = now, counts[STEP]
            copy(plan, best)
    return True


@bare_kernel
def _critical(plan: Selection, now: int, memory: Memory) -> int:
    """Find some of the operations on longest paths, at random; return how many."""
    found, critical = 0, memory.critical
    for operation in range(plan.head.size):
        if plan.head[operation] + plan.ticks[operation] + plan.tail[operation] == now:
            critical[found] = operation
            found += 1
    looks = min(found, memory.counts[LOOKS])
    if looks < found:
        for index in range(looks):
            other = index + below(memory.random, found - index)
            critical[index], critical[other] = critical[other], critical[index]
    return int(looks)


@bare_kernel
def _step(graph: Graph, plan: Selection, memory: Memory, critical: int) -> int:
    """Make the best move of critical operations that is allowed; return how much was looked at."""
    counts, bench, move = memory.counts, memory.bench, memory.move
    best, ties, looked = _NEVER, 0, 0
    for look in range(critical):
        each = memory.critical[look]
        for mode in range(graph.mode_at[each], graph.mode_at[each + 1]):
            machine = graph.mode_machine[mode]
            if machine == plan.machine[each]:
                size = clear_bench(graph, plan, each, bench)
            else:
                size = load_bench(graph, plan, machine, bench)
            barred = plan.position[each] if mode == plan.mode[each] else size + 1
            looked += size
            value, position = best_position(
                graph, plan, each, mode, bench, size, barred, memory.random
            )
            if position < 0 or (memory.until[mode] > counts[STEP] and value >= counts[BEST]):
                continue
            ties = ties + 1 if value == best else 1
            if value < best or (value == best and below(memory.random, ties) == 0):
                best = value
                move[0], move[1], move[2] = each, mode, position
    if best < _NEVER:
        _make(graph, plan, memory)
    return looked


@bare_kernel
def _make(graph: Graph, plan: Selection, memory: Memory) -> None:
    """Make the chosen move, and bar the operation from the mode it had for a while."""
    counts, move = memory.counts, memory.move
    old = plan.mode[move[0]]
    if relocate(graph, plan, move[0], move[1], move[2], memory.spare):
        tenure = counts[TENURE] + below(memory.random, counts[TENURE] + 1)
        memory.until[old] = counts[STEP] + tenure
