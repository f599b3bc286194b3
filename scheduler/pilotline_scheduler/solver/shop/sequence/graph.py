"""The disjunctive graph of a job shop: heads, tails and a topological order, kept up to date.

A move changes heads and tails only behind and before it. Operations whose neighbour changed are
flagged by their place in the topological order and computed again in that order, so that each is
computed once and the work ends where nothing changes any more (after Pearce & Kelly 2006 for the
order itself).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.sequence.node import (
    AFTER,
    BEFORE,
    HEAD,
    LEFT,
    RIGHT,
    TAIL,
    TICKS,
    WAIT,
)

Ints = NDArray[np.int64]


class Graph(NamedTuple):
    """A job shop and a sequence on each machine.

    Attributes:
        node: the table of `node`; BEFORE, AFTER, TICKS and WAIT never change.
        machine: of each operation.
        order: operations in topological order.
        place: where in `order` each operation is.
        slot: where on its machine each operation is.
        last: last operation of each machine, or the row for none.
        flags: one per place, 0 between calls; room for whole words.
        words: the same memory, eight flags at a time.
        marks: scratch, one per row; 0 between calls.
        scratch: room for a list of operations.
    """

    node: Ints
    machine: Ints
    order: Ints
    place: Ints
    slot: Ints
    last: Ints
    flags: NDArray[np.uint8]
    words: NDArray[np.uint64]
    marks: NDArray[np.uint8]
    scratch: Ints


def graph_of(node: Ints, machine: Ints, machines: int) -> Graph:
    """Return a graph whose order is not set yet; see `arrange`."""
    operations = len(machine)
    flags = np.zeros((operations + 15) // 8 * 8, np.uint8)
    return Graph(
        node=node.copy(),
        machine=machine,
        order=np.zeros(operations, np.int64),
        place=np.zeros(len(node), np.int64),
        slot=np.zeros(len(node), np.int64),
        last=np.zeros(machines, np.int64),
        flags=flags,
        words=flags.view(np.uint64),
        marks=np.zeros(len(node), np.uint8),
        scratch=np.zeros(operations + 2, np.int64),
    )


@bare_kernel
def arrange(graph: Graph, order: Ints) -> int:
    """Put the operations of every machine in a topological order; return the makespan."""
    node, last, none = graph.node, graph.last, len(graph.machine)
    for machine in range(len(last)):
        last[machine] = none
    for place in range(none):
        operation = order[place]
        machine = graph.machine[operation]
        left = last[machine]
        node[operation, LEFT] = left
        node[operation, RIGHT] = none
        if left != none:
            node[left, RIGHT] = operation
        last[machine] = operation
        graph.slot[operation] = 0 if left == none else graph.slot[left] + 1
        graph.order[place] = operation
        graph.place[operation] = place
        node[operation, HEAD] = head_of(node, operation)
    for place in range(none - 1, -1, -1):
        operation = order[place]
        node[operation, TAIL] = tail_of(node, operation)
    return makespan_of(graph)


@bare_kernel
def head_of(node: Ints, operation: int) -> int:
    """Return the head of an operation by those of its neighbours."""
    before, left = node[operation, BEFORE], node[operation, LEFT]
    by_chain = node[before, HEAD] + node[before, TICKS] + node[before, WAIT]
    by_machine = node[left, HEAD] + node[left, TICKS]
    return int(max(by_chain, by_machine))


@bare_kernel
def tail_of(node: Ints, operation: int) -> int:
    """Return the tail of an operation by those of its neighbours."""
    after, right = node[operation, AFTER], node[operation, RIGHT]
    by_chain = node[operation, WAIT] + node[after, TICKS] + node[after, TAIL]
    by_machine = node[right, TICKS] + node[right, TAIL]
    return int(max(by_chain, by_machine))


@bare_kernel
def copy_into(source: Ints, target: Ints) -> None:
    """Copy an array."""
    for index in range(len(source)):
        target[index] = source[index]


@bare_kernel
def makespan_of(graph: Graph) -> int:
    """Return when the last machine is done."""
    node, makespan = graph.node, 0
    for operation in graph.last:
        makespan = max(makespan, node[operation, HEAD] + node[operation, TICKS])
    return makespan


@bare_kernel
def shift_right(graph: Graph, moved: int, target: int) -> bool:
    """Move an operation right behind a later one of its machine, if that makes no circle.

    Returns:
        Whether it was moved; heads and tails are not up to date yet, see `refresh`.
    """
    node, place, order = graph.node, graph.place, graph.order
    marks, behind = graph.marks, graph.scratch
    first, final, held = place[moved], place[target], 1
    marks[moved], behind[0] = 1, moved
    for at in range(first + 1, final + 1):
        other = order[at]
        left = node[other, LEFT]
        if marks[node[other, BEFORE]] or (left != moved and marks[left]):
            marks[other], behind[held] = 1, other
            held += 1
    possible = bool(marks[target] == 0)
    if possible:
        free = first
        for at in range(first, final + 1):
            other = order[at]
            if not marks[other]:
                order[free], place[other] = other, free
                free += 1
        for index in range(held):
            order[free + index], place[behind[index]] = behind[index], free + index
        _relink(graph, moved, target, node[target, RIGHT])
    for index in range(held):
        marks[behind[index]] = 0
    return possible


@bare_kernel
def shift_left(graph: Graph, moved: int, target: int) -> bool:
    """Move an operation right before an earlier one of its machine, if that makes no circle.

    Returns:
        Whether it was moved; heads and tails are not up to date yet, see `refresh`.
    """
    node, place, order = graph.node, graph.place, graph.order
    marks, ahead = graph.marks, graph.scratch
    first, final, held = place[target], place[moved], 1
    marks[moved], ahead[0] = 1, moved
    for at in range(final - 1, first - 1, -1):
        other = order[at]
        right = node[other, RIGHT]
        if marks[node[other, AFTER]] or (right != moved and marks[right]):
            marks[other], ahead[held] = 1, other
            held += 1
    possible = bool(marks[target] == 0)
    if possible:
        free = final
        for at in range(final, first - 1, -1):
            other = order[at]
            if not marks[other]:
                order[free], place[other] = other, free
                free -= 1
        for index in range(held):
            order[free - index], place[ahead[index]] = ahead[index], free - index
        _relink(graph, moved, node[target, LEFT], target)
    for index in range(held):
        marks[ahead[index]] = 0
    return possible


@bare_kernel
def _relink(graph: Graph, moved: int, left: int, right: int) -> None:
    """Take an operation out of its machine's sequence and put it between two others."""
    node, none = graph.node, len(graph.machine)
    was_left, was_right = node[moved, LEFT], node[moved, RIGHT]
    rightwards = graph.slot[moved] < graph.slot[left] if left != none else False
    if was_left != none:
        node[was_left, RIGHT] = was_right
    if was_right != none:
        node[was_right, LEFT] = was_left
    node[moved, LEFT], node[moved, RIGHT] = left, right
    if left != none:
        node[left, RIGHT] = moved
    if right != none:
        node[right, LEFT] = moved
    else:
        graph.last[graph.machine[moved]] = moved
    if was_right == none:
        graph.last[graph.machine[moved]] = was_left
    if rightwards:
        _renumber(graph, was_right, moved, was_left)
    else:
        _renumber(graph, moved, was_left, left)


