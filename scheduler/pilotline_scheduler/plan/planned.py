"""Planned operations and the plan they form."""

from dataclasses import dataclass

from pydantic import with_config

from pilotline_scheduler.strict import STRICT


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """One operation with its machine and times, in ticks.

    Attributes:
        operation: operation id.
        machine: machine id.
        setup_start: start of the changeover; equal to `start` when there is none. All operations
            of a batch show the one changeover before it.
        start: start of processing.
        end: end of processing, after pauses.
        setup_end: end of the changeover, at `start` or earlier; equal to `start` when there is
            none. None where nobody told: then it is `setup_start` plus the changeover's length.
    """

    operation: str
    machine: str
    setup_start: int
    start: int
    end: int
    setup_end: int | None = None


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Plan:
    """Every operation of a problem, planned; order carries no meaning."""

    operations: tuple[PlannedOperation, ...]
