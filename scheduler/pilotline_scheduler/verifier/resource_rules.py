"""Rules about machines, their changeovers, and pools."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from pilotline_scheduler.problem import Pool
from pilotline_scheduler.verifier.case import Case, PlannedSetup, within_one
from pilotline_scheduler.verifier.violation import Violation


def machine_violations(case: Case) -> Iterator[Violation]:
    """Yield operations that share a machine at one time, their setups included."""
    for machine, sequence in case.sequences.items():
        for before, after in pairwise(sequence):
            if after.setup_start < before.end:
                yield Violation(
                    "machine",
                    (before.operation, after.operation),
                    f"machine {machine} is busy with {before.operation} until {before.end}, but "
                    f"{after.operation} takes it from {after.setup_start}",
                )


def setup_violations(case: Case) -> Iterator[Violation]:
    """Yield setups of a wrong length, and setups outside open hours."""
    asked: set[str] = set()
    for setup in case.setups:
        asked.add(setup.planned.operation)
        yield from _setup_length(setup)
        yield from _setup_hours(case, setup)
    for planned in case.planned.values():
        if planned.operation not in asked and planned.setup_start != planned.start:
            yield Violation(
                "setup",
                (planned.operation,),
                f"operation {planned.operation} needs no changeover, but is set up at "
                f"{planned.setup_start}, before its start {planned.start}",
            )


def _setup_length(setup: PlannedSetup) -> Iterator[Violation]:
    planned = setup.planned
    room = planned.start - planned.setup_start
    fits = room >= setup.ticks if setup.ticks else room == 0
    if not fits:
        yield Violation(
            "setup",
            (planned.operation,),
            f"machine {planned.machine} changes from {setup.from_state} to {setup.to_state} in "
            f"{setup.ticks} ticks; operation {planned.operation} is set up at "
            f"{planned.setup_start} and starts at {planned.start}",
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
        for name, units in case.mode(planned).demands:
            steps[name].append((planned.start, units, planned.operation))
            steps[name].append((planned.end, -units, planned.operation))
    for setup in case.setups:
        if setup.changeover.pool is not None and setup.ticks:
            span, units = setup.interval, setup.changeover.pool_units
            steps[setup.changeover.pool].append((span.start, units, setup.planned.operation))
            steps[setup.changeover.pool].append((span.end, -units, setup.planned.operation))
    for pool in case.problem.pools:
        yield from _overdraft(pool, steps[pool.id])


def _overdraft(pool: Pool, steps: list[tuple[int, int, str]]) -> Iterator[Violation]:
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
        if lent > capacity:
            holders = tuple(sorted(name for name, units in held.items() if units > 0))
            yield Violation(
                "pool",
                holders,
                f"pool {pool.id} has {capacity} at tick {tick}, but {lent} are lent to "
                f"{', '.join(holders)}",
            )
            return
