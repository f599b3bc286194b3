"""A plan in whole numbers, and what it is worth."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance.instance import (
    Extra,
    Instance,
    LevelData,
    ModeData,
    RunData,
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Mode and times of every operation, by position; never changed once made.

    Attributes:
        mode: position of the chosen mode.
        setup_start: start of the changeover; the start where there is none. All operations of a
            batch show the one before it.
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
        machines = [machine.id for machine in instance.problem.machines]
        setup_end = list(self.start)
        others = mates(instance, self)
        for operation, ticks, _ in changeovers(instance, self):
            if ticks:
                for each in (operation, *others.get(operation, ())):
                    setup_end[each] = self.setup_start[operation] + ticks
        return Plan(
            tuple(
                PlannedOperation(
                    operation=name,
                    machine=machines[mode.machine],
                    setup_start=self.setup_start[operation],
                    start=self.start[operation],
                    end=self.end[operation],
                    setup_end=setup_end[operation],
                )
                for operation, (name, mode) in enumerate(
                    zip(instance.names, chosen(instance, self), strict=True)
                )
            )
        )


def chosen(instance: Instance, schedule: Schedule) -> list[ModeData]:
    """Return the mode of each operation."""
    return [modes[mode] for modes, mode in zip(instance.modes, schedule.mode, strict=True)]


def sequences(instance: Instance, schedule: Schedule) -> list[list[int]]:
    """Return the operations of each machine in order of start; those of a batch are neighbours."""
    found: list[list[int]] = [[] for _ in instance.machines]
    for operation, mode in enumerate(schedule.mode):
        found[instance.modes[operation][mode].machine].append(operation)
    for sequence in found:
        sequence.sort(key=lambda operation: (schedule.start[operation], schedule.end[operation]))
    return found


def batches(instance: Instance, schedule: Schedule) -> list[list[list[int]]]:
    """Return the batches of each machine in order of start; most have one operation.

    Operations of a family that start together on a machine are a batch.
    """
    found: list[list[list[int]]] = []
    for sequence in sequences(instance, schedule):
        here: list[list[int]] = []
        last = (-1, -1)
        for operation in sequence:
            family = instance.modes[operation][schedule.mode[operation]].family
            if family >= 0 and last == (family, schedule.start[operation]):
                here[-1].append(operation)
            else:
                here.append([operation])
            last = (family, schedule.start[operation])
        found.append(here)
    return found


def mates(instance: Instance, schedule: Schedule) -> dict[int, list[int]]:
    """Return the other operations of each batch, by its first one; those alone are left out."""
    if Extra.BATCHES not in instance.extras:
        return {}
    return {
        batch[0]: batch[1:]
        for here in batches(instance, schedule)
        for batch in here
        if len(batch) > 1
    }


def heads(instance: Instance, schedule: Schedule) -> list[list[int]]:
    """Return the first operation of each batch, machine by machine in order of start."""
    if Extra.BATCHES not in instance.extras:
        return sequences(instance, schedule)
    return [[batch[0] for batch in here] for here in batches(instance, schedule)]


def changeovers(instance: Instance, schedule: Schedule) -> Iterator[tuple[int, int, int]]:
    """Yield ``(operation, ticks, cost)`` of every changeover; of a batch, its first operation."""
    for machine, sequence in zip(instance.machines, heads(instance, schedule), strict=True):
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
    values: dict[tuple[Goal, int], int] = {}
    return tuple(_level_value(level, values, instance, schedule) for level in instance.levels)


def _level_value(
    level: LevelData,
    known: dict[tuple[Goal, int], int],
    instance: Instance,
    schedule: Schedule,
) -> int:
    total = 0
    for goal, weight in level.weights.items():
        key = (goal, level.worst)
        if key not in known:
            known[key] = _value(goal, level.worst, instance, schedule)
        total += weight * known[key]
    return total


def _value(goal: Goal, worst: int, instance: Instance, schedule: Schedule) -> int:
    if goal is Goal.FAIRNESS:
        return sum(sorted(burdens(instance, schedule), reverse=True)[:worst])
    return _MEASURES[goal](instance, schedule)


def _tardiness(instance: Instance, schedule: Schedule) -> int:
    return sum(run.weight * late for run, late in _late(instance.runs, schedule))


def _tardy(instance: Instance, schedule: Schedule) -> int:
    return sum(late > 0 for _, late in _late(instance.runs, schedule))


def _late(runs: Sequence[RunData], schedule: Schedule) -> Iterator[tuple[RunData, int]]:
    """Yield each due run with its tardiness."""
    for run in runs:
        if run.due is not None:
            end = max(schedule.end[operation] for operation in run.operations)
            yield run, max(0, end - run.due)


def burdens(instance: Instance, schedule: Schedule) -> list[int]:
    """Return the weighted tardiness of each client by its entitlement."""
    found: list[int] = []
    for client in instance.clients:
        own = [instance.runs[index] for index in client.runs]
        found.append(client.share * sum(run.weight * late for run, late in _late(own, schedule)))
    return found


def _makespan(_: Instance, schedule: Schedule) -> int:
    return max(schedule.end, default=0)


def _setup_ticks(instance: Instance, schedule: Schedule) -> int:
    return sum(ticks for _, ticks, _ in changeovers(instance, schedule))


def _setup_cost(instance: Instance, schedule: Schedule) -> int:
    return sum(cost for _, _, cost in changeovers(instance, schedule))


def _moved(instance: Instance, schedule: Schedule) -> int:
    return sum(
        price * abs(start - published[1])
        for published, start, price in zip(
            instance.previous, schedule.start, instance.move_prices, strict=True
        )
        if published is not None
    )


def _changed(instance: Instance, schedule: Schedule) -> int:
    return sum(
        price * (mode != published[0])
        for published, mode, price in zip(
            instance.previous, schedule.mode, instance.move_prices, strict=True
        )
        if published is not None
    )


def _drawn(goal: Goal, instance: Instance, schedule: Schedule) -> int:
    """Return what the energy is worth; a batch draws it once."""
    value = 0
    for operation in (each for here in heads(instance, schedule) for each in here):
        mode = instance.modes[operation][schedule.mode[operation]]
        if mode.meters:
            value += mode.drawn(goal, schedule.start[operation], schedule.end[operation])
    return value


_MEASURES: Mapping[Goal, Callable[[Instance, Schedule], int]] = {
    Goal.WEIGHTED_TARDINESS: _tardiness,
    Goal.TARDY_RUNS: _tardy,
    Goal.MAKESPAN: _makespan,
    Goal.CHANGEOVER_TIME: _setup_ticks,
    Goal.CHANGEOVER_COST: _setup_cost,
    Goal.MOVED_START: _moved,
    Goal.CHANGED_MACHINE: _changed,
    Goal.ENERGY_COST: partial(_drawn, Goal.ENERGY_COST),
    Goal.EMISSIONS: partial(_drawn, Goal.EMISSIONS),
}
