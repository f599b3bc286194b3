"""Machines, calendars and pools as the disruptions leave them."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pilotline_scheduler.problem import (
    Calendar,
    Changeover,
    Interval,
    Machine,
    Operation,
    Pool,
    Problem,
)
from pilotline_scheduler.replan.disruptions import Disruption, PoolShortage
from pilotline_scheduler.replan.history import History
from pilotline_scheduler.replan.hours import OpenHours

Step = tuple[int, int]


class ResourcesNow:
    """The resources of a problem after disruptions.

    What has begun happens whatever calendars and pools say: a machine is open while an operation
    that overran runs, and a pool has what operations that have begun hold.

    Args:
        problem: the problem.
        now: the present tick.
        disruptions: what happened.
        history: what has begun.
        hours: open hours of the machines, stops left out.
    """

    def __init__(
        self,
        problem: Problem,
        now: int,
        disruptions: Sequence[Disruption],
        history: History,
        hours: OpenHours,
    ) -> None:
        self._problem = problem
        self._now = now
        self._disruptions = disruptions
        self._history = history
        self._hours = hours
        self._operations = {
            operation.id: operation for run in problem.runs for operation in run.operations
        }
        self._machines = {each.id: each for each in problem.machines}
        self._changed: dict[str, Calendar] = {}
        self._own_changeover: dict[str, Changeover] = {}
        self._own_pools: list[Pool] = []
        running = {each.operation for each in problem.running}
        for name in (history.overruns.keys() & history.begun.keys()) - running:
            self._keep_open(name)
        self._take_over_hours()
        for machine in hours.downs:
            self._stop_setups(machine)

    def machines(self) -> tuple[Machine, ...]:
        """Return the machines with their hours of now."""
        return tuple(
            replace(
                each,
                calendar=self._changed[each.id].id if each.id in self._changed else each.calendar,
                changeover=self._own_changeover[each.id].id
                if each.id in self._own_changeover
                else each.changeover,
            )
            for each in self._problem.machines
        )

    def calendars(self) -> tuple[Calendar, ...]:
        """Return the calendars, with those that machines have of their own now."""
        return self._problem.calendars + tuple(self._changed.values())

    def changeovers(self) -> tuple[Changeover, ...]:
        """Return the changeovers, with those that machines have of their own now."""
        return self._problem.changeovers + tuple(self._own_changeover.values())

    def pools(self) -> tuple[Pool, ...]:
        """Return the pools with what they have now."""
        short: dict[str, list[PoolShortage]] = {}
        for each in self._disruptions:
            if isinstance(each, PoolShortage):
                short.setdefault(each.pool, []).append(each)
        held, too_long = self._held(), self._held_too_long()
        changed = short.keys() | held.keys() | too_long.keys()
        return tuple(
            replace(
                pool,
                levels=self._levels(
                    pool,
                    short.get(pool.id, ()),
                    held.get(pool.id, ()),
                    too_long.get(pool.id, ()),
                ),
            )
            if pool.id in changed
            else pool
            for pool in self._problem.pools
        ) + tuple(self._own_pools)

    def lasting(self, operation: Operation) -> Operation:
        """Return an operation that has begun with the ticks that it really takes."""
        planned = self._history.begun[operation.id]
        hours = self._hours.of(planned.machine)
        ticks = planned.end - planned.start
        if operation.pausable and hours is not None:
            ticks = sum(
                max(0, min(each.end, planned.end) - max(each.start, planned.start))
                for each in hours
            )
        modes = tuple(
            replace(mode, ticks=ticks) if mode.machine == planned.machine else mode
            for mode in operation.modes
        )
        return replace(operation, modes=modes, attended=False)

    def _keep_open(self, name: str) -> None:
        planned = self._history.begun[name]
        hours = self._hours.of(planned.machine)
        if hours is None:
            return
        start = planned.start
        if self._operations[name].pausable:
            before = [each.end for each in hours if start < each.end < planned.end]
            start = max(before, default=start)
            if any(each.start < planned.end <= each.end for each in hours):
                return
        self._hours.open_also(planned.machine, start, planned.end)

    def _take_over_hours(self) -> None:
        calendars = {each.id: each.open for each in self._problem.calendars}
        used = set(calendars)
        for machine in self._problem.machines:
            hours = self._hours.of(machine.id)
            was = None if machine.calendar is None else calendars[machine.calendar]
            if hours is not None and hours != was:
                name = _fresh(f"{machine.id} as of tick {self._now}", used)
                self._changed[machine.id] = Calendar(name, hours)

    def _stop_setups(self, machine: str) -> None:
        """Keep a machine that sets itself up in closed hours from doing so while it is down.

        A pool of its own, empty while it is down, says so. A changeover that draws on another pool
        already is left as it is.
        """
        name = self._machines[machine].changeover
        changeover = next((each for each in self._problem.changeovers if each.id == name), None)
        if changeover is None or not changeover.during_closed_hours or changeover.pool is not None:
            return
        pool = _fresh(f"{machine} works", {each.id for each in self._problem.pools})
        own = _fresh(
            f"{changeover.id} of {machine}", {each.id for each in self._problem.changeovers}
        )
        levels: list[Step] = [(0, 1)]
        for down in self._hours.downs[machine]:
            levels = _lowered(levels, down.start, down.end, 1)
        self._own_pools.append(Pool(pool, tuple(levels)))
        self._own_changeover[machine] = replace(changeover, id=own, pool=pool, pool_units=1)

    def _held(self) -> dict[str, list[tuple[Interval, int]]]:
        """Return what operations that have begun hold of each pool from now on."""
        found: dict[str, list[tuple[Interval, int]]] = {}
        for name, planned in self._history.begun.items():
            if planned.end > self._now:
                span = Interval(max(planned.start, self._now), planned.end)
                for pool, units in self._demands(name):
                    found.setdefault(pool, []).append((span, units))
        return found

    def _held_too_long(self) -> dict[str, list[tuple[Interval, int]]]:
        """Return what operations held of each pool before now, after their published end."""
        found: dict[str, list[tuple[Interval, int]]] = {}
        for published in self._problem.previous:
            planned = self._history.begun.get(published.operation)
            if planned is not None and published.end < min(planned.end, self._now):
                span = Interval(published.end, min(planned.end, self._now))
                for pool, units in self._demands(published.operation):
                    found.setdefault(pool, []).append((span, units))
        return found

    def _demands(self, name: str) -> tuple[tuple[str, int], ...]:
        machine = self._history.begun[name].machine
        modes = self._operations[name].modes
        return next(each for each in modes if each.machine == machine).demands

    def _levels(
        self,
        pool: Pool,
        shortages: Iterable[PoolShortage],
        held: Sequence[tuple[Interval, int]],
        held_too_long: Sequence[tuple[Interval, int]],
    ) -> tuple[Step, ...]:
        levels: Sequence[Step] = pool.levels
        for each in shortages:
            levels = _lowered(levels, max(each.start, self._now), each.end, each.units)
        for span, units in held_too_long:
            levels = _lowered(levels, span.start, span.end, -units)
        if not held:
            return tuple(levels)
        instants = {tick for tick, _ in levels}
        for span, _ in held:
            instants |= {span.start, span.end}
        return tuple((tick, max(_at(levels, tick), _lent(held, tick))) for tick in sorted(instants))


def _lent(held: Sequence[tuple[Interval, int]], tick: int) -> int:
    return sum(units for span, units in held if span.start <= tick < span.end)


def _at(levels: Sequence[Step], tick: int) -> int:
    return levels[bisect_right(levels, tick, key=lambda each: each[0]) - 1][1]


def _lowered(levels: Sequence[Step], start: int, end: int, units: int) -> list[Step]:
    """Return the steps with `units` fewer in ``[start, end)``, never below nothing."""
    if end <= start:
        return list(levels)
    instants = sorted({tick for tick, _ in levels} | {start, end})
    return [
        (tick, max(0, _at(levels, tick) - (units if start <= tick < end else 0)))
        for tick in instants
    ]


def _fresh(name: str, used: set[str]) -> str:
    while name in used:
        name += "'"
    used.add(name)
    return name
