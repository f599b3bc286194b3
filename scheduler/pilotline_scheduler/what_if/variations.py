"""Variations of a problem: one thing about the line or the orders that could be different."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.problem import Calendar, Interval, Machine, Operation, Pool, Problem, Wall
from pilotline_scheduler.problem.validation import validate


class Variation(Protocol):
    """One thing that could be different."""

    @property
    def sentence(self) -> str:
        """What it is, in words."""

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it.

        Raises:
            AnalysisError: it names nothing in the problem, or leaves an operation without a mode.
        """


def varied(problem: Problem, variations: Iterable[Variation]) -> Problem:
    """Return a problem with variations, one after the other.

    Raises:
        AnalysisError: a variation does not fit the problem.
        ProblemError: what comes of them contradicts itself.
    """
    for variation in variations:
        problem = variation.of(problem)
    validate(problem)
    return problem


@dataclass(frozen=True, slots=True)
class OpenHours:
    """A machine is open in more hours: a shift more, or a stop less.

    Other machines with its calendar keep theirs.
    """

    machine: str
    hours: tuple[Interval, ...]

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return f"{self.machine} is also open in {_spans(self.hours)}"

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it."""
        _must_be_spans(self.hours)
        machine = _machine(problem, self.machine)
        if machine.calendar is None:
            message = f"machine {self.machine!r} is always open already"
            raise AnalysisError(message)
        before = next(each.open for each in problem.calendars if each.id == machine.calendar)
        name = _new(f"{self.machine} with more hours", {each.id for each in problem.calendars})
        calendar = Calendar(name, _joined([*before, *self.hours]))
        machines = tuple(
            replace(each, calendar=name) if each.id == self.machine else each
            for each in problem.machines
        )
        return replace(problem, machines=machines, calendars=(*problem.calendars, calendar))


@dataclass(frozen=True, slots=True)
class SecondMachine:
    """Another machine like one that is there, for every operation that one can do."""

    like: str

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return f"there is a second machine like {self.like}"

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it."""
        known = _machine(problem, self.like)
        name = _new(f"second {self.like}", {each.id for each in problem.machines})

        def copied(operation: Operation) -> Operation:
            same = (mode for mode in operation.modes if mode.machine == self.like)
            return replace(
                operation,
                modes=(*operation.modes, *(replace(mode, machine=name) for mode in same)),
            )

        machines = (*problem.machines, replace(known, id=name))
        return replace(_with_operations(problem, copied), machines=machines)


@dataclass(frozen=True, slots=True)
class RemovedMachine:
    """A machine is not there; what was decided for it is open again."""

    machine: str

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return f"{self.machine} is not there"

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it."""
        _machine(problem, self.machine)

        def without(operation: Operation) -> Operation:
            modes = tuple(mode for mode in operation.modes if mode.machine != self.machine)
            if not modes:
                message = f"operation {operation.id!r} can only be done on {self.machine!r}"
                raise AnalysisError(message)
            return replace(operation, modes=modes)

        return replace(
            _with_operations(problem, without),
            machines=tuple(each for each in problem.machines if each.id != self.machine),
            pins=tuple(pin for pin in problem.pins if pin.machine != self.machine),
            previous=tuple(each for each in problem.previous if each.machine != self.machine),
            running=tuple(each for each in problem.running if each.machine != self.machine),
            walls=_standing_walls(problem, self.machine),
        )


@dataclass(frozen=True, slots=True)
class DroppedRun:
    """A run is not asked for."""

    run: str

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return f"run {self.run} is not asked for"

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it."""
        _must_know(self.run, (run.id for run in problem.runs), "run")
        runs = tuple(run for run in problem.runs if run.id != self.run)
        kept = {operation.id for run in runs for operation in run.operations}
        return replace(
            problem,
            runs=runs,
            pins=tuple(pin for pin in problem.pins if pin.operation in kept),
            previous=tuple(each for each in problem.previous if each.operation in kept),
            running=tuple(each for each in problem.running if each.operation in kept),
        )


