"""Rules between operations of a run, between clients, and about decisions already taken."""

from collections import defaultdict
from collections.abc import Iterator

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Running
from pilotline_scheduler.verifier.case import Case
from pilotline_scheduler.verifier.violation import Violation


def lag_violations(case: Case) -> Iterator[Violation]:
    """Yield pairs of operations that start too early or too late after one another."""
    for run in case.problem.runs:
        for lag in run.lags:
            before, after = case.planned.get(lag.before), case.planned.get(lag.after)
            if before is None or after is None or after.operation in case.running:
                continue
            waited = after.start - before.end
            story = (
                f"operation {lag.after} starts at {after.start}, {waited} ticks after "
                f"{lag.before} ends at {before.end}"
            )
            if waited < lag.minimum:
                sentence = f"{story}; at least {lag.minimum} are needed"
                yield Violation("minimum-lag", (lag.before, lag.after), sentence)
            if lag.maximum is not None and waited > lag.maximum:
                sentence = f"{story}; at most {lag.maximum} are allowed"
                yield Violation("maximum-lag", (lag.before, lag.after), sentence)


def wall_violations(case: Case) -> Iterator[Violation]:
    """Yield pairs of operations of two walled clients that run in one hall at once."""
    present: dict[tuple[str | None, str], list[PlannedOperation]] = defaultdict(list)
    for planned in case.planned.values():
        run, _ = case.operations[planned.operation]
        present[case.machines[planned.machine].hall, run.client].append(planned)
    halls = {machine.hall for machine in case.problem.machines} - {None}
    for wall in case.problem.walls:
        one, other = wall.clients
        for hall in sorted(each for each in halls if each is not None):
            if not wall.halls or hall in wall.halls:
                yield from _meetings(case, present[hall, one], present[hall, other], hall)


def _meetings(
    case: Case, ones: list[PlannedOperation], others: list[PlannedOperation], hall: str
) -> Iterator[Violation]:
    for one in ones:
        for other in others:
            if one.operation in case.running and other.operation in case.running:
                continue
            if max(one.start, other.start) < min(one.end, other.end):
                yield Violation(
                    "wall",
                    (one.operation, other.operation),
                    f"operations {one.operation} ({one.start} to {one.end}) and "
                    f"{other.operation} ({other.start} to {other.end}) of clients with a wall "
                    f"between them meet in hall {hall}",
                )


def decision_violations(case: Case) -> Iterator[Violation]:
    """Yield operations that contradict a pin or the frozen horizon."""
    pins = {pin.operation: pin for pin in case.problem.pins}
    frozen = {
        planned.operation: planned
        for planned in case.problem.previous
        if planned.start < case.problem.frozen_until
    }
    for planned in case.planned.values():
        running = case.running.get(planned.operation)
        if running is not None:
            yield from _still_running(planned, running)
            continue
        pin, before = pins.get(planned.operation), frozen.get(planned.operation)
        machine = pin.machine if pin is not None else None
        start = pin.start if pin is not None else None
        yield from _kept("pin", planned, machine, start)
        if before is not None:
            yield from _kept(
                "frozen",
                planned,
                before.machine if machine is None else None,
                before.start if start is None else None,
            )
        elif start is None and planned.setup_start < case.problem.frozen_until:
            yield Violation(
                "frozen",
                (planned.operation,),
                f"operation {planned.operation} begins at {planned.setup_start}, inside the "
                f"horizon frozen until {case.problem.frozen_until}",
            )


def _still_running(planned: PlannedOperation, running: Running) -> Iterator[Violation]:
    facts = (running.machine, running.start, running.end)
    if (planned.machine, planned.start, planned.end) != facts:
        yield Violation(
            "running",
            (planned.operation,),
            f"operation {planned.operation} is planned on machine {planned.machine} from "
            f"{planned.start} to {planned.end}; it runs on {running.machine} from {running.start} "
            f"to {running.end}",
        )


def _kept(
    rule: str, planned: PlannedOperation, machine: str | None, start: int | None
) -> Iterator[Violation]:
    if machine is not None and planned.machine != machine:
        yield Violation(
            rule,
            (planned.operation,),
            f"operation {planned.operation} is on machine {planned.machine}; it is decided "
            f"to be on {machine}",
        )
    if start is not None and planned.start != start:
        yield Violation(
            rule,
            (planned.operation,),
            f"operation {planned.operation} starts at {planned.start}; it is decided to "
            f"start at {start}",
        )
