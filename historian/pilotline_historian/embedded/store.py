"""The embedded historian: one SQLite file that the edge writes while the API reads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from pilotline_historian.annotation import Annotation, Withdrawal
from pilotline_historian.embedded.annotations import (
    insert_annotation,
    read_annotations,
    withdraw_annotation,
)
from pilotline_historian.embedded.batch import batch_of
from pilotline_historian.embedded.database import BUSY_TIMEOUT_S, Database
from pilotline_historian.embedded.events import PAGE_ROWS, insert_events, read_events
from pilotline_historian.embedded.inbox import INBOX, Inbox, read_lane
from pilotline_historian.embedded.newest import read_newest, samples_by_name
from pilotline_historian.embedded.page import OpenSamples
from pilotline_historian.embedded.reading import read_buckets, read_step
from pilotline_historian.embedded.retention import read_retention, set_retention
from pilotline_historian.embedded.sealing import Sealing
from pilotline_historian.embedded.series_ids import DamagedName, SeriesIds, read_series
from pilotline_historian.event import Event
from pilotline_historian.grid import Grid
from pilotline_historian.historian import RejectedEvent, WriteResult
from pilotline_historian.limits import (
    FIRST_TIME_NS,
    LAST_TIME_NS,
    annotation_fault,
    event_fault,
    need_sound,
    withdrawal_fault,
)
from pilotline_historian.sample import Bucket, Gap, Sample, Series

_UPSERT_GAP: Final = """
    INSERT INTO gap (site, machine, tag, start_ns, end_ns, cause) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET end_ns = excluded.end_ns
"""
_GAPS: Final = """
    SELECT site, machine, tag, start_ns, end_ns, cause FROM gap
    WHERE (machine = ?1 OR ?1 IS NULL) AND start_ns < ?3 AND (end_ns > ?2 OR start_ns >= ?2)
    ORDER BY start_ns, site, machine, ifnull(tag, ''), cause
