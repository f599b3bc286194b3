"""The InfluxDB historian."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import structlog

from pilotline_historian.annotation import Annotation, Withdrawal
from pilotline_historian.errors import HistorianRefused
from pilotline_historian.event import Event
from pilotline_historian.grid import Grid
from pilotline_historian.historian import Rejected, RejectedEvent, WriteResult
from pilotline_historian.influxdb import annotations as notes
from pilotline_historian.influxdb import events as stored_events
from pilotline_historian.influxdb import reading
from pilotline_historian.influxdb.delivery import Delivery
from pilotline_historian.influxdb.downsampling import downsample, reduce_anew
from pilotline_historian.influxdb.errors import AnswerTooLong
from pilotline_historian.influxdb.line_protocol import HalfWritten, LineEncoder, gap_line
from pilotline_historian.influxdb.retention import set_retention
from pilotline_historian.influxdb.server import Address, NotJson, ResultSeries, Server
from pilotline_historian.limits import (
    annotation_fault,
    event_fault,
    need_sound,
    plain,
    sample_fault,
    withdrawal_fault,
)
from pilotline_historian.sample import Bucket, Gap, Sample, Series

_HALF_WRITTEN_TRIES: Final = 6
_HALF_WRITTEN_WAIT_S: Final = 0.01
"""Waits of 10, 20, 40 … ms: a write takes a server milliseconds."""

_EXPIRED: Final = re.compile(r"retention", re.I)
"""InfluxDB's words for a point that is older than it keeps any."""

_log = structlog.get_logger()

_PAGE_GROWTH: Final = 15

_Item = TypeVar("_Item")


def _chosen(samples: Sequence[Sample], places: Sequence[int]) -> Sequence[Sample]:
    """Return the samples at some places, of columns without making the others."""
    pick = getattr(samples, "pick", None)
    return [samples[place] for place in places] if pick is None else pick(places)


