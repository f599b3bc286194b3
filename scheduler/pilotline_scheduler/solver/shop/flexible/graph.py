"""The disjunctive graph of a flexible shop, as arrays that kernels take."""

from typing import NamedTuple

import numpy as np

from pilotline_scheduler.solver.shop.shop import Ints, Shop


class Graph(NamedTuple):
    """What never changes; rows are compressed as in `Shop`, whose attributes most of these are.

    The setup between two operations on a machine is ``setup[leaving + entering]`` by the modes of
    the first and of the second; before a machine's first operation, ``setup[fresh + entering]``.

    Attributes:
        row_at: offset of each machine in the row of sequences; as wide as operations may be on it.
        mode_entering, mode_leaving: of each mode, where its setups are.
        fresh: of each machine, where setups from its first state are.
        setup: all matrices; the first element is for machines without setups.
    """

    mode_at: Ints
    mode_machine: Ints
    mode_ticks: Ints
    mode_entering: Ints
    mode_leaving: Ints
    after_at: Ints
    after: Ints
    after_lag: Ints
    before_at: Ints
    before: Ints
    before_lag: Ints
    earliest: Ints
    row_at: Ints
    fresh: Ints
    setup: Ints


class Selection(NamedTuple):
    """A plan: a mode for each operation and a sequence on each machine, with its longest paths.

    Attributes:
        mode, machine, ticks, entering, leaving: of each operation, by its chosen mode.
        row, length: the machines' sequences, and how many operations each has.
        position: place of each operation in its machine's sequence.
        order, place: all operations in a topological order, and where each is in it.
        ready, head: earliest start by predecessors in the run alone; and by the machine too.
        rest, tail: longest way from the end to the end of the plan, by the run alone; and in all.
    """

    mode: Ints
    machine: Ints
    ticks: Ints
    entering: Ints
    leaving: Ints
    row: Ints
    length: Ints
    position: Ints
    order: Ints
    place: Ints
    ready: Ints
    head: Ints
    rest: Ints
    tail: Ints


def graph_of(shop: Shop) -> Graph:
    """Return the graph of a shop in which every mode of a machine with setups has a state."""
    able = np.bincount(shop.mode_machine, minlength=shop.machines)
    setup, fresh = [np.zeros(1, dtype=np.int64)], np.zeros(shop.machines, dtype=np.int64)
    entering = np.zeros(len(shop.mode_machine), dtype=np.int64)
    leaving = np.zeros(len(shop.mode_machine), dtype=np.int64)
    size = 1
    for machine in np.flatnonzero(shop.setup_at >= 0):
        at, states = shop.setup_at[machine], shop.setup_states[machine]
        matrix = shop.setup[at : at + states * states]
        initial = shop.initial[machine] * states
        first = np.zeros(states) if initial < 0 else matrix[initial : initial + states]
        here = shop.mode_machine == machine
        entering[here] = shop.mode_state[here]
        leaving[here] = size + shop.mode_state[here] * states
        fresh[machine] = size + len(matrix)
        setup += [matrix, first.astype(np.int64)]
        size += len(matrix) + len(first)
    return Graph(
        mode_at=shop.mode_at,
        mode_machine=shop.mode_machine,
        mode_ticks=shop.mode_ticks,
        mode_entering=entering,
        mode_leaving=leaving,
        after_at=shop.after_at,
        after=shop.after,
        after_lag=shop.after_lag,
        before_at=shop.before_at,
        before=shop.before,
        before_lag=shop.before_lag,
        earliest=shop.earliest,
        row_at=np.concatenate(([0], np.cumsum(able))).astype(np.int64),
        fresh=fresh,
        setup=np.concatenate(setup),
    )


def empty_selection(graph: Graph) -> Selection:
    """Return a selection in which nothing is placed."""
    operations, machines = len(graph.earliest), len(graph.row_at) - 1
    sizes = {"row": int(graph.row_at[-1]), "length": machines}
    return Selection(
        *(np.zeros(sizes.get(name, operations), dtype=np.int64) for name in Selection._fields)
    )