@dataclass(frozen=True, slots=True)
class ChangedRun:
    """A run has another release, due tick, deadline or weight; None leaves it as it is."""

    run: str
    release: int | None = None
    due: int | None = None
    deadline: int | None = None
    weight: int | None = None

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        changes = ", ".join(f"{name} {value}" for name, value in self._changes().items())
        return f"run {self.run} has {changes}"

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it."""
        _must_know(self.run, (run.id for run in problem.runs), "run")
        changes = self._changes()
        runs = tuple(
            replace(
                run,
                release=changes.get("release", run.release),
                due=changes.get("due", run.due),
                deadline=changes.get("deadline", run.deadline),
                weight=changes.get("weight", run.weight),
            )
            if run.id == self.run
            else run
            for run in problem.runs
        )
        return replace(problem, runs=runs)

    def _changes(self) -> dict[str, int]:
        given = {
            "release": self.release,
            "due": self.due,
            "deadline": self.deadline,
            "weight": self.weight,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class MorePoolUnits:
    """A pool has more units, or fewer when below zero: always, or in some hours only."""

    pool: str
    units: int
    hours: tuple[Interval, ...] = ()

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        when = f" in {_spans(self.hours)}" if self.hours else ""
        return f"{self.pool} has {self.units:+d}{when}"

    def of(self, problem: Problem) -> Problem:
        """Return the problem with it."""
        _must_know(self.pool, (pool.id for pool in problem.pools), "pool")
        _must_be_spans(self.hours)
        pools = tuple(
            self._changed(pool) if pool.id == self.pool else pool for pool in problem.pools
        )
        return replace(problem, pools=pools)

    def _changed(self, pool: Pool) -> Pool:
        if not self.hours:
            levels = tuple((tick, max(0, units + self.units)) for tick, units in pool.levels)
            return replace(pool, levels=levels)
        hours = _joined(self.hours)
        edges = {tick for each in hours for tick in (each.start, each.end)}
        ticks = sorted({*edges, *(tick for tick, _ in pool.levels)})
        levels = tuple((tick, self._level(pool, hours, tick)) for tick in ticks)
        kept = [levels[0], *(after for before, after in pairwise(levels) if before[1] != after[1])]
        return replace(pool, levels=tuple(kept))

    def _level(self, pool: Pool, hours: Sequence[Interval], tick: int) -> int:
        before = next(units for step, units in reversed(pool.levels) if step <= tick)
        inside = any(each.start <= tick < each.end for each in hours)
        return max(0, before + self.units) if inside else before


def _machine(problem: Problem, name: str) -> Machine:
    _must_know(name, (machine.id for machine in problem.machines), "machine")
    return next(machine for machine in problem.machines if machine.id == name)


def _must_know(name: str, names: Iterable[str], what: str) -> None:
    if name not in set(names):
        message = f"the problem has no {what} {name!r}"
        raise AnalysisError(message)


def _must_be_spans(hours: Iterable[Interval]) -> None:
    for each in hours:
        if not 0 <= each.start < each.end:
            message = f"hours go from a tick to a later one, not {each.start}-{each.end}"
            raise AnalysisError(message)


def _new(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: the one given, or with a number."""
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found


def _with_operations(problem: Problem, changed: Callable[[Operation], Operation]) -> Problem:
    runs = tuple(
        replace(run, operations=tuple(map(changed, run.operations))) for run in problem.runs
    )
    return replace(problem, runs=runs)


def _standing_walls(problem: Problem, machine: str) -> tuple[Wall, ...]:
    halls = {each.hall for each in problem.machines if each.id != machine}
    found: list[Wall] = []
    for wall in problem.walls:
        left = tuple(hall for hall in wall.halls if hall in halls)
        if left or not wall.halls:
            found.append(replace(wall, halls=left))
    return tuple(found)


def _joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return intervals sorted, with overlapping and touching ones as one."""
    found: list[Interval] = []
    for each in sorted(intervals, key=lambda interval: interval.start):
        if found and each.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return tuple(found)


def _spans(hours: Iterable[Interval]) -> str:
    return ", ".join(f"{each.start}-{each.end}" for each in hours)
