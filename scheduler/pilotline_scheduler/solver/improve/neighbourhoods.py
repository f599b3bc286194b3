"""Parts of a plan that are worth deciding anew together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.improve.pain import pains
from pilotline_scheduler.solver.instance import FOREVER, Instance, Schedule

_MOST_FLOATING = 400
"""Operations that may float after a window; with more, CP-SAT hardly begins within its time."""
_ORDERED_PER_FREE = 3
_FEWEST_ORDERED = 40
"""Operations within a window that may shift, so that the free ones find room."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A way to choose operations.

    Attributes:
        name: such as ``time``.
        choose: returns about so many operations of a plan.
    """

    name: str
    choose: Callable[[Schedule, int], set[int]]


class Neighbourhoods:
    """The ways to choose, and the scope that goes with a choice.

    Args:
        instance: what is planned.
        random: where choices come from.
    """

    def __init__(self, instance: Instance, random: Random) -> None:
        self._instance = instance
        self._random = random
        self.all: Sequence[Neighbourhood] = (
            Neighbourhood("time", self._time),
            Neighbourhood("machines", self._machines),
            Neighbourhood("runs", self._runs),
            Neighbourhood("rivals", self._rivals),
        )

    def scope(self, schedule: Schedule, free: set[int], *, floating: bool) -> Scope:
        """Return the scope that decides `free` anew.

        Args:
            schedule: the plan.
            free: operations to decide anew.
            floating: whether all that comes after them keeps its order but may shift, which makes
                whole chains shorter; otherwise only what lies near does, and the rest stays.
        """
        begin = min(schedule.setup_start[operation] for operation in free)
        end = FOREVER if floating else max(schedule.end[operation] for operation in free)
        inside = [
            operation
            for operation, setup_start in enumerate(schedule.setup_start)
            if setup_start >= begin and schedule.end[operation] <= end and operation not in free
        ]
        if floating and len(inside) > _MOST_FLOATING:
            return self.scope(schedule, free, floating=False)
        ordered = inside if floating else self._nearest(schedule, free, inside)
        return Scope(frozenset(free), frozenset(ordered), schedule, begin, end)

    def _nearest(self, schedule: Schedule, free: set[int], inside: list[int]) -> list[int]:
        """Return those that matter most to the free ones: on their machines, and near in time."""
        most = max(_FEWEST_ORDERED, _ORDERED_PER_FREE * len(free))
        if len(inside) <= most:
            return inside
        modes = self._instance.modes
        machines = {mode.machine for operation in free for mode in modes[operation]}
        middle = sum(schedule.start[operation] for operation in free) // len(free)

        def distance(operation: int) -> tuple[bool, int]:
            elsewhere = modes[operation][schedule.mode[operation]].machine not in machines
            return elsewhere, abs(schedule.start[operation] - middle)

        return sorted(inside, key=distance)[:most]

    def _focus(self, schedule: Schedule) -> int:
        """Return an operation of a run that hurts."""
        weights = pains(self._instance, schedule)
        run = self._random.choices(self._instance.runs, weights)[0]
        return self._random.choice(run.operations)

    def _time(self, schedule: Schedule, size: int) -> set[int]:
        """Operations that start around the same time."""
        order = sorted(range(len(schedule.start)), key=lambda each: schedule.start[each])
        centre = order.index(self._focus(schedule))
        first = max(0, min(centre - size // 2, len(order) - size))
        return set(order[first : first + size])

    def _machines(self, schedule: Schedule, size: int) -> set[int]:
        """Operations on two or three machines around the same time."""
        focus = self._focus(schedule)
        machines = {mode.machine for mode in self._instance.modes[focus]}
        others = sorted(set(range(len(self._instance.machines))) - machines)
        extra = min(len(others), max(0, self._random.randint(2, 3) - len(machines)))
        machines.update(self._random.sample(others, extra))
        here = [
            operation
            for operation, mode in enumerate(schedule.mode)
            if self._instance.modes[operation][mode].machine in machines
        ]
        here.sort(key=lambda each: abs(schedule.start[each] - schedule.start[focus]))
        return set(here[:size]) | {focus}

    def _runs(self, schedule: Schedule, size: int) -> set[int]:
        """All operations of a run that hurts, and of other runs in the same time."""
        free, focus = self._part_of_run(schedule, size)
        begin, end = self._span(schedule, focus)
        near = [
            index
            for index in range(len(self._instance.runs))
            if index != focus
            and self._span(schedule, index)[0] < end
            and begin < self._span(schedule, index)[1]
        ]
        self._random.shuffle(near)
        for index in near:
            if len(free) >= size:
                break
            free.update(self._instance.runs[index].operations)
        return free

    def _part_of_run(self, schedule: Schedule, size: int) -> tuple[set[int], int]:
        """Return the operations of a run that hurts, or those near one where they are many."""
        focus = self._focus(schedule)
        run = self._instance.run_of[focus]
        operations = sorted(
            self._instance.runs[run].operations,
            key=lambda each: abs(schedule.start[each] - schedule.start[focus]),
        )
        return set(operations[: max(1, size)]), run

    def _span(self, schedule: Schedule, run: int) -> tuple[int, int]:
        operations = self._instance.runs[run].operations
        return (
            min(schedule.start[each] for each in operations),
            max(schedule.end[each] for each in operations),
        )

    def _rivals(self, schedule: Schedule, size: int) -> set[int]:
        """A run that hurts, and what runs before its operations on the machines they could use."""
        free, _ = self._part_of_run(schedule, max(1, size // 2))
        rivals: list[tuple[int, int]] = []
        for operation in sorted(free):
            machines = {mode.machine for mode in self._instance.modes[operation]}
            for other, mode in enumerate(schedule.mode):
                if self._instance.modes[other][mode].machine in machines:
                    gap = schedule.start[operation] - schedule.start[other]
                    rivals.append((gap if gap >= 0 else -4 * gap, other))
        for _, other in sorted(rivals):
            if len(free) >= size:
                break
            free.add(other)
        return free
