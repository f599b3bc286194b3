"""Heads and tails: the longest paths to and from each operation of a selection."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.flexible.graph import Graph, Selection
from pilotline_scheduler.solver.shop.shop import Ints


@bare_kernel
def find_heads(graph: Graph, plan: Selection, first: int) -> None:
    """Find heads from a place in the topological order on."""
    for place in range(first, plan.order.size):
        operation = plan.order[place]
        ready = graph.earliest[operation]
        for arc in range(graph.before_at[operation], graph.before_at[operation + 1]):
            before = graph.before[arc]
            ready = max(ready, plan.head[before] + plan.ticks[before] + graph.before_lag[arc])
        plan.ready[operation] = ready
        machine, index = plan.machine[operation], plan.position[operation]
        if index > 0:
            last = plan.row[graph.row_at[machine] + index - 1]
            free = plan.head[last] + plan.ticks[last]
            free += graph.setup[plan.leaving[last] + plan.entering[operation]]
        else:
            free = graph.setup[graph.fresh[machine] + plan.entering[operation]]
        plan.head[operation] = max(ready, free)


@bare_kernel
def find_tails(graph: Graph, plan: Selection, last: int) -> None:
    """Find tails from a place in the topological order back."""
    for place in range(last, -1, -1):
        operation = plan.order[place]
        rest = 0
        for arc in range(graph.after_at[operation], graph.after_at[operation + 1]):
            after = graph.after[arc]
            rest = max(rest, graph.after_lag[arc] + plan.ticks[after] + plan.tail[after])
        plan.rest[operation] = rest
        machine, index = plan.machine[operation], plan.position[operation]
        if index + 1 < plan.length[machine]:
            following = plan.row[graph.row_at[machine] + index + 1]
            busy = plan.ticks[following] + plan.tail[following]
            busy += graph.setup[plan.leaving[operation] + plan.entering[following]]
            rest = max(rest, busy)
        plan.tail[operation] = rest


@bare_kernel
def makespan(plan: Selection) -> int:
    """Return when the last operation ends."""
    last = 0
    for operation in range(plan.head.size):
        last = max(last, plan.head[operation] + plan.ticks[operation])
    return last


@bare_kernel
def copy(source: Selection, target: Selection) -> None:
    """Make a selection equal to another."""
    _fill(source.mode, target.mode)
    _fill(source.machine, target.machine)
    _fill(source.ticks, target.ticks)
    _fill(source.entering, target.entering)
    _fill(source.leaving, target.leaving)
    _fill(source.row, target.row)
    _fill(source.length, target.length)
    _fill(source.position, target.position)
    _fill(source.order, target.order)
    _fill(source.place, target.place)
    _fill(source.ready, target.ready)
    _fill(source.head, target.head)
    _fill(source.rest, target.rest)
    _fill(source.tail, target.tail)


@bare_kernel
def _fill(source: Ints, target: Ints) -> None:
    for index in range(source.size):
        target[index] = source[index]


@bare_kernel
def choose_mode(graph: Graph, plan: Selection, operation: int, mode: int) -> None:
    """Note the mode of an operation and what follows from it."""
    plan.mode[operation] = mode
    plan.machine[operation] = graph.mode_machine[mode]
    plan.ticks[operation] = graph.mode_ticks[mode]
    plan.entering[operation] = graph.mode_entering[mode]
    plan.leaving[operation] = graph.mode_leaving[mode]


@bare_kernel
def arrange(graph: Graph, plan: Selection, mode: Ints, order: Ints) -> None:
    """Make a plan of the modes of operations and a topological order."""
    _fill(order, plan.order)
    for operation in range(mode.size):
        choose_mode(graph, plan, operation, mode[operation])
    for machine in range(plan.length.size):
        plan.length[machine] = 0
    for place in range(plan.order.size):
        operation = plan.order[place]
        machine = plan.machine[operation]
        plan.place[operation] = place
        plan.position[operation] = plan.length[machine]
        plan.row[graph.row_at[machine] + plan.length[machine]] = operation
        plan.length[machine] += 1
    find_heads(graph, plan, plan.place[plan.order[0]])
    find_tails(graph, plan, plan.order.size - 1)
