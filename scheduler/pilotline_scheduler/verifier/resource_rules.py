"""Rules about machines, their changeovers, and pools."""

from collections import defaultdict
from collections.abc import Container, Iterator
from itertools import pairwise

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Interval, Pool
from pilotline_scheduler.verifier.case import Case, PlannedSetup, within_one
from pilotline_scheduler.verifier.violation import Violation


def machine_violations(case: Case) -> Iterator[Violation]:
    """Yield operations that share a machine at one time, their setups included."""
    for machine, sequence in case.batches.items():
        for one, other in pairwise(sequence):
            before, after = one[0], other[0]
            if after.setup_start < before.end:
                yield Violation(
                    "machine",
                    (before.operation, after.operation),
                    f"machine {machine} is busy with {before.operation} until {before.end}, but "
                    f"{after.operation} takes it from {after.setup_start}",
                )


def batch_violations(case: Case) -> Iterator[Violation]:
    """Yield batches that are too large for their machine, or are not set up as one."""
    for machine, sequence in case.batches.items():
        places = case.machines[machine].places
        for batch in sequence:
            first, names = batch[0], tuple(each.operation for each in batch)
            taken = sum(case.mode(each).places for each in batch)
            if taken > places and first.operation not in case.running:
                yield Violation(
                    "batch",
                    names,
                    f"the batch of {', '.join(names)} at {first.start} takes {taken} places of "
                    f"machine {machine}, which has {places}",
                )
            for other in batch[1:]:
                if (first.setup_start, first.setup_end) != (other.setup_start, other.setup_end):
                    yield Violation(
                        "batch",
                        (first.operation, other.operation),
                        f"operation {other.operation} is set up from {other.setup_start} to "
                        f"{other.setup_end}, but {first.operation} of the same batch from "
                        f"{first.setup_start} to {first.setup_end}",
                    )


def setup_violations(case: Case) -> Iterator[Violation]:
    """Yield setups of a wrong length, and setups outside open hours."""
    asked: set[str] = set()
    for setup in case.setups:
        asked.update(planned.operation for planned in setup.batch)
        for planned in setup.batch:
            yield from _setup_length(setup, planned)
        yield from _setup_hours(case, setup)
    for planned in case.planned.values():
        told = (planned.setup_start, _setup_end(planned))
        if planned.operation not in asked and told != (planned.start, planned.start):
            yield Violation(
                "setup",
                (planned.operation,),
                f"operation {planned.operation} needs no changeover, but is set up from "
                f"{told[0]} to {told[1]}, before its start {planned.start}",
            )


def _setup_end(planned: PlannedOperation) -> int:
    return planned.start if planned.setup_end is None else planned.setup_end


def _setup_length(setup: PlannedSetup, planned: PlannedOperation) -> Iterator[Violation]:
    room = planned.start - planned.setup_start
    fits = room >= setup.ticks if setup.ticks else room == 0
    if planned.setup_end is not None:
        fits = fits and planned.setup_end - planned.setup_start == setup.ticks
    if not fits:
        yield Violation(
            "setup",
            (planned.operation,),
            f"machine {planned.machine} changes from {setup.from_state} to {setup.to_state} in "
            f"{setup.ticks} ticks; operation {planned.operation} is set up at "
            f"{planned.setup_start} until {_setup_end(planned)} and starts at "
            f"{planned.start}",
        )


def _setup_hours(case: Case, setup: PlannedSetup) -> Iterator[Violation]:
    windows = case.calendar(setup.planned.machine)
    if windows is None or setup.ticks == 0 or setup.changeover.during_closed_hours:
        return
    span = setup.interval
    if not within_one(span, windows):
        yield Violation(
            "setup-calendar",
            (setup.planned.operation,),
            f"the changeover of machine {setup.planned.machine} before operation "
            f"{setup.planned.operation} runs from {span.start} to {span.end}, not within one "
            "open interval",
        )


def pool_violations(case: Case) -> Iterator[Violation]:
    """Yield the first moment at which each pool lends more than it has, if any."""
    steps: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for planned in case.planned.values():
        mode, whole = case.mode(planned), Interval(planned.start, planned.end)
        for name, units in mode.demands:
            for span in case.worked(planned) if name in mode.freed_in_pauses else (whole,):
                steps[name].append((span.start, units, planned.operation))
                steps[name].append((span.end, -units, planned.operation))
    for setup in case.setups:
        if setup.changeover.pool is not None and setup.ticks:
            span, units = setup.interval, setup.changeover.pool_units
            steps[setup.changeover.pool].append((span.start, units, setup.planned.operation))
            steps[setup.changeover.pool].append((span.end, -units, setup.planned.operation))
    for pool in case.problem.pools:
        yield from _overdraft(pool, steps[pool.id], case.running)


def _overdraft(
    pool: Pool, steps: list[tuple[int, int, str]], running: Container[str]
) -> Iterator[Violation]:
    changes: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for tick, units, operation in steps:
        changes[tick].append((units, operation))
    capacities = dict(pool.levels)
    held: dict[str, int] = defaultdict(int)
    capacity = lent = 0
    for tick in sorted(changes.keys() | capacities.keys()):
        capacity = capacities.get(tick, capacity)
        for units, operation in changes.get(tick, ()):
            held[operation] += units
            lent += units
        holders = tuple(sorted(name for name, units in held.items() if units > 0))
        if lent > capacity and not all(name in running for name in holders):
            yield Violation(
                "pool",
                holders,
                f"pool {pool.id} has {capacity} at tick {tick}, but {lent} are lent to "
                f"{', '.join(holders)}",
            )
            return
