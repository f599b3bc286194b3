"""Tabu search for little weighted tardiness (after Mati, Dauzere-Peres & Lahlou 2011).

Each late run has a critical path of its own; moves turn neighbours on a machine along any of them,
or take an operation from one end of a block to the other. Every move is tried: heads are computed
again as far as they change, and put back from a journal.
"""

from typing import NamedTuple

import numpy as np

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.sequence.graph import (
    Graph,
    Ints,
    copy_into,
    head_of,
    shift_left,
    shift_right,
)
from pilotline_scheduler.solver.shop.sequence.moves import chain_head
from pilotline_scheduler.solver.shop.sequence.node import (
    AFTER,
    BEFORE,
    HEAD,
    LEFT,
    RIGHT,
    TICKS,
)
from pilotline_scheduler.solver.shop.sequence.tabu import (
    BEST,
    LATEST,
    STEP,
    Memory,
    bar,
    draw,
    is_barred,
)

_NEVER = 2**62


class Dues(NamedTuple):
    """What late runs cost, and a journal of heads.

    Attributes:
        ends: last operation of each run.
        due: of each run.
        weight: of each run.
        seen: step at which a move was tried last, per operation and kind of move.
        changed: operations whose head changed in the move that is tried.
        was: their heads before.
        held: how many those are.
    """

    ends: Ints
    due: Ints
    weight: Ints
    seen: Ints
    changed: Ints
    was: Ints
    held: Ints


def dues_of(ends: Ints, due: Ints, weight: Ints, operations: int) -> Dues:
    """Return the costs of late runs with an empty journal."""
    return Dues(
        ends=ends,
        due=due,
        weight=weight,
        seen=np.full(3 * operations, -1, np.int64),
        changed=np.zeros(operations, np.int64),
        was=np.zeros(operations, np.int64),
        held=np.zeros(1, np.int64),
    )


@bare_kernel
def tardiness(graph: Graph, dues: Dues) -> int:
    """Return the weighted tardiness of all runs."""
    node, total = graph.node, 0
    for run in range(len(dues.ends)):
        end = dues.ends[run]
        late = node[end, HEAD] + node[end, TICKS] - dues.due[run]
        if late > 0:
            total += late * dues.weight[run]
    return total


@bare_kernel
def search_tardiness(
    graph: Graph, memory: Memory, dues: Dues, steps: int, patience: int, goal: int
) -> int:
    """Search on from the present plan; the best goes to `memory`; return the steps made.

    Args:
        graph: an arranged graph; its tails are not kept up to date.
        memory: what was done before.
        dues: what late runs cost.
        steps: how many more to make.
        patience: steps without a better plan after which to end.
        goal: a value at which to end.
    """
    numbers, move, done = memory.numbers, memory.move, 0
    while done < steps:
        if numbers[BEST] <= goal or numbers[STEP] - numbers[LATEST] > patience:
            break
        if not _choose(graph, memory, dues):
            break
        bar(graph, memory, move[0], move[1], move[2] != 0)
        _shift(graph, dues, move[0], move[1], move[2] != 0)
        numbers[STEP] += 1
        done += 1
        value = tardiness(graph, dues)
        if value < numbers[BEST]:
            numbers[BEST], numbers[LATEST] = value, numbers[STEP]
            copy_into(graph.order, memory.best)
    return done


@bare_kernel
def _choose(graph: Graph, memory: Memory, dues: Dues) -> bool:
    """Try the moves along the critical path of every late run; return whether there is one."""
    node, choice = graph.node, memory.choice
    choice[0], choice[1], choice[2], choice[3] = _NEVER, _NEVER, 0, 0
    for run in range(len(dues.ends)):
        end = dues.ends[run]
        if dues.weight[run] > 0 and node[end, HEAD] + node[end, TICKS] > dues.due[run]:
            begin = _path_to(graph, memory, end)
            _try_blocks(graph, memory, dues, begin)
    return bool(choice[1] != _NEVER or choice[3] > 0)


