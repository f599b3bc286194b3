"""Small changes to the order in which a plan is rebuilt.

A plan rebuilt in the order of its own starts, machine by machine as they were, comes out the same
or tighter. A move changes a few keys of that order, and leaves the machines of what it moved open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.improve.pain import pains
from pilotline_scheduler.solver.instance import Instance, Schedule, sequences

_SCATTERED = (1, 3, 10)
_MOST_MOVED = 12
_JUST_BEFORE = 0.5
_WAITING_SHARE = 0.6
"""Share of moves that leave the others where they are, where starting sooner may not be better."""
_PUT_OFF_SHARE = 0.5
_TRIED_STARTS = 8
_REACH = (0.01, 0.05, 0.2, 0.5)
"""Shares of the plan's length that a move shifts a key by, at most."""


@dataclass(slots=True)
class Order:
    """The order in which a plan is to be rebuilt.

    Attributes:
        keys: per operation; smaller is placed earlier.
        modes: per operation; -1 where another machine may be chosen.
        floors: per operation, its earliest start; empty where all may start as soon as they can.
    """

    keys: list[float]
    modes: list[int]
    floors: list[int] = field(default_factory=list)

    def shift(self, operations: Sequence[int], by: float) -> None:
        """Move operations and leave their machines open."""
        for operation in operations:
            self.keys[operation] += by
            self.modes[operation] = -1
            if self.floors:
                self.floors[operation] = 0


class Moves:
    """Draws moves for a plan.

    Args:
        instance: what is planned.
        random: where choices come from.
    """

    def __init__(self, instance: Instance, random: Random) -> None:
        self._instance = instance
        self._random = random
        self._waits_for = [
            {lag.other for lag in lags if lag.minimum >= 0} for lags in instance.predecessors
        ]
        self._kinds: Sequence[Callable[[Schedule, Order], None]] = (
            self._overtake,
            self._overtake,
            self._pull_run,
            self._pull_rest_of_run,
            self._push_run,
            self._shift_operation,
            self._scatter,
            self._exchange,
        )
        self._metered = [
            operation
            for operation, modes in enumerate(instance.modes)
            if instance.fixed[operation] < 0 and any(mode.meters for mode in modes)
        ]
        goals = {goal for level in instance.levels for goal in level.weights}
        self._waiting_pays = bool(self._metered) or Goal.MOVED_START in goals

    def draw(self, schedule: Schedule) -> Order:
        """Return the order of a plan with one move made."""
        order = Order([float(start) for start in schedule.start], list(schedule.mode))
        if not schedule.start:
            return order
        if self._waiting_pays and self._random.random() < _WAITING_SHARE:
            order.floors = list(schedule.start)
            if self._metered and self._random.random() < _PUT_OFF_SHARE:
                self._put_off(schedule, order)
                return order
        self._random.choice(self._kinds)(schedule, order)
        return order

    def _reach(self, schedule: Schedule) -> float:
        length = max(schedule.end) - min(schedule.start) + 1
        return self._random.choice(_REACH) * length * self._random.random()

    def _painful_run(self, schedule: Schedule) -> tuple[int, ...]:
        """Return the operations of a run that hurts, or some close together where it is long."""
        weights = pains(self._instance, schedule)
        operations = self._random.choices(self._instance.runs, weights)[0].operations
        if len(operations) <= _MOST_MOVED:
            return operations
        centre = schedule.start[self._random.choice(operations)]
        nearest = sorted(operations, key=lambda each: abs(schedule.start[each] - centre))
        return tuple(nearest[: self._random.choice(_SCATTERED)])

    def _critical_chain(self, schedule: Schedule) -> list[int]:
        """Return operations from the end of a run that hurts back, each starting as one ends."""
        ending: dict[int, list[int]] = {}
        for operation, end in enumerate(schedule.end):
            ending.setdefault(end, []).append(operation)
        weights = pains(self._instance, schedule)
        run = self._random.choices(self._instance.runs, weights)[0]
        chain = [max(run.operations, key=lambda each: schedule.end[each])]
        while before := ending.get(schedule.setup_start[chain[-1]]):
            chosen = self._random.choice(before)
            if schedule.start[chosen] >= schedule.start[chain[-1]]:
                break
            chain.append(chosen)
        return chain

    def _overtake(self, schedule: Schedule, order: Order) -> None:
        """Let an operation of a critical chain go before the one it follows for no lag's sake."""
        pairs = [
            (later, earlier)
            for later, earlier in pairwise(self._critical_chain(schedule))
            if earlier not in self._waits_for[later]
        ]
        if pairs:
            later, earlier = self._random.choice(pairs)
            order.keys[later] = order.keys[earlier] - _JUST_BEFORE
            order.modes[later] = self._random.choice((-1, order.modes[later]))

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

    def _put_off(self, schedule: Schedule, order: Order) -> None:
        """Let an operation start when its energy is worth less, earlier or later."""
        operation = self._random.choice(self._metered)
        mode = self._instance.modes[operation][schedule.mode[operation]]
        start, size = schedule.start[operation], schedule.end[operation] - schedule.start[operation]
        reach = int(self._reach(schedule)) + size
        low = max(self._instance.earliest[operation], start - reach)
        bends = {tick for _, meter in mode.meters for tick in meter.bends(low, start + reach, size)}
        tried = self._random.sample(sorted(bends), min(_TRIED_STARTS, len(bends)))
        if tried:
            best = min(
                tried,
                key=lambda tick: sum(meter.between(tick, tick + size) for _, meter in mode.meters),
            )
            order.floors[operation] = best
            order.keys[operation] = best

    def _exchange(self, schedule: Schedule, order: Order) -> None:
        """Exchange two neighbours on a machine."""
        pairs = [sequence for sequence in sequences(self._instance, schedule) if len(sequence) > 1]
        if not pairs:
            return
        sequence = self._random.choice(pairs)
        position = self._random.randrange(len(sequence) - 1)
        one, other = sequence[position], sequence[position + 1]
        order.keys[one], order.keys[other] = order.keys[other], order.keys[one]
