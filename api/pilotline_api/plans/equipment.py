"""The plant as the scheduler's resources: machines, calendars, changeovers, pools, walls."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pilotline_api.plans.axis import TICK_S, Axis
from pilotline_plant import ChangeoverMatrix, Plant
from pilotline_plant.working_time import machine_working_time, pool_working_time
from pilotline_scheduler.problem import (
    Calendar,
    Changeover,
    Interval,
    Machine,
    Pool,
    Run,
    Wall,
)

_TICKS_PER_MINUTE = 60 // TICK_S


def calendars(
    plant: Plant, axis: Axis, opened: Mapping[str, Iterable[Interval]]
) -> tuple[Calendar, ...]:
    """Return each machine's open ticks.

    Args:
        plant: the plant.
        axis: the planning axis; after its end everything is closed.
        opened: further open ticks by machine id: what is promised there is done there, even
            outside of working time.
    """
    return tuple(
        Calendar(
            machine.id,
            tuple(
                union(
                    [
                        *axis.inside(machine_working_time(plant, machine, axis.origin, axis.end)),
                        *opened.get(machine.id, ()),
                    ]
                )
            ),
        )
        for machine in plant.machines
    )


def machines(plant: Plant, setup_states: Mapping[str, str]) -> tuple[Machine, ...]:
    """Return the machines, each with a calendar of its own and the state it is in."""
    found = []
    for machine in plant.machines:
        matrix = plant.changeover_by_id.get(machine.changeover or "")
        left_in = setup_states.get(machine.id)
        known = matrix is not None and left_in in matrix.states
        found.append(
            Machine(
                id=machine.id,
                calendar=machine.id,
                changeover=machine.changeover,
                initial_setup=left_in if known else machine.initial_setup,
                hall=machine.hall,
            )
        )
    return tuple(found)


def changeovers(plant: Plant) -> tuple[Changeover, ...]:
    """Return the changeover matrices in ticks."""
    return tuple(_changeover(matrix) for matrix in plant.changeovers)


def _changeover(matrix: ChangeoverMatrix) -> Changeover:
    return Changeover(
        id=matrix.id,
        states=matrix.states,
        ticks=tuple(
            tuple(minutes * _TICKS_PER_MINUTE for minutes in row) for row in matrix.minutes
        ),
        cost=matrix.cost,
        pool=matrix.pool,
        pool_units=1 if matrix.pool else 0,
        during_closed_hours=matrix.during_closed_hours,
    )


def walls(plant: Plant) -> tuple[Wall, ...]:
    """Return the walls that stand in halls with machines; the scheduler knows no other halls."""
    halls = {machine.hall for machine in plant.machines}
    found = []
    for wall in plant.walls:
        standing = tuple(hall for hall in wall.halls if hall in halls)
        if standing or not wall.halls:
            found.append(Wall(wall.clients, standing))
    return tuple(found)


def pools(
    plant: Plant, axis: Axis, runs: Sequence[Run], hours: Sequence[Calendar]
) -> tuple[Pool, ...]:
    """Return the pools' levels.

    A pool lends nothing in its closed hours while some machine that draws on it could run. While
    none could, it keeps its level: an operation that pauses overnight still holds its people's
    place, though they have gone home.
    """
    open_ticks = {calendar.id: calendar.open for calendar in hours}
    drawing = _drawing_machines(plant, runs)
    found = []
    for pool in plant.pools:
        at_work = axis.inside(pool_working_time(plant, pool, axis.origin, axis.end))
        running = union(
            interval for machine in drawing[pool.id] for interval in open_ticks[machine]
        )
        if _lends_at_any_time(plant, pool.id):
            running = [Interval(0, axis.floor(axis.end))]
        levels = {0: pool.capacity}
        for missing in difference(running, at_work):
            levels[missing.start] = 0
            levels.setdefault(missing.end, pool.capacity)
        found.append(Pool(pool.id, tuple(sorted(levels.items()))))
    return tuple(found)


def _drawing_machines(plant: Plant, runs: Sequence[Run]) -> dict[str, set[str]]:
    drawing: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        for operation in run.operations:
            for mode in operation.modes:
                for pool, _ in mode.demands:
                    drawing[pool].add(mode.machine)
    for machine in plant.machines:
        matrix = plant.changeover_by_id.get(machine.changeover or "")
        if matrix is not None and matrix.pool is not None:
            drawing[matrix.pool].add(machine.id)
    return drawing


def _lends_at_any_time(plant: Plant, pool: str) -> bool:
    return any(matrix.pool == pool and matrix.during_closed_hours for matrix in plant.changeovers)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return intervals sorted, disjoint and not touching."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda each: each.start):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def difference(intervals: Iterable[Interval], without: Sequence[Interval]) -> list[Interval]:
    """Return what is left of sorted disjoint intervals without others."""
    left = []
    for interval in intervals:
        start = interval.start
        for cut in without:
            if cut.end <= start or cut.start >= interval.end:
                continue
            if start < cut.start:
                left.append(Interval(start, cut.start))
            start = max(start, cut.end)
        if start < interval.end:
            left.append(Interval(start, interval.end))
    return left