@bare_kernel
def _path_to(graph: Graph, memory: Memory, operation: int) -> int:
    """Put a critical path to an operation at the end of `memory.path`; return where it begins."""
    node, none = graph.node, len(graph.machine)
    at = none
    while operation < none:
        at -= 1
        memory.path[at] = operation
        head, left, before = node[operation, HEAD], node[operation, LEFT], node[operation, BEFORE]
        by_machine = left != none and node[left, HEAD] + node[left, TICKS] == head
        by_chain = before < none and chain_head(node, operation) == head
        if by_machine and (not by_chain or draw(memory.numbers, 2) == 0):
            operation = left
        elif by_chain:
            operation = before
        else:
            break
    return at


@bare_kernel
def _try_blocks(graph: Graph, memory: Memory, dues: Dues, begin: int) -> None:
    node, path, count, end = graph.node, memory.path, len(graph.machine), len(graph.machine)
    first = begin
    while first < end:
        final = first
        while final + 1 < end and node[path[final], RIGHT] == path[final + 1]:
            _try(graph, memory, dues, path[final], path[final + 1], True, path[final])
            final += 1
        if final > first + 1:
            opens, closes = path[first], path[final]
            _try(graph, memory, dues, opens, closes, True, count + opens)
            _try(graph, memory, dues, closes, opens, False, 2 * count + closes)
        first = final + 1


@bare_kernel
def _try(
    graph: Graph,
    memory: Memory,
    dues: Dues,
    moved: int,
    target: int,
    rightwards: bool,
    kind: int,
) -> None:
    """Keep a move if it is the best so far: not barred, or better than the best plan."""
    numbers, choice, move, node = memory.numbers, memory.choice, memory.move, graph.node
    if dues.seen[kind] == numbers[STEP]:
        return
    dues.seen[kind] = numbers[STEP]
    home = node[moved, RIGHT] if rightwards else node[moved, LEFT]
    if not _shift(graph, dues, moved, target, rightwards):
        return
    value = tardiness(graph, dues)
    _put_back(graph, dues, moved, home, rightwards)
    if value >= numbers[BEST] and is_barred(graph, memory, moved, target, rightwards):
        choice[3] += 1
        if choice[1] == _NEVER and draw(numbers, choice[3]) == 0:
            move[0], move[1], move[2] = moved, target, rightwards
        return
    if value > choice[0]:
        return
    if value < choice[0]:
        choice[2] = 0
    choice[2] += 1
    if draw(numbers, choice[2]) == 0:
        move[0], move[1], move[2] = moved, target, rightwards
    choice[0], choice[1] = value, value


@bare_kernel
def _shift(graph: Graph, dues: Dues, moved: int, target: int, rightwards: bool) -> bool:
    """Make a move and bring heads up to date; return whether it was possible."""
    node = graph.node
    first = node[moved, RIGHT] if rightwards else moved
    final = moved if rightwards else node[moved, LEFT]
    possible = shift_right(graph, moved, target) if rightwards else shift_left(graph, moved, target)
    dues.held[0] = 0
    if possible:
        _sweep(graph, dues, first, final)
    return possible


@bare_kernel
def _sweep(graph: Graph, dues: Dues, first: int, final: int) -> None:
    """Compute heads again from a changed part of a machine's sequence on, with a journal."""
    node, flags, words, place = graph.node, graph.flags, graph.words, graph.place
    none, pending, held, operation = len(graph.machine), 0, 0, first
    lowest, stop = none, node[final, RIGHT]
    stop = none if stop == none else node[stop, RIGHT]
    while operation != stop:
        flags[place[operation]] = 1
        lowest = min(lowest, place[operation])
        pending += 1
        operation = node[operation, RIGHT]
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
            operation = graph.order[at]
            head = head_of(node, operation)
            if head != node[operation, HEAD]:
                dues.changed[held], dues.was[held] = operation, node[operation, HEAD]
                held += 1
                node[operation, HEAD] = head
                after, right = node[operation, AFTER], node[operation, RIGHT]
                if after != none:
                    pending += 1 - flags[place[after]]
                    flags[place[after]] = 1
                if right != none:
                    pending += 1 - flags[place[right]]
                    flags[place[right]] = 1
        word += 1
    dues.held[0] = held


@bare_kernel
def _put_back(graph: Graph, dues: Dues, moved: int, home: int, rightwards: bool) -> None:
    """Undo the last move; `home` is what was next to the operation on the way it went."""
    if rightwards:
        shift_left(graph, moved, home)
    else:
        shift_right(graph, moved, home)
    for index in range(dues.held[0]):
        graph.node[dues.changed[index], HEAD] = dues.was[index]
