"""Tabu search over the sequences of a job shop (Zhang et al. 2007; Peng, Lu & Cheng 2015).

A critical path, chosen at random, is cut into blocks of neighbours on a machine. Moves take an
operation of a block right behind its last or before its first one, or its first or last one into
the block. The best by estimate is made unless it turns back a pair of operations that was turned
not long ago.
"""

from typing import NamedTuple

import numpy as np

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.sequence.graph import (
    Graph,
    Ints,
    copy_into,
    makespan_of,
    refresh,
    shift_left,
    shift_right,
)
from pilotline_scheduler.solver.shop.sequence.moves import (
    chain_head,
    estimate_left,
    estimate_right,
    may_follow,
    may_precede,
)
from pilotline_scheduler.solver.shop.sequence.node import BEFORE, HEAD, LEFT, RIGHT, TICKS

_SLOTS = 1 << 16
_NEVER = 2**62
STEP, BEST, TENURE, SPREAD, REACH, RANDOM, LATEST = range(7)


class Memory(NamedTuple):
    """What a tabu search remembers.

    Attributes:
        numbers: steps so far; best makespan; least tenure of a tabu and how far it spreads; the
            most places an operation moves; state of the random numbers; step of the last better
            plan.
        best: topological order of the best plan.
        barred: pairs of operations that must not come into that order again, by hash.
        until: the step until which each is barred.
        path: scratch.
        scratch: scratch.
        move: the move chosen: operation, target, direction.
        choice: scratch.
    """

    numbers: Ints
    best: Ints
    barred: Ints
    until: Ints
    path: Ints
    scratch: Ints
    move: Ints
    choice: Ints


def memory_of(graph: Graph, seed: int, *, tenure: int, spread: int, reach: int) -> Memory:
    """Return an empty memory for a graph."""
    operations = len(graph.machine)
    random = np.random.default_rng(seed)
    numbers = np.zeros(7, np.int64)
    numbers[[TENURE, SPREAD, REACH]] = tenure, spread, reach
    numbers[RANDOM] = random.integers(1, 2**62)
    return Memory(
        numbers=numbers,
        best=np.zeros(operations, np.int64),
        barred=np.zeros(_SLOTS, np.int64),
        until=np.zeros(_SLOTS, np.int64),
        path=np.zeros(operations, np.int64),
        scratch=np.zeros(operations, np.int64),
        move=np.zeros(3, np.int64),
        choice=np.zeros(4, np.int64),
    )


@bare_kernel
def draw(numbers: Ints, bound: int) -> int:
    """Return a random number from 0 to below a bound (xorshift, Marsaglia 2003)."""
    state = numbers[RANDOM]
    state ^= state << 13
    state ^= (state >> 7) & 0x1FFFFFFFFFFFFFF
    state ^= state << 17
    numbers[RANDOM] = state
    return int(((state >> 20) & 0x7FFFFFFF) % bound)


@bare_kernel
def critical_path(graph: Graph, memory: Memory, makespan: int) -> int:
    """Put a critical path, in order, at the end of `memory.path`; return where it begins."""
    node, none, seen, operation = graph.node, len(graph.machine), 0, -1
    for each in graph.last:
        if node[each, HEAD] + node[each, TICKS] == makespan:
            seen += 1
            if draw(memory.numbers, seen) == 0:
                operation = each
    at = none
    while operation < none:
        at -= 1
        memory.path[at] = operation
        head, left, before = (
            node[operation, HEAD],
            node[operation, LEFT],
            node[operation, BEFORE],
        )
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
def choose_move(graph: Graph, memory: Memory, begin: int) -> bool:
    """Choose a move along the critical path in `memory.path` from `begin` on; False if none is."""
    node, path, end = graph.node, memory.path, len(graph.machine)
    choice = memory.choice
    choice[0], choice[1], choice[2], choice[3] = _NEVER, _NEVER, 0, 0
    first = begin
    while first < end:
        final = first
        while final + 1 < end and node[path[final], RIGHT] == path[final + 1]:
            final += 1
        if final > first:
            _weigh_block(graph, memory, first, final, begin, choice)
        first = final + 1
    return bool(choice[1] != _NEVER or choice[3] > 0)


@bare_kernel
def _weigh_block(
    graph: Graph, memory: Memory, first: int, final: int, begin: int, choice: Ints
) -> None:
    path, node, reach = memory.path, graph.node, memory.numbers[REACH]
    opens, closes = path[first], path[final]
    if final + 1 < len(path):
        for at in range(max(first, final - reach), final):
            _weigh(graph, memory, path[at], closes, True, choice)
    if first > begin or chain_head(node, opens) > 0:
        for at in range(first + 1, min(final, first + reach) + 1):
            if at < final or final - first > 1 or final + 1 == len(path):
                _weigh(graph, memory, path[at], opens, False, choice)
    for at in range(first + 1, min(final, first + reach + 1)):
        _weigh(graph, memory, opens, path[at], True, choice)
    for at in range(max(first + 1, final - reach), final):
        _weigh(graph, memory, closes, path[at], False, choice)


