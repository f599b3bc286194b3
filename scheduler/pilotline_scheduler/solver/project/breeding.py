"""Kernels of a genetic algorithm over schedules of a project.

A child takes a busy stretch of time from one parent and the rest, before and after, from the other
(peak crossover: Valls, Ballestín & Quintanilla 2008; Debels & Vanhoucke 2007), or the order of one
with a middle part in the order of the other (Hartmann 1998).
"""

from typing import NamedTuple

import numpy as np

from pilotline_scheduler.solver.kernel import kernel
from pilotline_scheduler.solver.project.placing import justify, place_left, sort_by
from pilotline_scheduler.solver.project.project import Ints, Net

_MOST_MUTATIONS = 3


class Island(NamedTuple):
    """A population and what breeding it needs.

    Attributes:
        starts: schedules, a row each.
        spans: their makespans.
        prints: a number for each, by which equal ones are told.
        child, order, keys, marks, stack, counts: room to work in.
        free: timeline with nothing placed.
        load: energy drawn per step, summed up from the first one.
        random: state of the random numbers.
    """

    starts: Ints
    spans: Ints
    prints: Ints
    child: Ints
    order: Ints
    keys: Ints
    marks: Ints
    stack: Ints
    counts: Ints
    free: Ints
    load: Ints
    random: Ints


@kernel
def draw(random: Ints, below: int) -> int:
    """Return a number from 0 up to `below` (Knuth's linear congruential generator)."""
    random[0] = random[0] * np.int64(6364136223846793005) + np.int64(1442695040888963407)
    return int(((random[0] >> 33) & 0x7FFFFFFF) % below)


@kernel
def repair(net: Net, island: Island, wanted: Ints) -> None:
    """Write the activities in a wanted order, each one's open predecessors right before it."""
    marks, stack, order = island.marks, island.stack, island.order
    marks[:] = 0
    count = 0
    for position in range(wanted.shape[0]):
        depth = 0
        stack[0] = wanted[position]
        while depth >= 0:
            activity = stack[depth]
            pending = -1
            if marks[activity] == 0:
                for arc in range(net.before_at[activity], net.before_at[activity + 1]):
                    if marks[net.before[arc]] == 0:
                        pending = net.before[arc]
                        break
            if pending >= 0:
                depth += 1
                stack[depth] = pending
                continue
            if marks[activity] == 0:
                marks[activity] = 1
                order[count] = activity
                count += 1
            depth -= 1


