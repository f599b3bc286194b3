"""The rules of a problem that someone could give way on, and the problem without some of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from pilotline_scheduler.problem import Machine, Mode, Operation, Pin, Problem, Run, Wall
from pilotline_scheduler.problem.findings import MAX_TICK


class RuleKind(StrEnum):
    """What a rule is about."""

    DEADLINE = "deadline"
    RELEASE = "release"
    ATTENDANCE = "attendance"
    PIN = "pin"
    FROZEN = "frozen"
    """The frozen horizon, with the pins inside it."""
    WALL = "wall"
    POOL = "pool"
    """What a pool has."""
    CALENDAR = "calendar"
    CHANGEOVER = "changeover"
    MAXIMUM_LAG = "maximum-lag"
    ELIGIBILITY = "eligibility"
    """The machines an operation has modes for."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """A rule that someone could give way on.

    Attributes:
        kind: what it is about.
        about: ids: of the run, the operation, the machine, the pool, the two clients and halls of
            a wall; of a maximum lag the run and the two operations; nothing for the horizon.
    """

    kind: RuleKind
    about: tuple[str, ...] = ()


def rules_of(problem: Problem) -> tuple[Rule, ...]:
    """Return every rule of a validated problem that someone could give way on."""
    return tuple(dict.fromkeys(_rules(problem)))


def _rules(problem: Problem) -> Iterator[Rule]:
    for run in problem.runs:
        yield from _rules_of_run(run)
    inside = inside_horizon(problem)
    for pin in problem.pins:
        if pin.operation not in inside:
            yield Rule(RuleKind.PIN, (pin.operation,))
    if problem.frozen_until > 0:
        yield Rule(RuleKind.FROZEN)
    for wall in problem.walls:
        yield Rule(RuleKind.WALL, (*wall.clients, *wall.halls))
    for pool in problem.pools:
        yield Rule(RuleKind.POOL, (pool.id,))
    for machine in problem.machines:
        if machine.calendar is not None:
            yield Rule(RuleKind.CALENDAR, (machine.id,))
        if machine.changeover is not None:
            yield Rule(RuleKind.CHANGEOVER, (machine.id,))


def _rules_of_run(run: Run) -> Iterator[Rule]:
    if run.deadline is not None:
        yield Rule(RuleKind.DEADLINE, (run.id,))
    if run.release > 0:
        yield Rule(RuleKind.RELEASE, (run.id,))
    if run.attendance and any(operation.attended for operation in run.operations):
        yield Rule(RuleKind.ATTENDANCE, (run.id,))
    for lag in run.lags:
        if lag.maximum is not None:
            yield Rule(RuleKind.MAXIMUM_LAG, (run.id, lag.before, lag.after))
    for operation in run.operations:
        yield Rule(RuleKind.ELIGIBILITY, (operation.id,))


def inside_horizon(problem: Problem) -> dict[str, Pin | None]:
    """Return the operations that are decided inside the frozen horizon, with the pin if that is it.

    A pin whose operation, or its setup, could not be where it is without the pin belongs to the
    horizon too: without it, nothing new may begin there.
    """
    found: dict[str, Pin | None] = {
        planned.operation: None
        for planned in problem.previous
        if planned.start < problem.frozen_until
    }
    ticks = (tick for each in problem.changeovers for row in each.ticks for tick in row)
    reach = problem.frozen_until + max(ticks, default=0)
    for pin in problem.pins:
        early = problem.frozen_until > 0 and pin.start is not None and pin.start < reach
        if pin.operation in found or early:
            found[pin.operation] = pin
    return found


def relaxed(problem: Problem, rules: Collection[Rule]) -> Problem:
    """Return a problem without some of its rules; it allows all that the first allows.

    (But for work that paused: without closed hours it takes less time from start to end.) An
    operation without the rule of its machines may also be done elsewhere, in the time that one of
    its modes takes, on a machine that is always there.
    """
    dropped = frozenset(rules)
    if Rule(RuleKind.FROZEN) in dropped:
        inside = inside_horizon(problem)
        pins = tuple(pin for pin in problem.pins if pin.operation not in inside)
        problem = replace(problem, frozen_until=0, previous=(), pins=pins)
    elsewhere: list[Machine] = []
    runs = tuple(_relaxed_run(run, dropped, elsewhere) for run in problem.runs)
    return replace(
        problem,
        runs=runs,
        machines=(*(_relaxed_machine(each, dropped) for each in problem.machines), *elsewhere),
        pools=tuple(
            replace(pool, levels=((0, MAX_TICK),)) if _pool(pool.id) in dropped else pool
            for pool in problem.pools
        ),
        walls=tuple(wall for wall in problem.walls if _wall(wall) not in dropped),
        pins=tuple(
            pin for pin in problem.pins if Rule(RuleKind.PIN, (pin.operation,)) not in dropped
        ),
    )


def _pool(pool: str) -> Rule:
    return Rule(RuleKind.POOL, (pool,))


def _wall(wall: Wall) -> Rule:
    return Rule(RuleKind.WALL, (*wall.clients, *wall.halls))


def _relaxed_machine(machine: Machine, dropped: Collection[Rule]) -> Machine:
    if Rule(RuleKind.CALENDAR, (machine.id,)) in dropped:
        machine = replace(machine, calendar=None)
    if Rule(RuleKind.CHANGEOVER, (machine.id,)) in dropped:
        machine = replace(machine, changeover=None, initial_setup=None)
    return machine


def _relaxed_run(run: Run, dropped: Collection[Rule], elsewhere: list[Machine]) -> Run:
    def without(kind: RuleKind) -> bool:
        return Rule(kind, (run.id,)) in dropped

    return replace(
        run,
        deadline=None if without(RuleKind.DEADLINE) else run.deadline,
        release=0 if without(RuleKind.RELEASE) else run.release,
        attendance=() if without(RuleKind.ATTENDANCE) else run.attendance,
        lags=tuple(
            replace(lag, maximum=None)
            if Rule(RuleKind.MAXIMUM_LAG, (run.id, lag.before, lag.after)) in dropped
            else lag
            for lag in run.lags
        ),
        operations=tuple(
            _anywhere(each, elsewhere)
            if Rule(RuleKind.ELIGIBILITY, (each.id,)) in dropped
            else each
            for each in run.operations
        ),
    )


def _anywhere(operation: Operation, elsewhere: list[Machine]) -> Operation:
    added: list[Mode] = []
    for index, mode in enumerate(operation.modes):
        machine = Machine(f"elsewhere for {operation.id} ({index})")
        elsewhere.append(machine)
        added.append(replace(mode, machine=machine.id, batch=None, places=1))
    return replace(operation, modes=(*operation.modes, *added))


def is_elsewhere(machine: str) -> bool:
    """Return whether a machine is one that `relaxed` made up."""
    return machine.startswith("elsewhere for ")


def only(problem: Problem, runs: Collection[str]) -> Problem:
    """Return the part of a problem that is about some runs."""
    kept = tuple(run for run in problem.runs if run.id in runs)
    own = {operation.id for run in kept for operation in run.operations}
    return replace(
        problem,
        runs=kept,
        pins=tuple(pin for pin in problem.pins if pin.operation in own),
        previous=tuple(each for each in problem.previous if each.operation in own),
        running=tuple(each for each in problem.running if each.operation in own),
    )
