"""Makes plans that break one rule, by a tick or a unit, out of plans that keep them all.

Either the plan is changed, or what it was made for: a plan that was right for a capacity of 3 is
wrong for 2 at the moment when it uses all of it. Every way to break a rule is tried at every place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import (
    Interval,
    Lag,
    Machine,
    Pin,
    Problem,
    Run,
    Running,
    Wall,
)
from pilotline_scheduler.verifier.case import Case


@dataclass(frozen=True)
class Mutant:
    """A plan that breaks a rule of its problem.

    Attributes:
        rule: the rule.
        operation: an operation that breaks it.
        problem: what it is a plan for.
        plan: the plan.
    """

    rule: str
    operation: str
    problem: Problem
    plan: Plan


def mutants(problem: Problem, plan: Plan) -> Iterator[Mutant]:
    """Yield every mutant of a plan that keeps every rule."""
    case = Case(problem, plan)
    for make in MAKERS:
        yield from make(case)


def changed(case: Case, rule: str, before: PlannedOperation, after: PlannedOperation) -> Mutant:
    """Return the mutant in which one operation is planned otherwise."""
    kept = [each for each in case.plan.operations if each is not before]
    return Mutant(rule, after.operation, case.problem, Plan((*kept, after)))


def asked(case: Case, rule: str, operation: str, **facts: object) -> Mutant:
    """Return the mutant in which the plan is the same, but the problem asks for something else."""
    return Mutant(rule, operation, replace(case.problem, **facts), case.plan)  # type: ignore[arg-type]


def moved(planned: PlannedOperation, start: int, end: int) -> PlannedOperation:
    """Return an operation at another time, without a changeover."""
    return replace(planned, setup_start=start, setup_end=start, start=start, end=end)


def free(case: Case) -> list[PlannedOperation]:
    """Return what does not run already; the rest is bound by hardly any rule."""
    return [each for each in case.plan.operations if each.operation not in case.running]


def once(case: Case) -> Iterator[Mutant]:
    """One is missing, planned twice, or unknown."""
    for planned in case.plan.operations:
        others = tuple(each for each in case.plan.operations if each is not planned)
        yield Mutant("once", planned.operation, case.problem, Plan(others))
        twice = Plan((*case.plan.operations, planned))
        yield Mutant("once", planned.operation, case.problem, twice)
        stranger = replace(planned, operation="nobody")
        yield Mutant("once", "nobody", case.problem, Plan((*case.plan.operations, stranger)))


def mode(case: Case) -> Iterator[Mutant]:
    """One is on a machine that cannot do it."""
    for planned in case.plan.operations:
        able = {each.machine for each in case.operations[planned.operation][1].modes}
        for machine in sorted({*case.machines, "nowhere"} - able):
            yield changed(case, "mode", planned, replace(planned, machine=machine))


def order(case: Case) -> Iterator[Mutant]:
    """A setup begins after the start or before tick 0, or ends outside of its time."""
    for planned in case.plan.operations:
        begun, start = planned.setup_start, planned.start
        for setup_start, setup_end in (
            (start + 1, start + 1),
            (-1, begun),
            (begun, begun - 1),
            (begun, start + 1),
        ):
            wrong = replace(planned, setup_start=setup_start, setup_end=setup_end)
            yield changed(case, "order", planned, wrong)


def duration(case: Case) -> Iterator[Mutant]:
    """One is a tick longer or shorter than its mode."""
    for planned in free(case):
        for by in (-1, 1):
            worked = case.worked(replace(planned, end=planned.end + by))
            length = sum(part.end - part.start for part in worked)
            if length != case.mode(planned).ticks:
                yield changed(case, "duration", planned, replace(planned, end=planned.end + by))


def calendar(case: Case) -> Iterator[Mutant]:
    """The hours in which one begins or ends close a tick earlier or open a tick later."""
    for planned in free(case):
        name = case.machines[planned.machine].calendar
        if name is None or planned.start == planned.end:
            continue
        opened = case.calendar(planned.machine) or ()
        cut = [
            Interval(planned.start + 1 if each.start <= planned.start < each.end else 0, each.end)
            if each.start <= planned.start < each.end
            else each
            for each in opened
        ]
        kept = tuple(each for each in cut if each.start < each.end)
        calendars = tuple(
            replace(each, open=kept) if each.id == name else each for each in case.problem.calendars
        )
        rule = "calendar" if not case.pauses(planned) else "duration"
        yield asked(case, rule, planned.operation, calendars=calendars)


def machine(case: Case) -> Iterator[Mutant]:
    """One begins a tick before the one before it on its machine ends."""
    for sequence in case.batches.values():
        for one, other in pairwise(sequence):
            for planned in other:
                if one[0].start < one[0].end and planned.start < planned.end:
                    start = one[0].end - 1
                    early = moved(planned, start, start + planned.end - planned.start)
                    if not _is_batch(case, one[0], early):
                        yield changed(case, "machine", planned, early)


def _is_batch(case: Case, one: PlannedOperation, other: PlannedOperation) -> bool:
    together = (one.start, one.end) == (other.start, other.end)
    return together and case.mode(one).batch == case.mode(other).batch is not None


def batch(case: Case) -> Iterator[Mutant]:
    """The machine has a place less than a batch takes, or one of it shows another changeover."""
    for name, batches in case.batches.items():
        for members in batches:
            taken = sum(case.mode(each).places for each in members)
            if taken > 1 and members[0].operation not in case.running:
                machines = _machines(case, name, places=taken - 1)
                yield asked(case, "batch", members[0].operation, machines=machines)
            for each in members[1:] and members:
                start = each.setup_start
                wrong = (
                    replace(each, setup_start=start - 1)
                    if start
                    else replace(each, setup_end=(each.setup_end or 0) - 1)
                )
                yield changed(case, "batch", each, wrong)


def _machines(case: Case, name: str, **facts: object) -> tuple[Machine, ...]:
    return tuple(
        replace(each, **facts) if each.id == name else each  # type: ignore[arg-type]
        for each in case.problem.machines
    )


def setup(case: Case) -> Iterator[Mutant]:
    """A changeover is a tick too short or too long, or there is one where none is needed."""
    needed = {each.operation: found for found in case.setups for each in found.batch}
    for planned in case.plan.operations:
        found = needed.get(planned.operation)
        ticks = 0 if found is None else found.ticks
        if ticks:
            for start, end in ((planned.start - ticks + 1, planned.start), (None, None)):
                first = planned.setup_start if start is None else start
                wrong = replace(planned, setup_start=first, setup_end=end or first + ticks - 1)
                yield changed(case, "setup", planned, wrong)
        elif planned.start and planned.operation not in case.running:
            wrong = replace(planned, setup_start=planned.start - 1)
            yield changed(case, "setup", planned, wrong)
    for found in case.setups:
        for by in (1, -1) if found.ticks else (1,):
            yield _longer_setup(case, found.changeover.id, found.from_state, found.to_state, by)(
                found.planned.operation
            )


def _longer_setup(
    case: Case, name: str, before: str, after: str, by: int
) -> Callable[[str], Mutant]:
    """Return how to ask for a changeover that takes more or less than the plan gives it."""
    found = next(each for each in case.problem.changeovers if each.id == name)
    i, j = found.states.index(before), found.states.index(after)
    row = tuple(value + by * (k == j) for k, value in enumerate(found.ticks[i]))
    ticks = (*found.ticks[:i], row, *found.ticks[i + 1 :])
    changeovers = tuple(
        replace(each, ticks=ticks) if each.id == name else each for each in case.problem.changeovers
    )
    return lambda operation: asked(case, "setup", operation, changeovers=changeovers)


def setup_calendar(case: Case) -> Iterator[Mutant]:
    """The hours of a changeover close a tick before it ends."""
    for found in case.setups:
        planned, name = found.planned, case.machines[found.planned.machine].calendar
        if name is None or not found.ticks or found.changeover.during_closed_hours:
            continue
        last = found.interval.end
        opened = [
            part
            for each in case.calendar(planned.machine) or ()
            for part in (
                (Interval(each.start, last - 1), Interval(last, each.end))
                if each.start < last <= each.end
                else (each,)
            )
            if part.start < part.end
        ]
        calendars = tuple(
            replace(each, open=tuple(opened)) if each.id == name else each
            for each in case.problem.calendars
        )
        yield asked(case, "setup-calendar", planned.operation, calendars=calendars)


def pool(case: Case) -> Iterator[Mutant]:
    """A pool has a unit less at a tick when one that holds some of it works."""
    for planned in free(case):
        for name, _ in case.mode(planned).demands:
            for part in case.worked(planned):
                for tick in {part.start, part.end - 1}:
                    yield _short(case, name, tick, planned.operation)
    for found in case.setups:
        if found.changeover.pool is not None and found.ticks:
            tick = found.interval.end - 1
            yield _short(case, found.changeover.pool, tick, found.planned.operation)


def _short(case: Case, name: str, tick: int, operation: str) -> Mutant:
    """Return the mutant in which a pool lends at a tick one unit less than the plan uses."""
    used = _used(case, name, tick) - 1
    pools = []
    for each in case.problem.pools:
        levels = dict(each.levels)
        if each.id == name:
            after = [units for begin, units in each.levels if begin <= tick + 1][-1]
            levels[tick + 1] = after
            levels[tick] = used
        pools.append(replace(each, levels=tuple(sorted(levels.items()))))
    return asked(case, "pool", operation, pools=tuple(pools))


def _used(case: Case, name: str, tick: int) -> int:
    held = 0
    for planned in case.plan.operations:
        for pool_name, units in case.mode(planned).demands:
            freed = name in case.mode(planned).freed_in_pauses
            spans = case.worked(planned) if freed else [Interval(planned.start, planned.end)]
            if pool_name == name and any(span.start <= tick < span.end for span in spans):
                held += units
    for found in case.setups:
        span = found.interval
        if found.changeover.pool == name and span.start <= tick < span.end:
            held += found.changeover.pool_units
    return held


def _with_run(case: Case, rule: str, operation: str, run: Run, **facts: object) -> Mutant:
    asks = replace(run, **facts)  # type: ignore[arg-type]
    runs = tuple(asks if each.id == run.id else each for each in case.problem.runs)
    return asked(case, rule, operation, runs=runs)


def lags(case: Case) -> Iterator[Mutant]:
    """A lag asks for a tick more than there is, or allows a tick less."""
    for run in case.problem.runs:
        for index, lag in enumerate(run.lags):
            if lag.after in case.running:
                continue
            waited = case.planned[lag.after].start - case.planned[lag.before].end
            for rule, wrong in (
                ("minimum-lag", Lag(lag.before, lag.after, waited + 1)),
                ("maximum-lag", Lag(lag.before, lag.after, waited - 9, waited - 1)),
            ):
                found = (*run.lags[:index], wrong, *run.lags[index + 1 :])
                yield _with_run(case, rule, lag.after, run, lags=found)


def windows(case: Case) -> Iterator[Mutant]:
    """Release, deadline or attendance of a run are a tick too tight for one operation."""
    for planned in free(case):
        run, operation = case.operations[planned.operation]
        name, start, end = planned.operation, planned.start, planned.end
        yield _with_run(case, "release", name, run, release=start + 1)
        yield _with_run(case, "deadline", name, run, deadline=end - 1)
        present = replace(operation, attended=True)
        steps = tuple(present if each.id == name else each for each in run.operations)
        for there in ((Interval(start, end - 1),), (Interval(start + 1, end + 1),)):
            if all(each.start < each.end for each in there):
                yield _with_run(case, "attendance", name, run, operations=steps, attendance=there)


def walls(case: Case) -> Iterator[Mutant]:
    """Two that meet in a hall have a wall between their clients."""
    for one, other in combinations(free(case), 2):
        hall = case.machines[one.machine].hall
        here, there = (case.operations[each.operation][0].client for each in (one, other))
        together = hall is not None and hall == case.machines[other.machine].hall
        if together and here != there and max(one.start, other.start) < min(one.end, other.end):
            found = (*case.problem.walls, Wall((here, there), (hall or "",)))
            yield asked(case, "wall", one.operation, walls=found)


def decisions(case: Case) -> Iterator[Mutant]:
    """A pin, the frozen horizon or what runs says something else."""
    for planned in free(case):
        name = planned.operation
        pins = [each for each in case.problem.pins if each.operation != name]
        for start in (planned.start + 1, planned.start - 1):
            yield asked(case, "pin", name, pins=(*pins, Pin(name, start=start)))
        yield asked(case, "pin", name, pins=(*pins, Pin(name, machine="nowhere")))
        yield from _frozen(case, planned, tuple(pins))
        late = Running(name, planned.machine, planned.start, planned.end + 1)
        early = Running(name, planned.machine, planned.start + 1, planned.end)
        for facts in (late, early, replace(late, machine="nowhere", end=planned.end)):
            yield asked(case, "running", name, running=(*case.problem.running, facts), pins=())
    for planned in case.plan.operations:
        if planned.operation in case.running:
            later = moved(planned, planned.start + 1, planned.end + 1)
            yield changed(case, "running", planned, later)
            yield changed(case, "setup", planned, replace(planned, setup_end=planned.start - 1))


def _frozen(case: Case, planned: PlannedOperation, pins: tuple[Pin, ...]) -> Iterator[Mutant]:
    name = planned.operation
    others = tuple(each for each in case.problem.previous if each.operation != name)
    horizon = max(case.problem.frozen_until, planned.setup_start + 1)
    begun = {"pins": pins, "previous": others, "frozen_until": horizon}
    yield asked(case, "frozen", name, **begun)
    before = replace(planned, start=planned.start + 1)
    begun["frozen_until"] = max(horizon, planned.start + 2)
    yield asked(case, "frozen", name, **{**begun, "previous": (*others, before)})


def pauses(case: Case) -> Iterator[Mutant]:
    """One that pauses must not."""
    for planned in free(case):
        run, operation = case.operations[planned.operation]
        if len(case.worked(planned)) > 1:
            steady = tuple(
                replace(each, pausable=False) if each.id == operation.id else each
                for each in run.operations
            )
            yield _with_run(case, "calendar", operation.id, run, operations=steady)


MAKERS: tuple[Callable[[Case], Iterator[Mutant]], ...] = (
    once,
    mode,
    order,
    duration,
    calendar,
    pauses,
    machine,
    batch,
    setup,
    setup_calendar,
    pool,
    lags,
    windows,
    walls,
    decisions,
)
"""Each makes the mutants of one rule or a few."""
