"""What may happen to a published plan, in words of the shop floor; all times in ticks."""

from dataclasses import dataclass

from pilotline_scheduler.problem import Run


@dataclass(frozen=True, slots=True)
class MachineDown:
    """A machine does nothing in ``[start, end)``.

    A running operation that may pause goes on afterwards; any other starts again from the
    beginning. What the plan starts there from `start` on has not begun, whatever the time is.
    """

    machine: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Overrun:
    """An operation that has begun ends at `end` instead of as planned: later, or earlier."""

    operation: str
    end: int


@dataclass(frozen=True, slots=True)
class LateMaterial:
    """A run cannot go on before `until`.

    Attributes:
        run: the run.
        until: tick from which it may.
        operation: first operation that needs the material; it has not begun, and neither has what
            follows it. None for all of the run that the plan has not begun.
    """

    run: str
    until: int
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class UrgentRun:
    """A new run; others make room for it where its promise cannot be kept otherwise."""

    run: Run


@dataclass(frozen=True, slots=True)
class CancelledRun:
    """A run is given up; what has begun of it stays, for the machines were used."""

    run: str


@dataclass(frozen=True, slots=True)
class PoolShortage:
    """A pool has `units` fewer in ``[start, end)``; what has begun keeps what it holds."""

    pool: str
    units: int
    start: int
    end: int


Disruption = MachineDown | Overrun | LateMaterial | UrgentRun | CancelledRun | PoolShortage