@kernel
def busiest(net: Net, island: Island, row: int) -> tuple[int, int]:
    """Return the stretch of a schedule that draws most, of a random length."""
    span = island.spans[row]
    load = island.load
    load[: span + 2] = 0
    for activity in range(net.ticks.shape[0]):
        start = island.starts[row, activity]
        load[start + 1] += net.rate[activity]
        load[start + net.ticks[activity] + 1] -= net.rate[activity]
    for tick in range(1, span + 1):
        load[tick] += load[tick - 1]
    for tick in range(1, span + 1):
        load[tick] += load[tick - 1]
    length = max(1, span // 4 + draw(island.random, span // 2 + 1))
    first, most = 0, np.int64(-1)
    for tick in range(span - length + 1):
        energy = load[tick + length] - load[tick]
        if energy > most:
            first, most = tick, energy
    return first, first + length


@kernel
def peak_child(net: Net, island: Island, father: int, mother: int) -> None:
    """Write the order of a child that has a busy stretch of its father."""
    low, high = busiest(net, island, father)
    span = max(island.spans[father], island.spans[mother]) + 1
    for activity in range(net.ticks.shape[0]):
        mine = island.starts[father, activity]
        other = island.starts[mother, activity]
        if low <= mine < high:
            island.keys[activity] = span + mine
        else:
            island.keys[activity] = other if other < low else other + 2 * span
    sort_by(island.keys, island.counts, island.child)
    repair(net, island, island.child)


@kernel
def two_point_child(net: Net, island: Island, father: int, mother: int) -> None:
    """Write the order of a child: a middle part as in its mother, the rest as in its father."""
    count = net.ticks.shape[0]
    sort_by(island.starts[father], island.counts, island.child)
    sort_by(island.starts[mother], island.counts, island.stack)
    one, other = draw(island.random, count + 1), draw(island.random, count + 1)
    first, last = min(one, other), max(one, other)
    island.marks[:] = 0
    place = 0
    for position in range(first):
        island.order[place] = island.child[position]
        island.marks[island.child[position]] = 1
        place += 1
    for position in range(count):
        activity = island.stack[position]
        if place < last and island.marks[activity] == 0:
            island.order[place] = activity
            island.marks[activity] = 1
            place += 1
    for position in range(first, count):
        activity = island.child[position]
        if island.marks[activity] == 0:
            island.order[place] = activity
            place += 1


@kernel
def mutate(net: Net, island: Island, changes: int) -> None:
    """Move a few activities to other places that precedences allow."""
    order = island.order
    count = order.shape[0]
    for _ in range(changes):
        position = draw(island.random, count)
        activity = order[position]
        low = high = position
        while low > 0 and not waits(net, activity, order[low - 1]):
            low -= 1
        while high + 1 < count and not waits(net, order[high + 1], activity):
            high += 1
        goal = low + draw(island.random, high - low + 1)
        while position < goal:
            order[position] = order[position + 1]
            position += 1
        while position > goal:
            order[position] = order[position - 1]
            position -= 1
        order[goal] = activity


@kernel
def waits(net: Net, activity: int, other: int) -> bool:
    """Return whether an activity waits for another directly."""
    for arc in range(net.before_at[activity], net.before_at[activity + 1]):
        if net.before[arc] == other:
            return True
    return False


@kernel
def tournament(island: Island, rounds: int, worst: bool) -> int:
    """Return the best, or the worst, of a few schedules drawn."""
    chosen = draw(island.random, island.spans.shape[0])
    for _ in range(rounds - 1):
        other = draw(island.random, island.spans.shape[0])
        if (island.spans[other] > island.spans[chosen]) == worst:
            chosen = other
    return chosen


@kernel
def fingerprint(starts: Ints) -> int:
    """Return a number that differs for different schedules, but for chance."""
    found = np.int64(0)
    for activity in range(starts.shape[0]):
        found = found * np.int64(1000003) + starts[activity]
    return int(found)


@kernel
def settle(island: Island, row: int, starts: Ints, span: int) -> bool:
    """Put a schedule in place of another, unless it is there already."""
    found = fingerprint(starts)
    for other in range(island.prints.shape[0]):
        if island.prints[other] == found:
            return False
    island.starts[row, :] = starts
    island.spans[row] = span
    island.prints[row] = found
    return True


@kernel
def build(net: Net, island: Island, starts: Ints) -> int:
    """Write the justified schedule in the island's order; return its makespan."""
    span = place_left(net, island.free, island.order, starts)
    return justify(net, island.free, island.order, island.keys, island.counts, starts, span)


@kernel
def populate(net: Net, island: Island, first: int, last: int) -> None:
    """Fill rows of the island, up to one before `last`, with schedules in random orders."""
    for row in range(first, last):
        starts = island.starts[row]
        for activity in range(net.ticks.shape[0]):
            island.keys[activity] = draw(island.random, net.ticks.shape[0])
        sort_by(island.keys, island.counts, island.child)
        repair(net, island, island.child)
        span = build(net, island, starts)
        island.spans[row] = span
        island.prints[row] = fingerprint(starts)


@kernel
def breed(net: Net, island: Island) -> None:
    """Write the order of a child of two schedules that won a tournament each."""
    father = tournament(island, 2, False)
    mother = tournament(island, 2, False)
    if draw(island.random, 2) == 0:
        peak_child(net, island, father, mother)
    else:
        two_point_child(net, island, father, mother)
    mutate(net, island, draw(island.random, _MOST_MUTATIONS + 1))


@kernel
def evolve(net: Net, island: Island, children: int, target: int) -> int:
    """Breed children; return how many were bred up to the last one better than any before.

    Args:
        net: the project.
        island: its schedules get better.
        children: how many.
        target: end as soon as a schedule is as short.
    """
    starts = np.empty(net.ticks.shape[0], np.int64)
    best = island.spans.min()
    last = 0
    for child in range(1, children + 1):
        if best <= target:
            break
        breed(net, island)
        span = build(net, island, starts)
        victim = tournament(island, 2, True)
        if span <= island.spans[victim] and settle(island, victim, starts, span) and span < best:
            best, last = span, child
    return last