@bare_kernel
def _renumber(graph: Graph, first: int, final: int, left: int) -> None:
    slot = 0 if left == len(graph.machine) else graph.slot[left] + 1
    graph.slot[first] = slot
    while first != final:
        first = graph.node[first, RIGHT]
        slot += 1
        graph.slot[first] = slot


@bare_kernel
def refresh(graph: Graph, first: int, final: int) -> int:
    """Bring heads and tails up to date after a move.

    Args:
        graph: the graph.
        first: first operation of the part of a machine's sequence that was changed.
        final: last operation of that part.

    Returns:
        The makespan.
    """
    node, none = graph.node, len(graph.machine)
    lowest, highest = none, 0
    pending = 0
    operation = first
    beyond = node[final, RIGHT]
    stop = none if beyond == none else node[beyond, RIGHT]
    while operation != stop:
        graph.flags[graph.place[operation]] = 1
        lowest = min(lowest, graph.place[operation])
        pending += 1
        operation = node[operation, RIGHT]
    _sweep_heads(graph, lowest, pending)
    operation, pending = final, 0
    beyond = node[first, LEFT]
    stop = none if beyond == none else node[beyond, LEFT]
    while operation != stop:
        graph.flags[graph.place[operation]] = 1
        highest = max(highest, graph.place[operation])
        pending += 1
        operation = node[operation, LEFT]
    _sweep_tails(graph, highest, pending)
    return makespan_of(graph)


@bare_kernel
def _sweep_heads(graph: Graph, lowest: int, pending: int) -> None:
    node, flags, words, place = graph.node, graph.flags, graph.words, graph.place
    order, none = graph.order, len(graph.machine)
    word = lowest >> 3
    while pending > 0:
        if words[word] == 0:
            word += 1
            continue
        for at in range(8 * word, 8 * word + 8):
            if flags[at] == 0:
                continue
            flags[at] = 0
            pending -= 1
            operation = order[at]
            head = head_of(node, operation)
            if head != node[operation, HEAD]:
                node[operation, HEAD] = head
                after, right = node[operation, AFTER], node[operation, RIGHT]
                if after != none:
                    pending += 1 - flags[place[after]]
                    flags[place[after]] = 1
                if right != none:
                    pending += 1 - flags[place[right]]
                    flags[place[right]] = 1
        word += 1


@bare_kernel
def _sweep_tails(graph: Graph, highest: int, pending: int) -> None:
    node, flags, words, place = graph.node, graph.flags, graph.words, graph.place
    order, none = graph.order, len(graph.machine)
    word = highest >> 3
    while pending > 0:
        if words[word] == 0:
            word -= 1
            continue
        for at in range(8 * word + 7, 8 * word - 1, -1):
            if flags[at] == 0:
                continue
            flags[at] = 0
            pending -= 1
            operation = order[at]
            tail = tail_of(node, operation)
            if tail != node[operation, TAIL]:
                node[operation, TAIL] = tail
                before, left = node[operation, BEFORE], node[operation, LEFT]
                if before < none:
                    pending += 1 - flags[place[before]]
                    flags[place[before]] = 1
                if left != none:
                    pending += 1 - flags[place[left]]
                    flags[place[left]] = 1
        word -= 1
