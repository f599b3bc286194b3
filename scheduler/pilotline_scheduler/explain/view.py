"""What a reader of an explanation may know of others' work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pilotline_scheduler.explain.cause import Cause, Wait
from pilotline_scheduler.problem import Run

_OTHERS = frozenset({Cause.MACHINE, Cause.BATCH, Cause.CHANGEOVER, Cause.POOL, Cause.WALL})
"""Causes that others' work can be behind."""
_BOOKING = "another booking"


@dataclass(frozen=True, slots=True)
class View:
    """Names for a reader.

    Attributes:
        client: customer who reads; None for a planner, who sees everything.
    """

    client: str | None = None

    def booking(self, run: Run, operation: str) -> str:
        """Return what to call an operation of a run."""
        if self.client is None:
            return f"{operation} of run {run.id} ({run.client})"
        return operation if run.client == self.client else _BOOKING

    def shown(self, waits: Sequence[Wait]) -> tuple[Wait, ...]:
        """Return the waits as the reader may see them.

        A customer sees no name, number or order of other bookings: waits behind them are one wait,
        whatever they hold.
        """
        if self.client is None:
            return tuple(waits)
        found: list[Wait] = []
        for (_, others), group in groupby(waits, key=_seen):
            members = list(group)
            found += [_busy(members)] if others else members
        return tuple(found)


def _seen(wait: Wait) -> tuple[str, bool]:
    return wait.operation, wait.cause in _OTHERS


def _busy(waits: list[Wait]) -> Wait:
    first, end = waits[0], waits[-1].end
    until = "and finds no place" if end is None else f"until {end}"
    sentence = f"{first.operation} waits from {first.start} {until}: {_BOOKING} comes first"
    return replace(first, cause=Cause.BUSY, end=end, sentence=sentence, others=())