class InfluxHistorian:
    """A historian in a bucket of InfluxDB 2.x or 3, or a database of 1.x.

    Nothing is asked of the server before the first call, so it need not be there yet.

    Characteristics
        buffered: no, a write returns when the server has the samples
        idempotent: yes, a point is (series, source time); of two values the later written stays
        partial writes: bad samples are singled out and rejected, all others stored
        retries: none; `HistorianUnavailable` says when to try again
        threads: any

    Args:
        address: where the server is.
    """

    def __init__(self, address: Address) -> None:
        self._server = Server(address)
        self._delivery = Delivery(self._server.write)
        self._encoder = LineEncoder()

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        """Store samples; see `Historian.write`."""
        lines = list(self._encoder.usual_lines(samples))
        others = [place for place, line in enumerate(lines) if line is None]
        faults: dict[int, str] = {}
        for place, sample in zip(others, _chosen(samples, others), strict=True):
            fault = sample_fault(sample)
            if fault is not None:
                faults[place] = fault
                continue
            lines[place] = self._encoder.line(sample._replace(value=plain(sample.value))).encode()
        sound = [line for line in lines if line is not None]
        if sound:
            places = [place for place, line in enumerate(lines) if line is not None]
            bad = self._delivery.deliver(sound)
            faults |= {places[place]: reason for place, reason in bad.items()}
        rejected = zip(_chosen(samples, list(faults)), faults.values(), strict=True)
        return WriteResult(
            len(samples) - len(faults),
            tuple(Rejected(sample, reason) for sample, reason in rejected),
        )

    def write_gaps(self, gaps: Sequence[Gap]) -> None:
        """Store gaps; see `Historian.write_gaps`. A gap written again may end elsewhere.

        A gap that began before the server's retention is left out: it would be gone at once, and
        refusing it would hold up all that is written after it.
        """
        if not gaps:
            return
        fixed = self._server.tags_are_fixed
        bad = self._delivery.deliver([gap_line(gap, fixed).encode() for gap in gaps])
        for place, reason in bad.items():
            if _EXPIRED.search(reason):
                _log.warning("historian.gap_expired", gap=str(gaps[place]), reason=reason)
                continue
            raise HistorianRefused(f"the historian does not take {gaps[place]}: {reason}")

    def write_events(self, events: Sequence[Event]) -> tuple[RejectedEvent, ...]:
        """Store events; see `Historian.write_events`."""
        faults = [(event, event_fault(event)) for event in events]
        rejected = [RejectedEvent(event, fault) for event, fault in faults if fault is not None]
        sound = [event for event, fault in faults if fault is None]
        if sound:
            lines = [stored_events.event_line(event).encode() for event in sound]
            bad = self._delivery.deliver(lines)
            rejected.extend(RejectedEvent(sound[place], reason) for place, reason in bad.items())
        return tuple(rejected)

    def series(self) -> list[Series]:
        """Return every series that holds a sample, sorted."""
        query = reading.series_query()
        return sorted(self._answers(query, lambda answer: [reading.tagged_series(answer)]))

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        """Yield samples in time order, asking for some thousand at a time."""
        rows, most = reading.FIRST_PAGE_ROWS, reading.PAGE_ROWS
        while start_ns < end_ns:
            try:
                page = self._answers(
                    reading.raw_query(series, start_ns, end_ns, rows),
                    lambda answer: reading.samples(series, answer),
                )
            except AnswerTooLong:
                if rows == 1:
                    raise
                rows = most = max(rows // _PAGE_GROWTH, 1)
                continue
            yield from page
            if len(page) < rows:
                return
            start_ns = page[-1].source_time_ns + 1
            rows = min(rows * _PAGE_GROWTH, most)

    def buckets(self, series: Series, start_ns: int, end_ns: int, points: int) -> list[Bucket]:
        """Return buckets of equal width; see `Grid` for their edges.

        Where the sum of a bucket overflows a double, InfluxDB gives no answer at all; the buckets
        then come without means.
        """
        if end_ns <= start_ns:
            return []
        grid = Grid.over(start_ns, end_ns, points)
        try:
            return self._buckets(series, start_ns, end_ns, grid, means=True)
        except NotJson:
            return self._buckets(series, start_ns, end_ns, grid, means=False)

    def last(self, series: Sequence[Series]) -> dict[Series, Sample]:
        """Return the newest sample of each series that holds one."""
        newest = {}
        for first in range(0, len(series), reading.SERIES_PER_QUERY):
            asked = series[first : first + reading.SERIES_PER_QUERY]
            for sample in self._answers(
                reading.last_query(asked),
                lambda answer: reading.samples(reading.tagged_series(answer), answer),
            ):
                newest[sample.series] = sample
        return newest

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        """Return the gaps that touch the interval, by start."""
        found = self._answers(reading.gap_query(machine, start_ns, end_ns), reading.gaps)
        touching = (gap for gap in found if gap.end_ns > start_ns or gap.start_ns >= start_ns)
        return sorted(
            touching,
            key=lambda gap: (gap.start_ns, gap.site, gap.machine, gap.tag or "", gap.cause),
        )

    def events(self, machine: str | None, start_ns: int, end_ns: int) -> Iterator[Event]:
        """Yield events by time, asking for some thousand at a time."""
        rows = stored_events.PAGE_ROWS
        from_ns = start_ns
        while from_ns < end_ns:
            query = stored_events.event_query(machine, from_ns, end_ns, rows)
            page = self._answers(query, stored_events.events)
            upto_ns = end_ns
            if len(page) >= rows:
                # Points of one millisecond may stand in any order; the last one may go on.
                upto_ns = stored_events.floor_ms(max(event.time_ns for event in page))
                if upto_ns <= from_ns:
                    rows *= 2
                    continue
            inside = (event for event in page if from_ns <= event.time_ns < upto_ns)
            yield from sorted(inside, key=lambda event: event.order)
            from_ns, rows = upto_ns, stored_events.PAGE_ROWS

    def annotate(self, annotation: Annotation) -> None:
        """Store a note; see `Historian.annotate`."""
        need_sound(annotation, annotation_fault(annotation))
        self._write_note(annotation)

    def withdraw(self, annotation_id: str, withdrawal: Withdrawal) -> bool:
        """Take a note back; see `Historian.withdraw`. Of two at once the later stays."""
        need_sound(withdrawal, withdrawal_fault(withdrawal))
        found = self._answers(notes.note_query(annotation_id), notes.annotations)
        standing = [note for note in found if note.withdrawal is None]
        for note in standing:
            self._write_note(replace(note, withdrawal=withdrawal))
        return bool(standing)

    def annotations(
        self, machine: str | None, start_ns: int, end_ns: int, *, withdrawn: bool = False
    ) -> list[Annotation]:
        """Return the notes that touch the interval, by start."""
        query = notes.annotation_query(machine, start_ns, end_ns)
        found = (
            note
            for note in self._answers(query, notes.annotations)
            if note.touches(start_ns, end_ns) and (withdrawn or note.withdrawal is None)
        )
        return sorted(found, key=lambda note: note.order)

    def retain(self, keep_ns: int | None) -> None:
        """Make database or bucket where it is missing; see `Historian.retain`."""
        set_retention(self._server, keep_ns)

    def downsample(self, keep_ns: int | None, late_ns: int) -> tuple[str, ...]:
        """Let the server reduce samples by minute and hour; see `downsampling.downsample`."""
        return downsample(self._server, keep_ns, late_ns)

    def reduce_anew(self, start_ns: int, end_ns: int) -> Iterator[int]:
        """Reduce whole hours again for samples that came late; see `downsampling.reduce_anew`."""
        return reduce_anew(self._server, start_ns, end_ns)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _write_note(self, annotation: Annotation) -> None:
        line = notes.annotation_line(annotation, self._server.tags_are_fixed)
        bad = self._delivery.deliver([line.encode()])
        if bad:
            raise HistorianRefused(f"the historian does not take {annotation}: {bad[0]}")

    def _buckets(
        self, series: Series, start_ns: int, end_ns: int, grid: Grid, means: bool
    ) -> list[Bucket]:
        return self._answers(
            reading.bucket_query(series, start_ns, end_ns, grid, means),
            lambda answer: reading.buckets(answer, grid, means=means),
        )

    def _answers(self, query: str, read: Callable[[ResultSeries], Iterable[_Item]]) -> list[_Item]:
        """Ask, and ask again while a point is half written.

        InfluxDB shows a point's fields one by one while another connection writes it.
        """
        wait_s = _HALF_WRITTEN_WAIT_S
        for _ in range(_HALF_WRITTEN_TRIES):
            try:
                return [item for answer in self._server.query(query) for item in read(answer)]
            except HalfWritten as error:
                told = error
                time.sleep(wait_s)
                wait_s *= 2
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise reading.foreign_points(error) from error
        raise reading.foreign_points(told) from told
