"""Commands: what the journal's writer is asked to do, and what it says of the journal."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from pilotline_edge.cause import Cause
from pilotline_edge.journal.record import Entry
from pilotline_plant import Priority


def _running() -> "Future[None]":
    """Return a future that whoever waits for it cannot cancel: the entry is kept all the same."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(slots=True)
class Append:
    """Keep an entry, encoded already so that no value can stop the writer."""

    entry: Entry
    record: bytes
    priority: Priority = Priority.NORMAL
    done: "Future[None]" = field(default_factory=_running)


@dataclass(slots=True)
class Remove:
    """Drop records that the historian has: those after `after`, up to `upto`."""

    upto: int
    published_ns: Mapping[str, int]
    after: int = 0
    done: "Future[None]" = field(default_factory=_running)


@dataclass(slots=True)
class Expire:
    """Give up the oldest records published before an instant, ns UTC; returns how many values."""

    before_ns: int
    done: "Future[int]" = field(default_factory=Future)


@dataclass(slots=True)
class Enrol:
    """Keep the numbers of further series."""

    rows: Sequence[tuple[int, str, str, str, int]]
    done: "Future[None]" = field(default_factory=_running)


@dataclass(slots=True)
class Stop:
    """Finish what was asked before, then end."""


Command = Append | Remove | Expire | Enrol | Stop


@dataclass(frozen=True, slots=True)
class JournalSize:
    """What lies in the journal.

    Attributes:
        records: number of records.
        samples: number of values in them.
        bytes: their size.
        blocked: why nothing more is taken (``journal-full``, ``disk-full``), or None.
        held: priorities of which nothing more is taken, to leave room for the others.
    """

    records: int
    samples: int
    bytes: int
    blocked: Cause | None = None
    held: frozenset[Priority] = frozenset()

    def blocked_for(self, priority: Priority) -> Cause | None:
        """Return why nothing of a priority is taken, or None."""
        return self.blocked or (Cause.JOURNAL_FULL if priority in self.held else None)
