"""A historian in memory, for the tests of what is asked of one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pilotline_historian import (
    Annotation,
    Bucket,
    Event,
    Gap,
    HistorianError,
    RejectedEvent,
    Sample,
    Series,
    Withdrawal,
    WriteResult,
)


@dataclass
class FakeHistorian:
    """Answers by the book, slowly and simply.

    Attributes:
        failure: raised by every call when set.
        asked: names of the calls made.
    """

    samples: list[Sample] = field(default_factory=list)
    declared: list[Gap] = field(default_factory=list)
    failure: HistorianError | None = None
    asked: list[str] = field(default_factory=list)

    def _note(self, call: str) -> None:
        self.asked.append(call)
        if self.failure is not None:
            raise self.failure

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        self.samples = sorted({*self.samples, *samples}, key=lambda each: each.source_time_ns)
        return WriteResult(len(samples))

    def write_gaps(self, gaps: Sequence[Gap]) -> None:
        self.declared += gaps

    def write_events(self, events: Sequence[Event]) -> tuple[RejectedEvent, ...]:
        raise NotImplementedError

    def series(self) -> list[Series]:
        return sorted({each.series for each in self.samples})

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        self._note("raw")
        return (
            each
            for each in self.samples
            if each.series == series and start_ns <= each.source_time_ns < end_ns
        )

    def buckets(self, series: Series, start_ns: int, end_ns: int, points: int) -> list[Bucket]:
        self._note("buckets")
        width = -(-(end_ns - start_ns) // points)
        groups: dict[int, list[Sample]] = {}
        for each in self.raw(series, start_ns, end_ns):
            if each.good and each.value is not None:
                groups.setdefault((each.source_time_ns - start_ns) // width, []).append(each)
        return [_bucket(start_ns + index * width, group) for index, group in sorted(groups.items())]

    def last(self, series: Sequence[Series]) -> dict[Series, Sample]:
        self._note("last")
        return {each.series: each for each in self.samples if each.series in series}

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        self._note("gaps")
        return [
            each
            for each in self.declared
            if machine in (None, each.machine) and each.start_ns < end_ns and each.end_ns > start_ns
        ]

    def events(self, machine: str | None, start_ns: int, end_ns: int) -> Iterator[Event]:
        raise NotImplementedError

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
        """Nothing to close."""


def _bucket(start_ns: int, group: list[Sample]) -> Bucket:
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
