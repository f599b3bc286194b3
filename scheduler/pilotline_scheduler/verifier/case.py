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
    Running,
)

Batch = list[PlannedOperation]
"""Operations that share a machine from one start to one end; mostly a single one."""


@dataclass(frozen=True, slots=True)
class PlannedSetup:
    """The changeover that a machine's sequence asks for before an operation.

    Attributes:
        planned: the operation it precedes; of a batch, the first one by id.
        batch: all operations that it precedes.
        from_state: the state the machine is left in.
        to_state: the state the operation needs.
        ticks: its duration by the matrix.
        cost: its cost by the matrix.
        changeover: the changeover it belongs to.
    """

    planned: PlannedOperation
    batch: tuple[PlannedOperation, ...]
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
        self.running: dict[str, Running] = {each.operation: each for each in problem.running}
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

    def pauses(self, planned: PlannedOperation) -> bool:
        """Return whether an operation may pause where it is planned."""
        operation = self.operations[planned.operation][1]
        return operation.pausable and self.calendar(planned.machine) is not None

    def worked(self, planned: PlannedOperation) -> list[Interval]:
        """Return when an operation works: from start to end, without pauses."""
        span = Interval(planned.start, planned.end)
        if not self.pauses(planned):
            return [span]
        return overlaps(span, self.calendar(planned.machine) or ())

    @cached_property
    def sequences(self) -> dict[str, list[PlannedOperation]]:
        """The operations of each machine in order of start; those of a batch are neighbours."""
        return {
            machine: [planned for batch in batches for planned in batch]
            for machine, batches in self.batches.items()
        }

    @cached_property
    def batches(self) -> dict[str, list[Batch]]:
        """The batches of each machine in order of start; most have one operation."""
        found: dict[str, dict[tuple[int, int, str, bool], Batch]] = {
            machine: {} for machine in self.machines
        }
        for planned in sorted(self.planned.values(), key=lambda each: each.operation):
            family, name = self.mode(planned).batch, planned.operation
            label = f"family {family}" if family is not None else f"operation {name}"
            key = (planned.start, planned.end, label, name in self.running)
            found[planned.machine].setdefault(key, []).append(planned)
        return {
            machine: [batches[key] for key in sorted(batches)] for machine, batches in found.items()
        }

    @cached_property
    def setups(self) -> list[PlannedSetup]:
        """Every changeover, also those of no ticks, machine by machine in order."""
        return [
            setup
            for machine, sequence in self.batches.items()
            for setup in self._setups_on(machine, sequence)
        ]

    def _setups_on(self, machine: str, sequence: list[Batch]) -> list[PlannedSetup]:
        changeover = self.changeover(machine)
        if changeover is None:
            return []
        found: list[PlannedSetup] = []
        state = self.machines[machine].initial_setup
        for batch in sequence:
            planned = batch[0]
            needed = self.operations[planned.operation][1].setup_state
            if needed is None:
                continue
            if state is not None and planned.operation not in self.running:
                i, j = changeover.states.index(state), changeover.states.index(needed)
                ticks, cost = changeover.ticks[i][j], changeover.cost[i][j]
                found.append(
                    PlannedSetup(planned, tuple(batch), state, needed, ticks, cost, changeover)
                )
            state = needed
        return found


def within_one(interval: Interval, windows: tuple[Interval, ...]) -> bool:
    """Return whether an interval lies within one of several windows."""
    return any(window.start <= interval.start and interval.end <= window.end for window in windows)


def overlaps(interval: Interval, windows: tuple[Interval, ...]) -> list[Interval]:
    """Return the parts of an interval that lie within sorted, disjoint windows."""
    first = max(0, bisect_right(windows, interval.start, key=lambda each: each.start) - 1)
    parts: list[Interval] = []
    for window in windows[first:]:
        if window.start >= interval.end:
            break
        start, end = max(window.start, interval.start), min(window.end, interval.end)
        if start < end:
            parts.append(Interval(start, end))
    return parts


def open_ticks(interval: Interval, windows: tuple[Interval, ...]) -> int:
    """Return how many ticks of an interval lie within sorted, disjoint windows."""
    return sum(part.end - part.start for part in overlaps(interval, windows))