"""


class EmbeddedHistorian:
    """A historian in one SQLite file.

    A write goes to the inbox, which is dealt to lanes once it is full; lanes are sealed into
    compressed column chunks with rollups, some with each write, so no other process has to tidy up.

    Characteristics
        buffered: no, a write returns when the samples are on disk (fsync)
        idempotent: yes, a point is (series, source time); of two values the later written stays
        late samples: welcome at any time, also inside sealed chunks
        processes: one writes at a time, any number read meanwhile
        threads: any

    Args:
        path: of the file, made when missing; its folder must be there.
        busy_timeout_s: how long a write waits for another process's write.

    Raises:
        HistorianRefused: the file is damaged, foreign, newer than this release or out of reach.
    """

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._database = Database(path, busy_timeout_s)
        self._ids = SeriesIds()
        self._inbox = Inbox()
        self._sealing = Sealing()

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        """Store samples; see `Historian.write`."""
        if not samples:
            return WriteResult(0)
        with self._database.writing() as connection:
            ids = self._ids.giver(connection)
            with self._damage_told(DamagedName):
                batch = batch_of(samples, ids)
            if len(batch.columns):
                self._inbox.add(connection, OpenSamples(batch.series_ids, batch.columns))
                with self._damage_told():
                    self._sealing.work(connection, self._inbox.take_full(connection))
        self._ids.add(ids)
        return WriteResult(len(batch.columns), batch.rejected)

    def write_gaps(self, gaps: Sequence[Gap]) -> None:
        """Store gaps; see `Historian.write_gaps`. A gap written again may end elsewhere."""
        rows = [(g.site, g.machine, g.tag, g.start_ns, g.end_ns, g.cause) for g in gaps]
        with self._database.writing() as connection:
            connection.executemany(_UPSERT_GAP, rows)

    def write_events(self, events: Sequence[Event]) -> tuple[RejectedEvent, ...]:
        """Store events; see `Historian.write_events`."""
        faults = [(event, event_fault(event)) for event in events]
        sound = [event for event, fault in faults if fault is None]
        if sound:
            with self._database.writing() as connection:
                insert_events(connection, sound)
        return tuple(RejectedEvent(event, fault) for event, fault in faults if fault is not None)

    def series(self) -> list[Series]:
        """Return every series, sorted."""
        with self._database.reading() as connection, self._damage_told():
            return sorted(read_series(connection))

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        """Yield samples in time order.

        The file is free between steps of a few thousand samples; samples that arrive meanwhile
        are seen where they lie ahead.
        """
        start_ns, end_ns = _clamped(start_ns, end_ns)
        while start_ns < end_ns:
            with self._database.reading() as connection, self._damage_told():
                series_id = self._ids.one(connection, series)
                if series_id is None:
                    return
                columns, start_ns = read_step(connection, series_id, start_ns, end_ns)
            yield from columns.samples(series)

    def buckets(self, series: Series, start_ns: int, end_ns: int, points: int) -> list[Bucket]:
        """Return buckets of equal width; see `Grid` for their edges."""
        if end_ns <= start_ns:
            return []
        grid = Grid.over(start_ns, end_ns, points)
        start_ns, end_ns = _clamped(start_ns, end_ns)
        with self._database.reading() as connection, self._damage_told():
            series_id = self._ids.one(connection, series)
            if series_id is None:
                return []
            return read_buckets(connection, series_id, start_ns, end_ns, grid)

    def last(self, series: Sequence[Series]) -> dict[Series, Sample]:
        """Return the newest sample of each series that holds one."""
        if not series:
            return {}
        with self._database.reading() as connection, self._damage_told():
            ids = self._ids.some(connection, series)
            wanted = np.array(list(ids.values()), np.int64)
            # What is in the inbox was written later than what was dealt.
            dealt = read_newest(connection, wanted)
            inbox = read_lane(connection, INBOX, wanted)
        newest = OpenSamples.concat([dealt, inbox]).newest()
        names = {series_id: name for name, series_id in ids.items()}
        return {sample.series: sample for sample in samples_by_name(newest, names)}

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        """Return the gaps that touch the interval, by start."""
        start_ns, end_ns = _clamped(start_ns, end_ns)
        with self._database.reading() as connection:
            return [Gap(*row) for row in connection.execute(_GAPS, (machine, start_ns, end_ns))]

    def events(self, machine: str | None, start_ns: int, end_ns: int) -> Iterator[Event]:
        """Yield events by time; the file is free between pages of them."""
        start_ns, end_ns = _clamped(start_ns, end_ns)
        after: Event | None = None
        while True:
            with self._database.reading() as connection:
                page = read_events(connection, machine, start_ns, end_ns, after)
            yield from page
            if len(page) < PAGE_ROWS:
                return
            after = page[-1]

    def annotate(self, annotation: Annotation) -> None:
        """Store a note; see `Historian.annotate`."""
        need_sound(annotation, annotation_fault(annotation))
        with self._database.writing() as connection:
            insert_annotation(connection, annotation)

    def withdraw(self, annotation_id: str, withdrawal: Withdrawal) -> bool:
        """Take a note back; see `Historian.withdraw`."""
        need_sound(withdrawal, withdrawal_fault(withdrawal))
        with self._database.writing() as connection:
            return withdraw_annotation(connection, annotation_id, withdrawal)

    def annotations(
        self, machine: str | None, start_ns: int, end_ns: int, *, withdrawn: bool = False
    ) -> list[Annotation]:
        """Return the notes that touch the interval, by start."""
        start_ns, end_ns = _clamped(start_ns, end_ns)
        with self._database.reading() as connection:
            return read_annotations(connection, machine, start_ns, end_ns, withdrawn=withdrawn)

    def retain(self, keep_ns: int | None) -> None:
        """Keep what is younger than this; see `Historian.retain`."""
        with self._database.writing() as connection:
            set_retention(connection, keep_ns)

    def retention_ns(self) -> int | None:
        """Return how long samples are kept, or None for ever."""
        with self._database.reading() as connection:
            return read_retention(connection)

    def back_up(self, copy: Path) -> None:
        """Copy the store as it is at one moment to a new file, while it is written and read.

        Raises:
            HistorianUnavailable: it cannot be read now, or the copy not be written.
            HistorianRefused: the file is damaged, or the copy is there already.
        """
        self._database.back_up(copy)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _damage_told(self, sign: type[ValueError] = ValueError) -> Iterator[None]:
        try:
            yield
        except sign as error:
            raise self._database.damage(error) from error


def _clamped(start_ns: int, end_ns: int) -> tuple[int, int]:
    return max(start_ns, FIRST_TIME_NS), min(end_ns, LAST_TIME_NS + 1)