@bare_kernel
def _weigh(
    graph: Graph, memory: Memory, moved: int, target: int, rightwards: bool, choice: Ints
) -> None:
    """Keep a move if it is the best so far: not barred, or better than the best plan."""
    node, numbers = graph.node, memory.numbers
    if rightwards:
        if not may_follow(node, moved, target):
            return
        value = estimate_right(node, moved, target, memory.scratch)
    else:
        if not may_precede(node, moved, target):
            return
        value = estimate_left(node, moved, target, memory.scratch)
    if value > choice[0]:
        return
    if is_barred(graph, memory, moved, target, rightwards):
        choice[3] += 1
        if choice[1] == _NEVER and draw(numbers, choice[3]) == 0:
            memory.move[0], memory.move[1], memory.move[2] = moved, target, rightwards
        return
    if value == choice[0]:
        choice[2] += 1
        if draw(numbers, choice[2]) != 0:
            return
    else:
        choice[2] = 1
    choice[0], choice[1] = value, value
    memory.move[0], memory.move[1], memory.move[2] = moved, target, rightwards


@bare_kernel
def is_barred(graph: Graph, memory: Memory, moved: int, target: int, rightwards: bool) -> bool:
    """Return whether a move would turn a pair back that was turned not long ago."""
    node, barred, until, step = graph.node, memory.barred, memory.until, memory.numbers[STEP]
    operation = moved
    while operation != target:
        operation = node[operation, RIGHT] if rightwards else node[operation, LEFT]
        key = _key(operation, moved) if rightwards else _key(moved, operation)
        at = key & (_SLOTS - 1)
        if until[at] > step and barred[at] == key:
            return True
    return False


@bare_kernel
def _key(first: int, second: int) -> int:
    """Return a number for one operation before another one."""
    key = (first << 32) ^ second
    key *= 0x9E3779B97F4A7C1
    return key ^ (key >> 29)


@bare_kernel
def bar(graph: Graph, memory: Memory, moved: int, target: int, rightwards: bool) -> None:
    """Bar the pairs that a move is about to turn from coming back for some steps."""
    node, numbers, operation = graph.node, memory.numbers, moved
    until = numbers[STEP] + numbers[TENURE] + draw(numbers, numbers[SPREAD])
    while operation != target:
        operation = node[operation, RIGHT] if rightwards else node[operation, LEFT]
        key = _key(moved, operation) if rightwards else _key(operation, moved)
        at = key & (_SLOTS - 1)
        memory.barred[at] = key
        memory.until[at] = until


@bare_kernel
def make_move(graph: Graph, memory: Memory) -> int:
    """Make the chosen move; return the makespan."""
    node = graph.node
    moved, target, rightwards = memory.move[0], memory.move[1], memory.move[2]
    if rightwards:
        bar(graph, memory, moved, target, True)
        first, final = node[moved, RIGHT], moved
        possible = shift_right(graph, moved, target)
    else:
        bar(graph, memory, moved, target, False)
        first, final = moved, node[moved, LEFT]
        possible = shift_left(graph, moved, target)
    return refresh(graph, first, final) if possible else makespan_of(graph)


@bare_kernel
def search_sequences(graph: Graph, memory: Memory, steps: int, patience: int, goal: int) -> int:
    """Search on from the present plan; the best goes to `memory`.

    Args:
        graph: an arranged graph.
        memory: what was done before.
        steps: how many more to make.
        patience: steps without a better plan after which to end.
        goal: a makespan at which to end.

    Returns:
        The steps made.
    """
    numbers, done = memory.numbers, 0
    makespan, saved = makespan_of(graph), False
    while done < steps:
        if makespan < numbers[BEST]:
            numbers[BEST], numbers[LATEST], saved = makespan, numbers[STEP], True
        if numbers[BEST] <= goal or numbers[STEP] - numbers[LATEST] > patience:
            break
        begin = critical_path(graph, memory, makespan)
        if not choose_move(graph, memory, begin):
            break
        if saved and memory.move[0] >= 0:
            copy_into(graph.order, memory.best)
            saved = False
        makespan = make_move(graph, memory)
        numbers[STEP] += 1
        done += 1
    if saved:
        copy_into(graph.order, memory.best)
    return done
