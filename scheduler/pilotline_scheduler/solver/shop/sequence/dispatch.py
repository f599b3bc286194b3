"""First sequences: machines that never wait while they could work, each taking what is first."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np

from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.node import AFTER, BEFORE, HEAD, TICKS, WAIT


class Floor:
    """A shop floor on which operations are dispatched in the order of time.

    It is plain Python, so that there is a first plan before any kernel is compiled.
    """

    def __init__(self, jobs: Jobs) -> None:
        count = len(jobs.machine)
        self._machines = jobs.machines
        self._machine: list[int] = jobs.machine.tolist()
        self._ticks: list[int] = jobs.node[:count, TICKS].tolist()
        self._wait: list[int] = jobs.node[:count, WAIT].tolist()
        self._after: list[int] = jobs.node[:count, AFTER].tolist()
        firsts = np.flatnonzero(jobs.node[:count, BEFORE] >= count)
        self._arrivals = [(int(jobs.node[first, HEAD]), int(first)) for first in firsts]
        heapify(self._arrivals)

    def dispatch(self, urgency: Sequence[float]) -> Ints:
        """Return operations in the order of their starts, which is topological.

        Args:
            urgency: of each operation; of those that wait, the one with the least is started.
        """
        count, order = len(self._machine), []
        events = list(self._arrivals)
        queues: list[list[tuple[float, int]]] = [[] for _ in range(self._machines)]
        free = [0] * self._machines
        while events:
            now, called = events[0][0], set()
            while events and events[0][0] == now:
                _, happening = heappop(events)
                machine = happening - count
                if happening < count:
                    machine = self._machine[happening]
                    heappush(queues[machine], (urgency[happening], happening))
                called.add(machine)
            for machine in called:
                if free[machine] > now or not queues[machine]:
                    continue
                _, operation = heappop(queues[machine])
                order.append(operation)
                end = free[machine] = now + self._ticks[operation]
                heappush(events, (end, count + machine))
                after = self._after[operation]
                if after != count:
                    heappush(events, (end + self._wait[operation], after))
        return np.array(order, np.int64)


def starts(jobs: Jobs, order: Ints) -> list[int]:
    """Return the earliest start of each operation if machines work in a topological order."""
    node, none = jobs.node, len(jobs.machine)
    ticks, wait = node[:, TICKS].tolist(), node[:, WAIT].tolist()
    before, machine = node[:, BEFORE].tolist(), jobs.machine.tolist()
    start: list[int] = node[:, HEAD].tolist()
    free = [0] * jobs.machines
    for operation in order.tolist():
        earlier = before[operation]
        by_chain = start[earlier] + ticks[earlier] + wait[earlier]
        start[operation] = max(by_chain, free[machine[operation]])
        free[machine[operation]] = start[operation] + ticks[operation]
    return start[:none]
