"""New runs beside a plan, without compiling the plan again."""

from collections.abc import Iterator
from dataclasses import replace

from pilotline_scheduler.solver.instance import Instance, LagData, ModeData, RunData
from pilotline_scheduler.solver.seed.timeline import Timeline


def extended(base: Instance, new: Instance) -> Instance:
    """Return an instance with the operations of `base`, then those of `new`.

    Both must come from problems with the same resources and walls.
    """
    offset, runs = len(base.names), len(base.runs)

    def shifted(lags: tuple[tuple[LagData, ...], ...]) -> tuple[tuple[LagData, ...], ...]:
        return tuple(
            tuple(LagData(lag.other + offset, lag.minimum, lag.maximum) for lag in each)
            for each in lags
        )

    return replace(
        base,
        names=base.names + new.names,
        run_of=base.run_of + tuple(run + runs for run in new.run_of),
        modes=base.modes + _in_families(base, new),
        successors=base.successors + shifted(new.successors),
        predecessors=base.predecessors + shifted(new.predecessors),
        runs=base.runs
        + tuple(
            RunData(tuple(each + offset for each in run.operations), run.due, run.weight)
            for run in new.runs
        ),
        fixed=base.fixed + new.fixed,
        setup_floor=base.setup_floor + new.setup_floor,
        earliest=base.earliest + new.earliest,
        latest=base.latest + new.latest,
        horizon=max(base.horizon, new.horizon),
        previous=base.previous + new.previous,
        move_prices=base.move_prices + new.move_prices,
        extras=base.extras | new.extras,
    )


def _in_families(base: Instance, new: Instance) -> tuple[tuple[ModeData, ...], ...]:
    """Return the modes of new operations with the batch families numbered as in the base."""
    if all(mode.family < 0 for modes in new.modes for mode in modes):
        return new.modes
    known = dict(_families(base))
    names = {family: key for key, family in _families(new)}
    free = 1 + max((mode.family for modes in base.modes for mode in modes), default=-1)
    number: dict[int, int] = {}
    for family, key in names.items():
        number[family] = known.get(key, free)
        free += number[family] == free
    return tuple(
        tuple(
            replace(mode, family=number[mode.family]) if mode.family >= 0 else mode
            for mode in modes
        )
        for modes in new.modes
    )


def _families(instance: Instance) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield each batch family that can still be joined, by machine and name, with its number."""
    operations = (each for run in instance.problem.runs for each in run.operations)
    machines = instance.problem.machines
    running = {each.operation for each in instance.problem.running}
    for operation, modes in zip(operations, instance.modes, strict=False):
        if operation.id in running:
            continue
        batch = {mode.machine: mode.batch for mode in operation.modes}
        for mode in modes:
            name = machines[mode.machine].id
            if mode.family >= 0:
                yield (name, batch[name] or ""), mode.family


def stretched(new: Instance, by: int) -> Instance:
    """Return an instance whose runs without deadline may end later by so much.

    Alone, the new runs would be done long before the horizon of the plan they are to join.
    """
    open_ended = [run.deadline is None for run in new.problem.runs]
    latest = tuple(
        end + by if open_ended[run] else end
        for end, run in zip(new.latest, new.run_of, strict=True)
    )
    return replace(new, latest=latest, horizon=new.horizon + by)


def beside(timeline: Timeline, new: Instance) -> Timeline:
    """Return a copy of a timeline with room for the operations of a new instance."""
    twin = timeline.twin()
    twin.instance = extended(timeline.instance, new)
    count = len(new.names)
    twin.mode += [-1] * count
    for column in (twin.setup_start, twin.setup_ticks, twin.start, twin.end):
        column.extend([0] * count)
    twin.ahead += [False] * count
    twin.batches.grow(count)
    return twin
