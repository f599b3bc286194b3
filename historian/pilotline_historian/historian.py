"""The seam: what every historian back end does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pilotline_historian.annotation import Annotation, Withdrawal
from pilotline_historian.event import Event
from pilotline_historian.sample import Bucket, Gap, Sample, Series


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sample the historian will never take, with its reason (a type conflict, say)."""

    sample: Sample
    reason: str


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a batch: `stored` samples are safe, `rejected` ones never will be."""

    stored: int
    rejected: tuple[Rejected, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """An event the historian will never take, with its reason."""

    event: Event
    reason: str


class Historian(Protocol):
    """A store of time series and events.

    Calls block; asyncio callers run them in a thread. One object may be used from several threads.

    Characteristics
        buffered: no, a write returns when the store has the samples
        idempotent: yes, a point is (series, source time), writing it again changes nothing; where
            a second write brings another value, that value stays
        order: samples may come late and in any order
        partial writes: good samples of a batch are stored even where others are rejected
    """

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        """Store samples; `SampleColumns` cost the embedded store least.

        Rejected are what no store can hold: integers beyond 64 bits, times outside the years 1677
        to 2262, text beyond 65,535 bytes or with lone surrogates, empty names, other types.

        Raises:
            HistorianUnavailable: try the same batch again later.
            HistorianRefused: a person must act; keep the batch.
        """
        ...

    def write_gaps(self, gaps: Sequence[Gap]) -> None:
        """Store declared gaps; a gap is identified by machine, tag, start and cause."""
        ...

    def write_events(self, events: Sequence[Event]) -> tuple[RejectedEvent, ...]:
        """Store events and return those that no store can hold; see `limits.event_fault`.

        Raises:
            HistorianUnavailable: try the same batch again later.
            HistorianRefused: a person must act; keep the batch.
        """
        ...

    def series(self) -> list[Series]:
        """Return every series that holds a sample, sorted."""
        ...

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        """Yield the samples with ``start_ns <= source time < end_ns`` in time order."""
        ...

    def buckets(self, series: Series, start_ns: int, end_ns: int, points: int) -> list[Bucket]:
        """Return at most `points` non-empty buckets of equal width over ``[start_ns, end_ns)``.

        A bucket is empty without a good value. Edges lie on whole seconds, minutes or hours where
        buckets are some times wider than those (`pilotline_historian.grid`), so the first one may
        start before `start_ns`; it still holds no earlier sample.

        Raises:
            ValueError: `points` is less than 1.
        """
        ...

    def last(self, series: Sequence[Series]) -> dict[Series, Sample]:
        """Return the newest sample of each series that holds one."""
        ...

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        """Return declared gaps that touch the interval, of one machine or of all, by start."""
        ...

    def events(self, machine: str | None, start_ns: int, end_ns: int) -> Iterator[Event]:
        """Yield events with ``start_ns <= time < end_ns``, of one machine or of all, by time."""
        ...

    def annotate(self, annotation: Annotation) -> None:
        """Store a person's note; storing it twice stores it once.

        Raises:
            ValueError: no store can hold it (see `limits.annotation_fault`), or it is withdrawn.
            HistorianUnavailable: try again later.
            HistorianRefused: a person must act.
        """
        ...

    def withdraw(self, annotation_id: str, withdrawal: Withdrawal) -> bool:
        """Take a note back, which keeps it with who did so; the first to do so stays.

        Returns:
            Whether there was such a note that was not withdrawn.

        Raises:
            ValueError: no store can hold the withdrawal.
            HistorianUnavailable: try again later.
            HistorianRefused: a person must act.
        """
        ...

    def annotations(
        self, machine: str | None, start_ns: int, end_ns: int, *, withdrawn: bool = False
    ) -> list[Annotation]:
        """Return notes that touch the interval, of one machine or of all, by start.

        Args:
            machine: machine id, or None for all.
            start_ns: of the interval.
            end_ns: of the interval.
            withdrawn: also those that were withdrawn.
        """
        ...

    def retain(self, keep_ns: int | None) -> None:
        """Make the store ready, and keep what it holds at least so long; None is for ever.

        Older ones leave bit by bit, not at once.

        Raises:
            HistorianUnavailable: try again later.
            HistorianRefused: a person must act; the retention is what it was.
        """
        ...

    def close(self) -> None:
        """Release files and connections; the object is done after this."""
        ...
