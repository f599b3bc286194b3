"""Moves one operation to a place on a machine, and repairs order and longest paths behind it.

The topological order is repaired where it must be only, between the nodes the new arcs join
(Pearce & Kelly 2006).
"""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.flexible.graph import Graph, Selection
from pilotline_scheduler.solver.shop.flexible.longest_paths import (
    choose_mode,
    find_heads,
    find_tails,
)
from pilotline_scheduler.solver.shop.shop import Ints


@bare_kernel
def relocate(
    graph: Graph, plan: Selection, operation: int, mode: int, index: int, spare: Ints
) -> bool:
    """Move an operation; return False, with nothing changed, where that would close a cycle.

    Args:
        graph: the shop.
        plan: what is changed.
        operation: what moves.
        mode: its new mode.
        index: its new position in its machine's sequence, counted without it.
        spare: scratch, twice as many as there are operations.
    """
    old_mode, old_index = plan.mode[operation], plan.position[operation]
    _take_out(graph, plan, operation)
    choose_mode(graph, plan, operation, mode)
    _put_in(graph, plan, operation, index)
    low, high = _between(graph, plan, operation)
    first, last = min(low, plan.place[operation]), max(high, plan.place[operation])
    if high >= low:
        if not _reorder(graph, plan, operation, first, last, spare):
            _take_out(graph, plan, operation)
            choose_mode(graph, plan, operation, old_mode)
            _put_in(graph, plan, operation, old_index)
            return False
    else:
        first, last = _shift(plan, operation, high, low)
    find_heads(graph, plan, first)
    find_tails(graph, plan, last)
    return True


@bare_kernel
def _take_out(graph: Graph, plan: Selection, operation: int) -> None:
    machine = plan.machine[operation]
    at = graph.row_at[machine]
    plan.length[machine] -= 1
    for index in range(plan.position[operation], plan.length[machine]):
        following = plan.row[at + index + 1]
        plan.row[at + index] = following
        plan.position[following] = index


@bare_kernel
def _put_in(graph: Graph, plan: Selection, operation: int, index: int) -> None:
    machine = plan.machine[operation]
    at = graph.row_at[machine]
    for last in range(plan.length[machine], index, -1):
        shifted = plan.row[at + last - 1]
        plan.row[at + last] = shifted
        plan.position[shifted] = last
    plan.row[at + index] = operation
    plan.position[operation] = index
    plan.length[machine] += 1


@bare_kernel
def _between(graph: Graph, plan: Selection, operation: int) -> tuple[int, int]:
    """Return the place of its first successor and that of its last predecessor."""
    low, high = plan.order.size, -1
    for arc in range(graph.after_at[operation], graph.after_at[operation + 1]):
        low = min(low, plan.place[graph.after[arc]])
    for arc in range(graph.before_at[operation], graph.before_at[operation + 1]):
        high = max(high, plan.place[graph.before[arc]])
    machine, index = plan.machine[operation], plan.position[operation]
    at = graph.row_at[machine]
    if index + 1 < plan.length[machine]:
        low = min(low, plan.place[plan.row[at + index + 1]])
    if index > 0:
        high = max(high, plan.place[plan.row[at + index - 1]])
    return low, high


@bare_kernel
def _shift(plan: Selection, operation: int, high: int, low: int) -> tuple[int, int]:
    """Move it just after place `high` or before place `low`; return the first and last changed."""
    place = plan.place[operation]
    target = place
    if place < high:
        target = high
        for each in range(place, target):
            plan.order[each] = plan.order[each + 1]
            plan.place[plan.order[each]] = each
    elif place > low:
        target = low
        for each in range(place, target, -1):
            plan.order[each] = plan.order[each - 1]
            plan.place[plan.order[each]] = each
    plan.order[target] = operation
    plan.place[operation] = target
    return min(place, target), max(place, target)


@bare_kernel
def _reorder(
    graph: Graph, plan: Selection, operation: int, first: int, last: int, spare: Ints
) -> bool:
    """Put what must come after it behind it; return False where a predecessor must, too."""
    size = plan.order.size
    later = 0
    for place in range(first, last + 1):
        spare[plan.order[place]] = 0
    for place in range(first, last + 1):
        each = plan.order[place]
        if each != operation and _follows(graph, plan, each, operation, first, spare):
            spare[each] = 1
            spare[size + later] = each
            later += 1
    for arc in range(graph.before_at[operation], graph.before_at[operation + 1]):
        before = graph.before[arc]
        if plan.place[before] >= first and spare[before] == 1:
            return False
    if plan.position[operation] > 0:
        before = plan.row[graph.row_at[plan.machine[operation]] + plan.position[operation] - 1]
        if plan.place[before] >= first and spare[before] == 1:
            return False
    target = first
    for place in range(first, last + 1):
        each = plan.order[place]
        if each != operation and spare[each] == 0:
            plan.order[target] = each
            plan.place[each] = target
            target += 1
    plan.order[target] = operation
    plan.place[operation] = target
    for each in range(later):
        target += 1
        plan.order[target] = spare[size + each]
        plan.place[spare[size + each]] = target
    return True


@bare_kernel
def _follows(
    graph: Graph, plan: Selection, each: int, operation: int, first: int, marked: Ints
) -> bool:
    """Return whether an operation must come after the one that moves."""
    for arc in range(graph.before_at[each], graph.before_at[each + 1]):
        before = graph.before[arc]
        if before == operation or (plan.place[before] >= first and marked[before] == 1):
            return True
    if plan.position[each] == 0:
        return False
    before = plan.row[graph.row_at[plan.machine[each]] + plan.position[each] - 1]
    return bool(before == operation or (plan.place[before] >= first and marked[before] == 1))
