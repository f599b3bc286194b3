"""Rules about one operation at a time: once, its mode, its duration and its windows."""

from collections import Counter
from collections.abc import Iterator

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Interval, Operation, Run
from pilotline_scheduler.verifier.case import Case, within_one
from pilotline_scheduler.verifier.violation import Violation


def operation_violations(case: Case) -> Iterator[Violation]:
    """Yield what is wrong with single operations."""
    yield from _counts(case)
    yield from _modes(case)
    for planned in case.planned.values():
        run, operation = case.operations[planned.operation]
        yield from _order(planned)
        if planned.operation not in case.running:
            yield from _duration(case, planned, operation)
            yield from _run_windows(planned, run, operation)


def _counts(case: Case) -> Iterator[Violation]:
    counts = Counter(planned.operation for planned in case.plan.operations)
    for operation in case.operations:
        if counts[operation] != 1:
            yield Violation(
                "once", (operation,), f"operation {operation} is planned {counts[operation]} times"
            )
    for name in counts:
        if name not in case.operations:
            yield Violation("once", (name,), f"the problem has no operation {name}")


def _modes(case: Case) -> Iterator[Violation]:
    for planned in case.plan.operations:
        if planned.operation not in case.operations:
            continue
        modes = case.operations[planned.operation][1].modes
        if planned.machine not in {mode.machine for mode in modes}:
            yield Violation(
                "mode",
                (planned.operation,),
                f"operation {planned.operation} has no mode on machine {planned.machine}",
            )


def _order(planned: PlannedOperation) -> Iterator[Violation]:
    if not 0 <= planned.setup_start <= planned.start:
        yield Violation(
            "order",
            (planned.operation,),
            f"operation {planned.operation} is set up at {planned.setup_start} and starts at "
            f"{planned.start}; a setup begins at 0 or later and not after the start",
        )
    told = planned.setup_end
    if told is not None and not planned.setup_start <= told <= planned.start:
        yield Violation(
            "order",
            (planned.operation,),
            f"the setup of operation {planned.operation} ends at {told}; that must be from its "
            f"begin {planned.setup_start} to the start {planned.start}",
        )


def _duration(case: Case, planned: PlannedOperation, operation: Operation) -> Iterator[Violation]:
    ticks = case.mode(planned).ticks
    windows = case.calendar(planned.machine)
    span = Interval(planned.start, planned.end)
    pauses = case.pauses(planned)
    worked = sum(part.end - part.start for part in case.worked(planned))
    if span.end < span.start or worked != ticks:
        yield Violation(
            "duration",
            (operation.id,),
            f"operation {operation.id} works {worked} ticks from {span.start} to {span.end} on "
            f"machine {planned.machine}; its mode takes {ticks}",
        )
    if windows is None:
        return
    if pauses and ticks:
        ends = within_one(Interval(span.start, span.start + 1), windows) and within_one(
            Interval(span.end - 1, span.end), windows
        )
    else:
        ends = within_one(span, windows)
    if not ends:
        rule = "start and end in open hours" if pauses else "lie within one open interval"
        yield Violation(
            "calendar",
            (operation.id,),
            f"operation {operation.id} runs from {span.start} to {span.end} on machine "
            f"{planned.machine}; it must {rule}",
        )


def _run_windows(planned: PlannedOperation, run: Run, operation: Operation) -> Iterator[Violation]:
    if planned.start < run.release:
        yield Violation(
            "release",
            (operation.id,),
            f"operation {operation.id} starts at {planned.start}, before the release "
            f"{run.release} of run {run.id}",
        )
    if run.deadline is not None and planned.end > run.deadline:
        yield Violation(
            "deadline",
            (operation.id,),
            f"operation {operation.id} ends at {planned.end}, after the deadline "
            f"{run.deadline} of run {run.id}",
        )
    if operation.attended and run.attendance:
        span = Interval(planned.start, planned.end)
        if not within_one(span, run.attendance):
            yield Violation(
                "attendance",
                (operation.id,),
                f"operation {operation.id} runs from {span.start} to {span.end}, in no "
                f"attendance window of run {run.id}",
            )
