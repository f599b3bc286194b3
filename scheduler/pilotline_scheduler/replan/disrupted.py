"""The problem after the disruptions: history fixed, resources as they are now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Lag, Pin, Problem, Run, Running
from pilotline_scheduler.replan.disruptions import (
    CancelledRun,
    Disruption,
    LateMaterial,
    UrgentRun,
)
from pilotline_scheduler.replan.history import History
from pilotline_scheduler.replan.hours import OpenHours
from pilotline_scheduler.replan.promises import promised_end
from pilotline_scheduler.replan.resources_now import ResourcesNow


@dataclass(frozen=True, slots=True)
class Disrupted:
    """A problem after disruptions, and what the plan was before them.

    Attributes:
        problem: what is to be planned now; its pins and deadlines may be more than can be kept.
        now: the present tick.
        disruptions: what happened.
        published: every operation's published place.
        begun: operations that have begun, each with its actual end.
        under_way: operations whose setup has begun; they should start as planned.
        promises: promised end of each run that has one.
        hit: operations a machine's stop keeps from being done as planned.
    """

    problem: Problem
    now: int
    disruptions: tuple[Disruption, ...]
    published: dict[str, PlannedOperation]
    begun: dict[str, PlannedOperation]
    under_way: frozenset[str]
    promises: dict[str, int]
    hit: frozenset[str]


def disrupt(
    problem: Problem,
    now: int,
    disruptions: Sequence[Disruption],
    not_begun: frozenset[str] = frozenset(),
) -> Disrupted:
    """Return the problem after disruptions; names and times must have been checked.

    Args:
        problem: the problem, with the published plan as `previous`.
        now: the present tick.
        disruptions: what happened.
        not_begun: operations that have not begun, whatever the plan says.
    """
    hours = OpenHours(problem, disruptions)
    history = History(problem, now, disruptions, hours, not_begun)
    resources = ResourcesNow(problem, now, disruptions, history, hours)
    runs = tuple(_runs(problem, disruptions, history, resources))
    kept = {operation.id for run in runs for operation in run.operations}
    published = {
        each.operation: history.begun.get(each.operation, each)
        for each in problem.previous
        if each.operation in kept
    }
    hit = frozenset(
        name for name, each in published.items() if name not in history.begun and history.hit(each)
    )
    release = {operation.id: run.release for run in runs for operation in run.operations}
    under_way = frozenset(
        name
        for name, each in published.items()
        if each.setup_start < now <= each.start and each.start >= release[name] and name not in hit
    )
    changed = replace(
        problem,
        machines=resources.machines(),
        calendars=resources.calendars(),
        changeovers=resources.changeovers(),
        pools=resources.pools(),
        runs=runs,
        pins=tuple(_pins(problem, now, history, published, under_way, hit)),
        frozen_until=now,
        running=tuple(_running(problem, history)),
        previous=tuple(_shown(each, now, history) for each in published.values()),
    )
    told = {each.operation: each for each in problem.previous}
    promises = {run.id: end for run in runs if (end := promised_end(run, told)) is not None}
    return Disrupted(
        changed, now, tuple(disruptions), published, history.begun, under_way, promises, hit
    )


def _shown(planned: PlannedOperation, now: int, history: History) -> PlannedOperation:
    """Return a published place; what should have begun and has not counts from now."""
    begun = history.begun.get(planned.operation)
    if begun is not None:
        return begun
    late = max(0, now - planned.start)
    return replace(
        planned,
        setup_start=planned.setup_start + late,
        start=planned.start + late,
        end=planned.end + late,
        setup_end=None if late else planned.setup_end,
    )


def _running(problem: Problem, history: History) -> Iterable[Running]:
    """Yield what runs, with its end as it is expected now; what a stop broke off runs no more."""
    for each in problem.running:
        begun = history.begun.get(each.operation)
        if begun is not None:
            yield replace(each, end=begun.end)


def _runs(
    problem: Problem,
    disruptions: Sequence[Disruption],
    history: History,
    resources: ResourcesNow,
) -> Iterable[Run]:
    cancelled = {each.run for each in disruptions if isinstance(each, CancelledRun)}
    late = [each for each in disruptions if isinstance(each, LateMaterial)]
    running = {each.operation for each in problem.running}
    overrun = {each for each in history.overruns if each in history.begun} - running
    for run in problem.runs:
        found = run
        if run.id in cancelled:
            found = _begun_part(run, history)
        if any(operation.id in overrun for operation in run.operations):
            operations = tuple(
                resources.lasting(operation) if operation.id in overrun else operation
                for operation in found.operations
            )
            found = replace(found, operations=operations)
        for material in late:
            if material.run == run.id:
                found = _delayed(found, material, history)
        if found.operations:
            yield found
    yield from (each.run for each in disruptions if isinstance(each, UrgentRun))


def _begun_part(run: Run, history: History) -> Run:
    operations = tuple(each for each in run.operations if each.id in history.begun)
    names = {each.id for each in operations}
    lags = tuple(lag for lag in run.lags if lag.before in names and lag.after in names)
    return replace(run, operations=operations, lags=lags, due=None, deadline=None)


def _delayed(run: Run, material: LateMaterial, history: History) -> Run:
    """Return a run whose operations wait for material.

    Where part of it has begun the release cannot say so; waiting since the end of an operation that
    has begun, which is known, says the same. Where nothing has, the run waits as a whole.
    """
    begun = next((each.id for each in run.operations if each.id in history.begun), None)
    if begun is None:
        return replace(run, release=max(run.release, material.until))
    wait = material.until - history.begun[begun].end
    extra = tuple(Lag(begun, each, wait) for each in _waiting(run, material, history))
    return replace(run, lags=run.lags + extra)


def _waiting(run: Run, material: LateMaterial, history: History) -> list[str]:
    names = {each.id for each in run.operations}
    if material.operation is not None:
        names = {material.operation}
        for _ in run.operations:
            names |= {lag.after for lag in run.lags if lag.before in names and lag.minimum >= 0}
    return sorted(names - history.begun.keys())


def _pins(
    problem: Problem,
    now: int,
    history: History,
    published: dict[str, PlannedOperation],
    under_way: frozenset[str],
    hit: frozenset[str],
) -> Iterable[Pin]:
    """Yield pins: the problem's own, what is being set up, and the rest of the frozen horizon."""
    pinned: set[str] = set()
    for pin in problem.pins:
        if pin.operation in published and pin.operation not in history.begun:
            pinned.add(pin.operation)
            yield pin
    for name, each in published.items():
        if name in pinned or name in history.begun or name in hit or each.start < now:
            continue
        if name in under_way or each.start < problem.frozen_until:
            yield Pin(name, each.machine, each.start)
