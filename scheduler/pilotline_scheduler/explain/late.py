"""Why a run ends when it ends: its time from release to end, cause by cause."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.explain.cause import Cause, Wait
from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.explain.readiness import readiness
from pilotline_scheduler.explain.room import Room
from pilotline_scheduler.explain.view import View
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Lag, Problem, Run


@dataclass(frozen=True, slots=True)
class Lateness:
    """Why a run ends when it ends.

    Attributes:
        run: the run.
        due: its due tick.
        end: end of its last operation.
        ticks: ``end - due``; zero or less when it is on time.
        chain: the operations that decide the end, first to last: each starts as soon as the one
            before it, or the release, lets it and its waits are over.
        waits: every wait on the chain, in order of time.
        causes: ticks by cause, most first; they add up to `ticks`.
        sentences: the same in words, first to last.
    """

    run: str
    due: int
    end: int
    ticks: int
    chain: tuple[str, ...]
    waits: tuple[Wait, ...]
    causes: tuple[tuple[Cause, int], ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """An operation of the chain, ready at a tick because of a lag, or of the release (None)."""

    planned: PlannedOperation
    ready: int
    lag: Lag | None


def explain_late(
    problem: Problem, plan: Plan, run: str, view: View | None = None, floor: Floor | None = None
) -> Lateness:
    """Return why a run ends when it ends.

    Args:
        problem: a validated problem.
        plan: its plan.
        run: id of a run with a due tick.
        view: who reads it; a planner unless told.
        floor: the same plan laid out before, to save time over many runs.

    Raises:
        AnalysisError: the plan breaks rules, or there is no such run with a due tick.
    """
    view = view or View()
    floor = floor or Floor(problem, plan)
    found = next((each for each in problem.runs if each.id == run), None)
    if found is None or found.due is None:
        message = f"the problem has no run {run!r} with a due tick"
        raise AnalysisError(message)
    steps = _chain(floor, found)
    waits = view.shown([wait for step in steps for wait in _passing(floor, step, view)])
    end = steps[-1].planned.end
    work = _least(floor, steps)
    alone = steps[0].ready + work
    causes = _causes(waits, alone - found.due)
    return Lateness(
        run,
        found.due,
        end,
        end - found.due,
        tuple(step.planned.operation for step in steps),
        waits,
        causes,
        tuple(_sentences(found, end, alone, waits)),
    )


def late_runs(problem: Problem, plan: Plan) -> list[str]:
    """Return the runs that end after their due tick, those first whose lateness weighs most."""
    ends = {planned.operation: planned.end for planned in plan.operations}
    late = {
        run.id: run.weight * (max(ends[each.id] for each in run.operations) - run.due)
        for run in problem.runs
        if run.due is not None and max(ends[each.id] for each in run.operations) > run.due
    }
    return sorted(late, key=lambda run: (-late[run], run))


def _chain(floor: Floor, run: Run) -> list[_Step]:
    """Return the operations that decide the end of a run, from the release on."""
    planned = (floor.case.planned[operation.id] for operation in run.operations)
    last = max(planned, key=lambda each: (each.end, each.start))
    found: list[_Step] = []
    seen: set[str] = set()
    while True:
        seen.add(last.operation)
        ready, lag = readiness(floor, run, last.operation, seen)
        found.append(_Step(last, ready, lag))
        if lag is None:
            return found[::-1]
        last = floor.case.planned[lag.before]


def _least(floor: Floor, steps: list[_Step]) -> int:
    """Return what a chain takes on the fastest machines without any wait."""
    return sum(
        _work(floor, step.planned) + (0 if step.lag is None else step.lag.minimum) for step in steps
    )


def _work(floor: Floor, planned: PlannedOperation) -> int:
    """Return what an operation takes on its fastest machine; what runs takes what it takes."""
    if planned.operation in floor.case.running:
        return planned.end - planned.start
    return min(mode.ticks for mode in floor.of(planned.operation)[1].modes)


def _passing(floor: Floor, step: _Step, view: View) -> Iterator[Wait]:
    """Yield where the time goes from readiness to end, but for work on the fastest machine."""
    planned, name = step.planned, step.planned.operation
    if step.ready < planned.start:
        yield from _waiting(floor, step, view)
    if name in floor.case.running:
        return
    mode = floor.case.mode(planned)
    fastest = min(floor.of(name)[1].modes, key=lambda each: each.ticks)
    if mode.ticks > fastest.ticks:
        more = mode.ticks - fastest.ticks
        sentence = f"{name} takes {mode.ticks} ticks on {mode.machine}, "
        sentence += f"{more} more than on {fastest.machine}"
        start = planned.start + fastest.ticks
        yield Wait(name, Cause.SLOWER_MACHINE, start, start + more, sentence)
    pauses = planned.end - planned.start - mode.ticks
    if pauses:
        sentence = f"{name} pauses for {pauses} ticks while {mode.machine} is closed"
        yield Wait(name, Cause.CALENDAR, planned.end - pauses, planned.end, sentence)


def _waiting(floor: Floor, step: _Step, view: View) -> Iterator[Wait]:
    planned, name = step.planned, step.planned.operation
    if floor.decided_start(name):
        cause, why = _decision(floor, name)
        sentence = f"{name} waits from {step.ready} until {planned.start}: {why}"
        yield Wait(name, cause, step.ready, planned.start, sentence)
        return
    waits, _ = Room(floor, name, floor.case.mode(planned), view).first(step.ready)
    tick = step.ready
    for wait in waits:
        if wait.start >= planned.start:
            break
        tick = planned.start if wait.end is None else min(wait.end, planned.start)
        yield replace(wait, end=tick)
    tied, lag = readiness(floor, floor.of(name)[0], name)
    if lag is not None and tick < min(tied, planned.start):
        until = min(tied, planned.start)
        sentence = f"{name} waits from {tick} until {until}: it is tied to {lag.before}"
        yield Wait(name, Cause.MAXIMUM_LAG, tick, until, sentence, (lag.before,))
        tick = until
    if tick < planned.start:
        sentence = f"nothing holds {name} from {tick} until {planned.start}: "
        sentence += f"it could start earlier, at {tick}"
        yield Wait(name, Cause.SLACK, tick, planned.start, sentence)


def _decision(floor: Floor, operation: str) -> tuple[Cause, str]:
    """Return what fixed the start of an operation, also in words."""
    start = floor.case.planned[operation].start
    if operation in floor.case.running:
        return Cause.RUNNING, f"it runs already, since {start}"
    if operation in floor.pins and floor.pins[operation].start is not None:
        return Cause.PIN, f"its start is pinned at {start}"
    return Cause.FROZEN, f"its start is frozen at {start}"


def _causes(waits: tuple[Wait, ...], beyond_due: int) -> tuple[tuple[Cause, int], ...]:
    """Return ticks by cause; `beyond_due` is how long after the due tick the work alone ends."""
    ticks: dict[Cause, int] = defaultdict(int)
    for wait in waits:
        ticks[wait.cause] += (wait.start if wait.end is None else wait.end) - wait.start
    ticks[Cause.TIGHT if beyond_due > 0 else Cause.SPARE] = beyond_due
    counted = ((cause, each) for cause, each in ticks.items() if each)
    return tuple(sorted(counted, key=lambda item: (-item[1], item[0])))


def _sentences(run: Run, end: int, alone: int, waits: tuple[Wait, ...]) -> Iterator[str]:
    due = run.due or 0
    verdict = f"{end - due} ticks after" if end > due else f"{due - end} ticks before"
    if end == due:
        verdict = "exactly at"
    yield f"run {run.id} ends at {end}, {verdict} its due tick {due}"
    side = f"{alone - due} after" if alone > due else f"{due - alone} before"
    yield (
        f"released at {run.release}, its work takes at least {alone - run.release} ticks and "
        f"could end at {alone}, {side} the due tick"
    )
    for wait in waits:
        yield wait.sentence
