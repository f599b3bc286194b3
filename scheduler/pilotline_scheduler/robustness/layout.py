"""A plan in arrays: what its execution needs to know, in the order in which work is released."""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Interval, Problem
from pilotline_scheduler.solver.instance import ModeData, compile_problem
from pilotline_scheduler.verifier.case import Case

Integers = npt.NDArray[np.int64]


class Layout(NamedTuple):
    """A plan in arrays; operations by their place in the order of release.

    Lists of lists are flat, with ``first[i]`` to ``first[i + 1]`` for the i-th one.

    Attributes:
        floor: no start before this tick, unless a maximum lag asks for it.
        earliest: no start before this tick at all.
        setup_floor: no setup before this tick.
        before: operation before it on its machine, or -1.
        setup_ticks: its changeover.
        setup_profile, setup_units: pool its changeover draws on, or -1, and how much.
        setup_hours: calendar its changeover must lie within, or -1.
        hours: calendar of its machine, or -1.
        pausable: 1 where it may pause.
        visit_first, visit_start, visit_end: attendance windows; none for any time.
        lag_first, lag_before, lag_minimum, lag_maximum: operations it waits for.
        draw_first, draw_profile, draw_needed, draw_taken: pools and walls.
        freed_first, freed_profile, freed_units: pools that get their units back in pauses.
        hours_first, hours_start, hours_end: open intervals of calendars.
        profile_first, profile_tick, profile_free: capacity steps of pools and walls.
        profile_room: place of each profile in an array with room for all bookings.
        watched_before, watched_after, watched_least, watched_most: lags that are not kept but
            counted.
    """

    floor: Integers
    earliest: Integers
    setup_floor: Integers
    before: Integers
    setup_ticks: Integers
    setup_profile: Integers
    setup_units: Integers
    setup_hours: Integers
    hours: Integers
    pausable: Integers
    visit_first: Integers
    visit_start: Integers
    visit_end: Integers
    lag_first: Integers
    lag_before: Integers
    lag_minimum: Integers
    lag_maximum: Integers
    draw_first: Integers
    draw_profile: Integers
    draw_needed: Integers
    draw_taken: Integers
    freed_first: Integers
    freed_profile: Integers
    freed_units: Integers
    hours_first: Integers
    hours_start: Integers
    hours_end: Integers
    profile_first: Integers
    profile_tick: Integers
    profile_free: Integers
    profile_room: Integers
    watched_before: Integers
    watched_after: Integers
    watched_least: Integers
    watched_most: Integers


