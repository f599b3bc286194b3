"""A historian in memory that answers by the book, slowly and simply, and fails when told."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pilotline_historian import (
    Annotation,
    Bucket,
    Event,
    Gap,
    HistorianUnavailable,
    Rejected,
    RejectedEvent,
    Sample,
    Series,
    Withdrawal,
    WriteResult,
)


@dataclass
class MemoryHistorian:
    """Keeps what is written; counts what came again.

    Attributes:
        away: raised by every write while it is set.
        unreadable: raised by every read of values and gaps while it is set.
        reject: tags whose values it never takes.
        stored: samples by identity.
        declared: gaps by identity.
        happened: events by identity.
        reject_events: messages of events it never takes.
        writes: how many samples came, those that came again included.
        batches: how many values each write carried.
    """

    away: Exception | None = None
    unreadable: Exception | None = None
    reject: frozenset[str] = frozenset()
    stored: dict[tuple[Series, int], Sample] = field(default_factory=dict)
    declared: dict[tuple[str, str | None, int, str], Gap] = field(default_factory=dict)
    happened: dict[tuple[str, int, str], Event] = field(default_factory=dict)
    reject_events: frozenset[str] = frozenset()
    writes: int = 0
    batches: list[int] = field(default_factory=list)
    attempts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        self.attempts += 1
        if self.away is not None:
            raise self.away
        rejected = [Rejected(each, "planted") for each in samples if each.series.tag in self.reject]
        with self._lock:
            for sample in samples:
                if sample.series.tag not in self.reject:
                    self.stored[(sample.series, sample.source_time_ns)] = sample
            self.writes += len(samples)
            self.batches.append(len(samples))
        return WriteResult(len(samples) - len(rejected), tuple(rejected))

    def write_gaps(self, gaps: Sequence[Gap]) -> None:
        if self.away is not None:
            raise self.away
        with self._lock:
            for gap in gaps:
                self.declared[(gap.machine, gap.tag, gap.start_ns, gap.cause)] = gap

    def write_events(self, events: Sequence[Event]) -> tuple[RejectedEvent, ...]:
        if self.away is not None:
            raise self.away
        with self._lock:
            for event in events:
                if event.message not in self.reject_events:
                    self.happened[(event.machine, event.time_ns, event.event_id)] = event
        bad = (event for event in events if event.message in self.reject_events)
        return tuple(RejectedEvent(event, "planted") for event in bad)

    def series(self) -> list[Series]:
        return sorted({series for series, _ in self.stored})

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        self._read()
        with self._lock:
            held = sorted(at for of, at in self.stored if of == series and start_ns <= at < end_ns)
        return (self.stored[(series, at)] for at in held)

    def buckets(self, series: Series, start_ns: int, end_ns: int, points: int) -> list[Bucket]:
        width = -(-(end_ns - start_ns) // points)
        groups: dict[int, list[Sample]] = {}
        for each in self.raw(series, start_ns, end_ns):
            if each.good and each.value is not None:
                groups.setdefault((each.source_time_ns - start_ns) // width, []).append(each)
        return [_bucket(start_ns + index * width, group) for index, group in sorted(groups.items())]

    def last(self, series: Sequence[Series]) -> dict[Series, Sample]:
        self._read()
        with self._lock:
            newest = {of: at for of, at in sorted(self.stored) if of in series}
        return {of: self.stored[(of, at)] for of, at in newest.items()}

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        self._read()
        found = [
            gap
            for gap in self.declared.values()
            if machine in (None, gap.machine) and gap.start_ns <= end_ns and start_ns <= gap.end_ns
        ]
        return sorted(found, key=lambda gap: (gap.start_ns, gap.tag or ""))

    def events(self, machine: str | None, start_ns: int, end_ns: int) -> Iterator[Event]:
        with self._lock:
            held = sorted(self.happened.values(), key=lambda event: event.order)
        return (
            event
            for event in held
            if machine in (None, event.machine) and start_ns <= event.time_ns < end_ns
        )

    def annotate(self, annotation: Annotation) -> None:
        raise NotImplementedError

    def withdraw(self, annotation_id: str, withdrawal: Withdrawal) -> bool:
        raise NotImplementedError

    def annotations(
        self, machine: str | None, start_ns: int, end_ns: int, *, withdrawn: bool = False
    ) -> list[Annotation]:
        raise NotImplementedError

    def retain(self, keep_ns: int | None) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""

    def _read(self) -> None:
        if self.unreadable is not None:
            raise self.unreadable


def _bucket(start_ns: int, group: Sequence[Sample]) -> Bucket:
    numbers = [float(each.value) for each in group if not isinstance(each.value, str | None)]
    last = group[-1].value
    assert last is not None
    return Bucket(
        start_ns,
        min(numbers, default=None),
        max(numbers, default=None),
        sum(numbers) / len(numbers) if numbers else None,
        last,
        len(group),
    )


def unavailable() -> HistorianUnavailable:
    """Return what an absent historian raises."""
    return HistorianUnavailable("planted: connection refused")
