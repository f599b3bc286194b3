"""Short words for writing small problems down."""

from collections.abc import Sequence
from itertools import pairwise

from pilotline_scheduler.problem import (
    Changeover,
    Goal,
    Interval,
    Lag,
    Mode,
    Objective,
    Operation,
    Run,
    Term,
)


def on(*modes: tuple[str, int], **demands: int) -> tuple[Mode, ...]:
    """Return modes as ``(machine, ticks)``, all with the same demands."""
    return tuple(Mode(machine, ticks, tuple(demands.items())) for machine, ticks in modes)


def freed(machine: str, ticks: int, **demands: int) -> Mode:
    """Return a mode whose demands are freed in pauses."""
    return Mode(machine, ticks, tuple(demands.items()), freed_in_pauses=tuple(demands))


def fired(
    machine: str, ticks: int, *, batch: str = "fired", places: int = 1, energy: int = 0
) -> Mode:
    """Return a mode that may share the machine with others of its family."""
    return Mode(machine, ticks, energy=energy, batch=batch, places=places)


def operation(name: str, *modes: tuple[str, int], **facts: object) -> Operation:
    """Return an operation with modes as ``(machine, ticks)``."""
    return Operation(name, on(*modes), **facts)  # type: ignore[arg-type]


def job(name: str, *operations: Operation, **facts: object) -> Run:
    """Return a run of operations one after another; its client has its name."""
    lags = tuple(Lag(before.id, after.id) for before, after in pairwise(operations))
    return Run(name, **{"client": name, "lags": lags, "operations": operations, **facts})  # type: ignore[arg-type]


def spans(*ticks: tuple[int, int]) -> tuple[Interval, ...]:
    """Return intervals."""
    return tuple(Interval(start, end) for start, end in ticks)


def goals(*terms: tuple[Goal, int, int]) -> Objective:
    """Return an objective of ``(goal, weight, priority)``."""
    return Objective(tuple(Term(*term) for term in terms))


def setups(
    states: str, ticks: Sequence[Sequence[int]], cost: Sequence[Sequence[int]] = (), **facts: object
) -> Changeover:
    """Return the changeover ``setups`` with one-letter states; it costs its ticks by default."""
    rows = tuple(tuple(row) for row in ticks)
    prices = tuple(tuple(row) for row in cost) or rows
    return Changeover("setups", tuple(states), rows, prices, **facts)  # type: ignore[arg-type]


MAKESPAN = goals((Goal.MAKESPAN, 1, 0))
