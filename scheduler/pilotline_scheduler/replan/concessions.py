"""What the disruptions leave no room for: decisions, deadlines and waits that had to give way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Lag, Pin, Problem, Run
from pilotline_scheduler.replan.disrupted import Disrupted


@dataclass(frozen=True, slots=True)
class Softened:
    """A problem without what may have to give way.

    Attributes:
        problem: the problem; pins of operations that are being set up are still there.
        pinned: decided operations, with their machine or None.
        last_starts: latest start of operations that should soon follow one that has begun.
    """

    problem: Problem
    pinned: dict[str, str | None]
    last_starts: dict[str, int]


def soften(disrupted: Disrupted, under_way: frozenset[str]) -> Softened:
    """Return the problem of a repair: history holds, other decisions and deadlines are wishes.

    Args:
        disrupted: the problem after disruptions.
        under_way: operations whose begun setup is carried on.
    """
    problem = disrupted.problem
    last_starts: dict[str, int] = {}
    runs = tuple(_softened(run, disrupted, last_starts) for run in problem.runs)
    pins = tuple(pin for pin in problem.pins if pin.operation in under_way)
    wished = {pin.operation: pin.machine for pin in problem.pins}
    return Softened(replace(problem, runs=runs, pins=pins), wished, last_starts)


def _softened(run: Run, disrupted: Disrupted, last_starts: dict[str, int]) -> Run:
    begun = disrupted.begun
    lags: list[Lag] = []
    changed = run.deadline is not None
    for lag in run.lags:
        soft = lag.maximum is not None and (lag.before in begun or lag.after in begun)
        if soft and lag.before in begun and lag.after not in begun:
            last = begun[lag.before].end + (lag.maximum or 0)
            last_starts[lag.after] = min(last, last_starts.get(lag.after, last))
        lags.append(replace(lag, maximum=None) if soft else lag)
        changed = changed or soft
    return replace(run, deadline=None, lags=tuple(lags)) if changed else run


@dataclass(frozen=True, slots=True)
class Concessions:
    """What a plan could not keep.

    Attributes:
        pins: decisions given up.
        deadlines: runs that end after their deadline.
        waits: lags whose longest wait is exceeded, each with the wait in ticks.
    """

    pins: tuple[Pin, ...]
    deadlines: tuple[str, ...]
    waits: tuple[tuple[Lag, int], ...]


def concede(disrupted: Disrupted, plan: Plan) -> tuple[Problem, Concessions]:
    """Return the problem that a plan answers, and what had to give way for that."""
    problem = disrupted.problem
    planned = {each.operation: each for each in plan.operations}
    pins = tuple(pin for pin in problem.pins if not _kept(pin, planned[pin.operation]))
    deadlines: list[str] = []
    waits: list[tuple[Lag, int]] = []
    runs: list[Run] = []
    for run in problem.runs:
        found = run
        if run.deadline is not None and _end(run, planned) > run.deadline:
            deadlines.append(run.id)
            found = replace(found, deadline=None)
        over = _exceeded(run, planned)
        if over:
            waits += over
            allowed = dict(over)
            lags = tuple(replace(lag, maximum=allowed.get(lag, lag.maximum)) for lag in run.lags)
            found = replace(found, lags=lags)
        runs.append(found)
    if pins or deadlines or waits:
        problem = replace(
            problem,
            runs=tuple(runs),
            pins=tuple(pin for pin in problem.pins if pin not in pins),
        )
    return problem, Concessions(pins, tuple(deadlines), tuple(waits))


def _kept(pin: Pin, planned: PlannedOperation) -> bool:
    return pin.machine in (None, planned.machine) and pin.start in (None, planned.start)


def _end(run: Run, planned: Mapping[str, PlannedOperation]) -> int:
    return max(planned[operation.id].end for operation in run.operations)


def _exceeded(run: Run, planned: Mapping[str, PlannedOperation]) -> list[tuple[Lag, int]]:
    return [
        (lag, wait)
        for lag in run.lags
        if lag.maximum is not None
        and (wait := planned[lag.after].start - planned[lag.before].end) > lag.maximum
    ]
