"""A plan in whole numbers, and what it is worth."""

from collections.abc import Iterator
from dataclasses import dataclass

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance.instance import Instance


@dataclass(frozen=True, slots=True)
class Schedule:
    """Mode and times of every operation, by position; never changed once made.

    Attributes:
        mode: position of the chosen mode.
        setup_start: start of the changeover; the start where there is none.
        start: start of processing.
        end: end of processing.
    """

    mode: tuple[int, ...]
    setup_start: tuple[int, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]

    @classmethod
    def of(cls, instance: Instance, plan: Plan) -> "Schedule":
        """Return a plan that keeps every rule of an instance."""
        planned = {each.operation: each for each in plan.operations}
        rows = [planned[name] for name in instance.names]
        machines = instance.problem.machines
        modes = (
            next(i for i, mode in enumerate(modes) if machines[mode.machine].id == row.machine)
            for modes, row in zip(instance.modes, rows, strict=True)
        )
        return cls(
            tuple(modes),
            tuple(row.setup_start for row in rows),
            tuple(row.start for row in rows),
            tuple(row.end for row in rows),
        )

    def plan(self, instance: Instance) -> Plan:
        """Return the plan in ids."""
        machines = instance.problem.machines
        return Plan(
            tuple(
                PlannedOperation(
                    name,
                    machines[instance.modes[operation][self.mode[operation]].machine].id,
                    self.setup_start[operation],
                    self.start[operation],
                    self.end[operation],
                )
                for operation, name in enumerate(instance.names)
            )
        )


def sequences(instance: Instance, schedule: Schedule) -> list[list[int]]:
    """Return the operations of each machine in order of start."""
    found: list[list[int]] = [[] for _ in instance.machines]
    for operation, mode in enumerate(schedule.mode):
        found[instance.modes[operation][mode].machine].append(operation)
    for sequence in found:
        sequence.sort(key=lambda operation: (schedule.start[operation], schedule.end[operation]))
    return found


def changeovers(instance: Instance, schedule: Schedule) -> Iterator[tuple[int, int, int]]:
    """Yield ``(operation, ticks, cost)`` of every changeover."""
    for machine, sequence in zip(instance.machines, sequences(instance, schedule), strict=True):
        if machine.changeover is None:
            continue
        state = machine.initial
        for operation in sequence:
            needed = instance.modes[operation][schedule.mode[operation]].state
            if needed < 0:
                continue
            if state >= 0:
                changeover = machine.changeover
                yield operation, changeover.ticks[state][needed], changeover.cost[state][needed]
            state = needed


def objective(instance: Instance, schedule: Schedule) -> tuple[int, ...]:
    """Return the value of each priority level."""
    wanted = {goal for level in instance.levels for goal in level.weights}
    values = {goal: _value(goal, instance, schedule) for goal in wanted}
    return tuple(
        sum(weight * values[goal] for goal, weight in level.weights.items())
        for level in instance.levels
    )


def _value(goal: Goal, instance: Instance, schedule: Schedule) -> int:
    if goal is Goal.MAKESPAN:
        return max(schedule.end, default=0)
    if goal in (Goal.WEIGHTED_TARDINESS, Goal.TARDY_RUNS):
        return _tardiness(goal, instance, schedule)
    if goal is Goal.CHANGEOVER_TIME:
        return sum(ticks for _, ticks, _ in changeovers(instance, schedule))
    if goal is Goal.CHANGEOVER_COST:
        return sum(cost for _, _, cost in changeovers(instance, schedule))
    return _instability(goal, instance, schedule)


def _tardiness(goal: Goal, instance: Instance, schedule: Schedule) -> int:
    value = 0
    for run in instance.runs:
        if run.due is None:
            continue
        late = max(schedule.end[operation] for operation in run.operations) - run.due
        if late > 0:
            value += run.weight * late if goal is Goal.WEIGHTED_TARDINESS else 1
    return value


def _instability(goal: Goal, instance: Instance, schedule: Schedule) -> int:
    value = 0
    for operation, published in enumerate(instance.previous):
        if published is None:
            continue
        mode, start = published
        if goal is Goal.MOVED_START:
            value += abs(schedule.start[operation] - start)
        else:
            value += schedule.mode[operation] != mode
    return value