NO_LEAST = -(2**40)
NO_MOST = 2**40


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A layout, and whose it is.

    Attributes:
        layout: the arrays.
        order: operations by the place they have in the arrays.
        watched: ``(before, after, least or None, most or None)`` of the lags that are counted.
    """

    layout: Layout
    order: tuple[str, ...]
    watched: tuple[tuple[str, str, int | None, int | None], ...]


def lay_out(problem: Problem, plan: Plan, *, early: bool) -> LaidOut:
    """Return a plan that keeps every rule in arrays.

    Args:
        problem: a validated problem.
        plan: its plan.
        early: whether work may start before its planned start.
    """
    return _Builder(problem, plan, early=early).laid_out()


class _Builder:
    def __init__(self, problem: Problem, plan: Plan, *, early: bool) -> None:
        self._problem = problem
        self._case = Case(problem, plan)
        self._instance = compile_problem(problem)
        self._early = early
        self._names = self._instance.names
        planned = self._case.planned
        rank = {name: place for place, name in enumerate(_by_lags(problem))}
        self._order = sorted(
            range(len(self._names)),
            key=lambda each: (
                planned[self._names[each]].start,
                planned[self._names[each]].end,
                rank[self._names[each]],
            ),
        )
        self._place = {operation: place for place, operation in enumerate(self._order)}
        self._machine_at = {machine.id: at for at, machine in enumerate(problem.machines)}
        self._hours_at = {calendar.id: at for at, calendar in enumerate(problem.calendars)}

    def laid_out(self) -> LaidOut:
        """Return the arrays."""
        watched = self._watched()
        layout = Layout(
            **self._floors(),
            **self._setups(),
            **self._hours(),
            **self._lags(),
            **self._draws(),
            watched_before=_array([each[0] for each in watched]),
            watched_after=_array([each[1] for each in watched]),
            watched_least=_array([NO_LEAST if each[2] is None else each[2] for each in watched]),
            watched_most=_array([NO_MOST if each[3] is None else each[3] for each in watched]),
        )
        order = tuple(self._names[each] for each in self._order)
        named = tuple((order[a], order[b], least, most) for a, b, least, most in watched)
        return LaidOut(layout, order, named)

    def _mode(self, operation: int) -> ModeData:
        machine = self._machine_at[self._case.planned[self._names[operation]].machine]
        modes = self._instance.modes[operation]
        return next(mode for mode in modes if mode.machine == machine)

    def _floors(self) -> dict[str, Integers]:
        planned, instance = self._case.planned, self._instance
        earliest = [self._earliest(each) for each in self._order]
        starts = [planned[self._names[each]].start for each in self._order]
        setups = [planned[self._names[each]].setup_start for each in self._order]
        if self._early:
            starts = earliest
            setups = [instance.setup_floor[each] for each in self._order]
        return {
            "floor": _array(starts),
            "earliest": _array(earliest),
            "setup_floor": _array(setups),
        }

    def _earliest(self, operation: int) -> int:
        fixed = self._instance.fixed[operation]
        run = self._problem.runs[self._instance.run_of[operation]]
        return fixed if fixed >= 0 else max(run.release, self._problem.frozen_until)

    def _setups(self) -> dict[str, Integers]:
        count = len(self._order)
        found = {
            name: np.full(count, -1, dtype=np.int64)
            for name in ("before", "setup_ticks", "setup_profile", "setup_units", "setup_hours")
        }
        found["setup_ticks"][:] = 0
        place = {self._names[operation]: at for operation, at in self._place.items()}
        for sequence in self._case.sequences.values():
            ordered = sorted(place[planned.operation] for planned in sequence)
            found["before"][ordered[1:]] = ordered[:-1]
        pools = {pool.id: at for at, pool in enumerate(self._problem.pools)}
        for setup in self._case.setups:
            at = place[setup.planned.operation]
            found["setup_ticks"][at] = setup.ticks
            if setup.changeover.pool is not None:
                found["setup_profile"][at] = pools[setup.changeover.pool]
                found["setup_units"][at] = setup.changeover.pool_units
            calendar = self._case.machines[setup.planned.machine].calendar
            if calendar is not None and not setup.changeover.during_closed_hours:
                found["setup_hours"][at] = self._hours_at[calendar]
        return found

    def _hours(self) -> dict[str, Integers]:
        hours: list[int] = []
        visits: list[Sequence[Interval]] = []
        pausable: list[int] = []
        for each in self._order:
            name = self._names[each]
            run, operation = self._case.operations[name]
            calendar = self._calendar(each)
            hours.append(-1 if calendar is None else self._hours_at[calendar])
            bound = operation.attended and name not in self._case.running
            visits.append(run.attendance if bound else ())
            pausable.append(int(operation.pausable))
        return {
            "hours": _array(hours),
            "pausable": _array(pausable),
            **_intervals("visit", visits),
            **_intervals("hours", [calendar.open for calendar in self._problem.calendars]),
        }

    def _calendar(self, operation: int) -> str | None:
        """Return the calendar an operation must keep to; what runs already keeps to none."""
        name = self._names[operation]
        if name in self._case.running:
            return None
        return self._case.machines[self._case.planned[name].machine].calendar

    def _lags(self) -> dict[str, Integers]:
        """Return the lags that execution keeps: those to operations released before."""
        kept = [
            [lag for lag in self._instance.predecessors[each] if self._place[lag.other] < at]
            for at, each in enumerate(self._order)
        ]
        return {
            "lag_first": _firsts(kept),
            "lag_before": _array([self._place[lag.other] for lags in kept for lag in lags]),
            "lag_minimum": _array([lag.minimum for lags in kept for lag in lags]),
            "lag_maximum": _array(
                [NO_MOST if lag.maximum is None else lag.maximum for lags in kept for lag in lags]
            ),
        }

    def _watched(self) -> list[tuple[int, int, int | None, int | None]]:
        """Return the lags that execution can break: maximum ones, and minimum ones backwards."""
        found: list[tuple[int, int, int | None, int | None]] = []
        for after, lags in enumerate(self._instance.predecessors):
            for lag in lags:
                one, other = self._place[lag.other], self._place[after]
                if lag.maximum is not None:
                    found.append((one, other, None, lag.maximum))
                if one > other:
                    found.append((one, other, lag.minimum, None))
        return found

    def _draws(self) -> dict[str, Integers]:
        draws = [self._mode(each).draws for each in self._order]
        freed = [self._freed(each) for each in self._order]
        profiles = self._instance.profiles
        bookings = np.zeros(len(profiles), dtype=np.int64)
        for profile, _, taken in (draw for each in draws for draw in each):
            bookings[profile] += 1 if taken else 0
        parts = max((len(calendar.open) for calendar in self._problem.calendars), default=0)
        for profile, _ in (draw for each in freed for draw in each):
            bookings[profile] += parts
        for setup in self._case.setups:
            if setup.changeover.pool is not None and setup.ticks:
                bookings[
                    [pool.id for pool in self._problem.pools].index(setup.changeover.pool)
                ] += 1
        rooms = [
            len(steps) + 2 * int(count) for steps, count in zip(profiles, bookings, strict=True)
        ]
        return {
            "draw_first": _firsts(draws),
            "draw_profile": _array([draw[0] for each in draws for draw in each]),
            "draw_needed": _array([draw[1] for each in draws for draw in each]),
            "draw_taken": _array([draw[2] for each in draws for draw in each]),
            "freed_first": _firsts(freed),
            "freed_profile": _array([draw[0] for each in freed for draw in each]),
            "freed_units": _array([draw[1] for each in freed for draw in each]),
            "profile_first": _firsts(profiles),
            "profile_tick": _array([tick for steps in profiles for tick, _ in steps]),
            "profile_free": _array([units for steps in profiles for _, units in steps]),
            "profile_room": _array([0, *accumulate(rooms)]),
        }

    def _freed(self, operation: int) -> tuple[tuple[int, int], ...]:
        return () if self._calendar(operation) is None else self._mode(operation).freed


def _by_lags(problem: Problem) -> list[str]:
    """Return operations so that lags of zero or more lead from earlier to later ones."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for run in problem.runs:
        for operation in run.operations:
            order.add(operation.id)
        for lag in run.lags:
            if lag.minimum >= 0:
                order.add(lag.after, lag.before)
    return list(order.static_order())


def _array(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)


def _firsts(lists: Sequence[Sequence[object]]) -> Integers:
    return _array([0, *accumulate(len(each) for each in lists)])


def _intervals(name: str, lists: Sequence[Sequence[Interval]]) -> dict[str, Integers]:
    return {
        f"{name}_first": _firsts(lists),
        f"{name}_start": _array([each.start for intervals in lists for each in intervals]),
        f"{name}_end": _array([each.end for intervals in lists for each in intervals]),
    }
