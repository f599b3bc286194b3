"""Procedure: the steps of a trial run as the plant offers it (ISA-88 master recipe, simplified)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepLag:
    """A precedence between two steps, end to start.

    Attributes:
        before: step id that ends first.
        min_minutes: least time between its end and this step's start (cooling, curing).
        max_minutes: most time between them, 0 for no-wait, None for no limit.
    """

    before: str
    min_minutes: int = 0
    max_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a procedure; becomes an operation of a trial run.

    Attributes:
        id: unique within the procedure.
        name: what a person reads.
        capability: what a machine must be able to do.
        minutes: nominal duration for size 1.0 on a machine of rate 1.0.
        scales: whether `minutes` grows with the size of the trial run.
        setup_state: setup state the machine must be in, or None.
        pools: ``(pool id, units)`` drawn on while processing.
        pausable: whether the operation may pause over closed hours.
        attended: whether the client wants to be present (attendance windows apply).
        after: precedences.
    """

    id: str
    name: str
    capability: str
    minutes: int
    scales: bool
    setup_state: str | None
    pools: tuple[tuple[str, int], ...]
    pausable: bool
    attended: bool
    after: tuple[StepLag, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """A kind of trial run the plant offers."""

    id: str
    name: str
    sector: str
    description: str
    steps: tuple[Step, ...]
