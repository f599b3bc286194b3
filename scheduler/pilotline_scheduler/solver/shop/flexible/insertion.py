"""Where an operation that is taken out goes back best, by estimates of the longest path through it.

Of all positions on a machine only those need a look between the operations that must precede and
those that must follow: the best one is among them, and none closes a cycle (Mastrolilli and
Gambardella 2000, "Effective neighbourhood functions for the flexible job shop problem"). On its own
machine heads and tails are found again without the operation (Taillard 1994); elsewhere those of
the present plan are taken, which never allow a position that theirs would not. With setups another
position may be the best one, so all that surely close no cycle are looked at.
"""

from typing import NamedTuple

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.flexible.chance import below
from pilotline_scheduler.solver.shop.flexible.graph import Graph, Selection
from pilotline_scheduler.solver.shop.shop import Ints


class Bench(NamedTuple):
    """A machine's sequence with one operation taken out; scratch.

    Attributes:
        sequence: operations that stay.
        end: when each ends at the earliest.
        way: the longest way from the start of each to the end of the plan.
    """

    sequence: Ints
    end: Ints
    way: Ints


@bare_kernel
def clear_bench(graph: Graph, plan: Selection, operation: int, bench: Bench) -> int:
    """Take an operation out of its machine's sequence; return how many stay."""
    machine, gap = plan.machine[operation], plan.position[operation]
    at, size = graph.row_at[machine], plan.length[machine] - 1
    for index in range(size):
        each = plan.row[at + index + (index >= gap)]
        bench.sequence[index] = each
        bench.end[index] = plan.head[each] + plan.ticks[each]
        bench.way[index] = plan.ticks[each] + plan.tail[each]
    for index in range(gap, size):
        each = bench.sequence[index]
        if index > 0:
            last = bench.sequence[index - 1]
            free = bench.end[index - 1]
            free += graph.setup[plan.leaving[last] + plan.entering[each]]
        else:
            free = graph.setup[graph.fresh[machine] + plan.entering[each]]
        bench.end[index] = max(plan.ready[each], free) + plan.ticks[each]
    for index in range(gap - 1, -1, -1):
        each = bench.sequence[index]
        rest = plan.rest[each]
        if index + 1 < size:
            following = bench.sequence[index + 1]
            busy = bench.way[index + 1]
            busy += graph.setup[plan.leaving[each] + plan.entering[following]]
            rest = max(rest, busy)
        bench.way[index] = plan.ticks[each] + rest
    return int(size)


@bare_kernel
def load_bench(graph: Graph, plan: Selection, machine: int, bench: Bench) -> int:
    """Note the sequence of a machine that the operation is not on; return how many there are."""
    at, size = graph.row_at[machine], plan.length[machine]
    for index in range(size):
        each = plan.row[at + index]
        bench.sequence[index] = each
        bench.end[index] = plan.head[each] + plan.ticks[each]
        bench.way[index] = plan.ticks[each] + plan.tail[each]
    return int(size)


@bare_kernel
def best_position(
    graph: Graph,
    plan: Selection,
    operation: int,
    mode: int,
    bench: Bench,
    size: int,
    barred: int,
    random: Ints,
) -> tuple[int, int]:
    """Return the estimate and the index of the best position on a bench; index -1 if there is none.

    Args:
        graph: the shop.
        plan: the plan before.
        operation: what was taken out.
        mode: the mode it would have.
        bench: the sequence without it.
        size: how many are in that sequence.
        barred: an index it must not take; one out of range bars none.
        random: for ties.
    """
    ready, rest = plan.ready[operation], plan.rest[operation]
    free_at, busy_at = _first_later(bench.end, size, ready), _last_longer(bench.way, size, rest)
    first, last = min(free_at, busy_at), max(free_at, busy_at)
    if graph.setup.size > 1:
        first = _before_all(graph, plan, operation, bench, first)
        last = _behind_all(graph, plan, operation, bench, size, last)
    best, chosen, ties = 1 << 60, -1, 0
    leaving, entering = graph.mode_leaving[mode], graph.mode_entering[mode]
    for index in range(first, last + 1):
        if index == barred:
            continue
        if index > 0:
            before = graph.setup[plan.leaving[bench.sequence[index - 1]] + entering]
            before += bench.end[index - 1]
        else:
            before = graph.setup[graph.fresh[graph.mode_machine[mode]] + entering]
        value = max(ready, before) + graph.mode_ticks[mode]
        if index < size:
            behind = graph.setup[leaving + plan.entering[bench.sequence[index]]]
            value += max(rest, behind + bench.way[index])
        else:
            value += rest
        if value < best:
            best, chosen, ties = value, index, 1
        elif value == best:
            ties += 1
            if below(random, ties) == 0:
                chosen = index
    return best, chosen


@bare_kernel
def _before_all(graph: Graph, plan: Selection, operation: int, bench: Bench, first: int) -> int:
    """Return how far forward it may go: what has a shorter way leads to none of what it awaits."""
    shortest = 1 << 60
    for arc in range(graph.before_at[operation], graph.before_at[operation + 1]):
        before = graph.before[arc]
        shortest = min(shortest, plan.ticks[before] + plan.tail[before])
    while first > 0:
        each = bench.sequence[first - 1]
        if plan.ticks[each] + plan.tail[each] >= shortest:
            break
        first -= 1
    return first


@bare_kernel
def _behind_all(
    graph: Graph, plan: Selection, operation: int, bench: Bench, size: int, last: int
) -> int:
    """Return how far back it may go: what starts sooner than its followers awaits none of them."""
    soonest = 1 << 60
    for arc in range(graph.after_at[operation], graph.after_at[operation + 1]):
        soonest = min(soonest, plan.head[graph.after[arc]])
    while last < size and plan.head[bench.sequence[last]] < soonest:
        last += 1
    return last


@bare_kernel
def _first_later(ends: Ints, size: int, tick: int) -> int:
    """Return the position of the first that ends after a tick."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if ends[middle] > tick:
            high = middle
        else:
            low = middle + 1
    return low


@bare_kernel
def _last_longer(ways: Ints, size: int, ticks: int) -> int:
    """Return the position behind the last that has a longer way to go."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if ways[middle] > ticks:
            low = middle + 1
        else:
            high = middle
    return low
