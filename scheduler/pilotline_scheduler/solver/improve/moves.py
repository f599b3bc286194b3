"""Small changes to the order in which a plan is rebuilt.

A plan rebuilt in the order of its own starts, machine by machine as they were, comes out the same
or tighter. A move changes a few keys of that order, and leaves the machines of what it moved open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from pilotline_scheduler.solver.improve.pain import pains
from pilotline_scheduler.solver.instance import Instance, Schedule, sequences

_SCATTERED = (1, 3, 10)
_REACH = (0.01, 0.05, 0.2, 0.5)
"""Shares of the plan's length that a move shifts a key by, at most."""


@dataclass(slots=True)
class Order:
    """The order in which a plan is to be rebuilt.

    Attributes:
        keys: per operation; smaller is placed earlier.
        modes: per operation; -1 where another machine may be chosen.
    """

    keys: list[float]
    modes: list[int]

    def shift(self, operations: Sequence[int], by: float) -> None:
        """Move operations and leave their machines open."""
        for operation in operations:
            self.keys[operation] += by
            self.modes[operation] = -1


class Moves:
    """Draws moves for a plan.

    Args:
        instance: what is planned.
        random: where choices come from.
    """

    def __init__(self, instance: Instance, random: Random) -> None:
        self._instance = instance
        self._random = random
        self._kinds: Sequence[Callable[[Schedule, Order], None]] = (
            self._pull_run,
            self._pull_rest_of_run,
            self._push_run,
            self._shift_operation,
            self._scatter,
            self._exchange,
        )

    def draw(self, schedule: Schedule) -> Order:
        """Return the order of a plan with one move made."""
        order = Order([float(start) for start in schedule.start], list(schedule.mode))
        if schedule.start:
            self._random.choice(self._kinds)(schedule, order)
        return order

    def _reach(self, schedule: Schedule) -> float:
        length = max(schedule.end) - min(schedule.start) + 1
        return self._random.choice(_REACH) * length * self._random.random()

    def _painful_run(self, schedule: Schedule) -> tuple[int, ...]:
        runs = self._instance.runs
        weights = pains(self._instance, schedule)
        return self._random.choices(runs, weights)[0].operations

    def _pull_run(self, schedule: Schedule, order: Order) -> None:
        """Place a run that hurts earlier."""
        order.shift(self._painful_run(schedule), -self._reach(schedule))

    def _pull_rest_of_run(self, schedule: Schedule, order: Order) -> None:
        """Place the later operations of a run that hurts earlier."""
        operations = self._painful_run(schedule)
        first = self._random.randrange(len(operations))
        order.shift(operations[first:], -self._reach(schedule))

    def _push_run(self, schedule: Schedule, order: Order) -> None:
        """Place a run later, to make room."""
        operations = self._random.choice(self._instance.runs).operations
        order.shift(operations, self._reach(schedule))

    def _shift_operation(self, schedule: Schedule, order: Order) -> None:
        """Place one operation earlier or later."""
        operation = self._random.randrange(len(order.keys))
        sign = self._random.choice((-1, 1))
        order.shift((operation,), sign * self._reach(schedule))

    def _scatter(self, schedule: Schedule, order: Order) -> None:
        """Place several operations a little earlier or later."""
        reach = self._reach(schedule)
        for _ in range(self._random.choice(_SCATTERED)):
            operation = self._random.randrange(len(order.keys))
            order.shift((operation,), self._random.gauss(0, reach))

    def _exchange(self, schedule: Schedule, order: Order) -> None:
        """Exchange two neighbours on a machine."""
        pairs = [sequence for sequence in sequences(self._instance, schedule) if len(sequence) > 1]
        if not pairs:
            return
        sequence = self._random.choice(pairs)
        position = self._random.randrange(len(sequence) - 1)
        one, other = sequence[position], sequence[position + 1]
        order.keys[one], order.keys[other] = order.keys[other], order.keys[one]
