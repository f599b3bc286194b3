"""A problem and a plan side by side, looked up by id."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Changeover,
    Interval,
    Machine,
    Mode,
    Operation,
    Problem,
    Run,
)


@dataclass(frozen=True, slots=True)
class PlannedSetup:
    """The changeover that a machine's sequence asks for before an operation.

    Attributes:
        planned: the operation it precedes.
        before: the operation before it on the machine, or None.
        from_state: the state the machine is left in.
        to_state: the state the operation needs.
        ticks: its duration by the matrix.
        cost: its cost by the matrix.
        changeover: the changeover it belongs to.
    """

    planned: PlannedOperation
    before: PlannedOperation | None
    from_state: str
    to_state: str
    ticks: int
    cost: int
    changeover: Changeover

    @property
    def interval(self) -> Interval:
        """Return the ticks it takes, from the planned start of the setup."""
        start = self.planned.setup_start
        return Interval(start, start + self.ticks)


class Case:
    """A problem and a plan; operations planned more than once count by their first place.

    Args:
        problem: a validated problem.
        plan: any plan.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.plan = plan
        self.operations: dict[str, tuple[Run, Operation]] = {
            operation.id: (run, operation) for run in problem.runs for operation in run.operations
        }
        self.machines: dict[str, Machine] = {machine.id: machine for machine in problem.machines}
        self._calendars: dict[str, Calendar] = {each.id: each for each in problem.calendars}
        self._changeovers: dict[str, Changeover] = {each.id: each for each in problem.changeovers}
        self.planned: dict[str, PlannedOperation] = {}
        for planned in plan.operations:
            if self._mode(planned) is not None:
                self.planned.setdefault(planned.operation, planned)

    def _mode(self, planned: PlannedOperation) -> Mode | None:
        if planned.operation not in self.operations:
            return None
        modes = self.operations[planned.operation][1].modes
        return next((mode for mode in modes if mode.machine == planned.machine), None)

    def mode(self, planned: PlannedOperation) -> Mode:
        """Return the mode of an operation in `planned`."""
        mode = self._mode(planned)
        if mode is None:
            message = f"operation {planned.operation!r} has no mode on {planned.machine!r}"
            raise LookupError(message)
        return mode

    def calendar(self, machine: str) -> tuple[Interval, ...] | None:
        """Return the open intervals of a machine, or None when it is always open."""
        name = self.machines[machine].calendar
        return None if name is None else self._calendars[name].open

    def changeover(self, machine: str) -> Changeover | None:
        """Return the changeover of a machine, or None when its setups take no time."""
        name = self.machines[machine].changeover
        return None if name is None else self._changeovers[name]

    @cached_property
    def sequences(self) -> dict[str, list[PlannedOperation]]:
        """The operations of each machine in order of start."""
        found: dict[str, list[PlannedOperation]] = {machine: [] for machine in self.machines}
        for planned in self.planned.values():
            found[planned.machine].append(planned)
        for sequence in found.values():
            sequence.sort(key=lambda planned: (planned.start, planned.end))
        return found

    @cached_property
    def setups(self) -> list[PlannedSetup]:
        """Every changeover, also those of no ticks, machine by machine in order."""
        return [
            setup
            for machine, sequence in self.sequences.items()
            for setup in self._setups_on(machine, sequence)
        ]

    def _setups_on(self, machine: str, sequence: list[PlannedOperation]) -> list[PlannedSetup]:
        changeover = self.changeover(machine)
        if changeover is None:
            return []
        found: list[PlannedSetup] = []
        state = self.machines[machine].initial_setup
        before: PlannedOperation | None = None
        for planned in sequence:
            needed = self.operations[planned.operation][1].setup_state
            if needed is not None:
                if state is not None:
                    i, j = changeover.states.index(state), changeover.states.index(needed)
                    ticks, cost = changeover.ticks[i][j], changeover.cost[i][j]
                    found.append(
                        PlannedSetup(planned, before, state, needed, ticks, cost, changeover)
                    )
                state = needed
            before = planned
        return found


def within_one(interval: Interval, windows: tuple[Interval, ...]) -> bool:
    """Return whether an interval lies within one of several windows."""
    return any(window.start <= interval.start and interval.end <= window.end for window in windows)


def open_ticks(interval: Interval, windows: tuple[Interval, ...]) -> int:
    """Return how many ticks of an interval lie within sorted, disjoint windows."""
    first = max(0, bisect_right(windows, interval.start, key=lambda each: each.start) - 1)
    total = 0
    for window in windows[first:]:
        if window.start >= interval.end:
            break
        total += max(0, min(window.end, interval.end) - max(window.start, interval.start))
    return total
