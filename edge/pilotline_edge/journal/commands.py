"""Commands: what the journal's writer is asked to do, and what it says of the journal."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from pilotline_edge.cause import Cause
from pilotline_edge.journal.record import Entry


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
    done: "Future[None]" = field(default_factory=_running)


@dataclass(slots=True)
class Remove:
    """Drop records that the historian has: those after `after`, up to `upto`."""

    upto: int
    published_ns: Mapping[str, int]
    after: int = 0
    done: "Future[None]" = field(default_factory=_running)


@dataclass(slots=True)
class Enrol:
    """Keep the numbers of further series."""

    rows: Sequence[tuple[int, str, str, str, int]]
    done: "Future[None]" = field(default_factory=_running)


@dataclass(slots=True)
class Stop:
    """Finish what was asked before, then end."""


Command = Append | Remove | Enrol | Stop


@dataclass(frozen=True, slots=True)
class JournalSize:
    """What lies in the journal.

    Attributes:
        records: number of records.
        samples: number of values in them.
        bytes: their size.
        blocked: why nothing more is taken (``journal-full``, ``disk-full``), or None.
    """

    records: int
    samples: int
    bytes: int
    blocked: Cause | None = None
