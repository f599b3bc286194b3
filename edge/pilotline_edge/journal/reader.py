"""Reader: the oldest records of the journal, as the forwarder takes them."""

from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pilotline_edge.cause import Cause
from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal.decoding import Refused, content_of, decode_rows
from pilotline_edge.journal.delivery import Delivery, SeriesTable
from pilotline_edge.journal.schema import LAST_NUMBER, NEXT_RECORDS, open_reader
from pilotline_historian import Event, Gap, Series
from pilotline_historian.sample_columns import SampleColumns

log = structlog.get_logger("pilotline.edge")

_LATE_NS = 2_000_000_000
"""How much older than the publish time before it a value in a damaged record may have been."""

UNKNOWN_BEFORE_NS = 120_000_000_000
"""Taken as the extent of a damaged record when nothing of its machine was delivered before."""


@dataclass(slots=True)
class Backlog:
    """The oldest records, decoded.

    Attributes:
        upto: number of the last record; all up to it may be removed once delivered.
        samples: values in the order they were kept, as columns.
        refused: values that no historian takes.
        events: events in the order they were kept.
        gaps: declared gaps, including those that damaged records left.
        published_ns: publish time of the newest record per machine.
        corrupt: number of damaged records.
        oldest: machine and publish time (ns, its clock) of the oldest record, None when empty.
    """

    upto: int = 0
    samples: SampleColumns = field(default_factory=SampleColumns.empty)
    refused: list[Refused] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    published_ns: dict[str, int] = field(default_factory=dict)
    corrupt: int = 0
    oldest: tuple[str, int] | None = None

    def __bool__(self) -> bool:
        return self.upto > 0

    @property
    def count(self) -> int:
        """How many values and events there are."""
        return len(self.samples) + len(self.events)


@dataclass(slots=True)
class Lane:
    """A stretch of the journal that is delivered oldest first.

    Attributes:
        after: number of the last record before the stretch.
        upto: number of its last record, or None when it has no end.
        published_ns: publish time of the newest record delivered of it, per machine.
    """

    after: int = 0
    upto: int | None = None
    published_ns: dict[str, int] = field(default_factory=dict)


class BacklogReader:
    """Reads the oldest records of a lane beside the journal's writer; used by one thread.

    Attributes:
        delivered_ns: publish time up to which all was delivered before, per machine.
    """

    def __init__(self, path: Path) -> None:
        self._connection = open_reader(path)
        self._table = SeriesTable({})
        self.delivered_ns: dict[str, int] = dict(
            self._connection.execute("SELECT machine, published_ns FROM delivered")
        )
        self._whole = Lane(published_ns=dict(self.delivered_ns))

    def newest(self) -> int:
        """Return the number of the newest record, 0 when there is none."""
        (seq,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()
        return int(seq)

    def read(self, most_samples: int, lane: Lane | None = None) -> Backlog:
        """Return the oldest records, at least one and at most about `most_samples` values.

        Args:
            most_samples: most values.
            lane: stretch of the journal; the whole of it unless given.

        Raises:
            sqlite3.DatabaseError: the file is damaged.
        """
        backlog = Backlog()
        lane = self._whole if lane is None else lane
        upto = LAST_NUMBER if lane.upto is None else lane.upto
        published = dict(lane.published_ns)
        rows = self._connection.execute(NEXT_RECORDS, (lane.after, upto))
        # After the records were looked for, so that the series of each of them is known.
        delivery = Delivery(self._known_series())
        try:
            for seq, site, machine, published_ns, count, body in rows:
                if backlog and len(delivery) + len(backlog.events) + count > most_samples:
                    break
                before = published.get(machine, published_ns - UNKNOWN_BEFORE_NS) - _LATE_NS
                lost = Gap(site, machine, None, before, published_ns, Cause.JOURNAL_DAMAGED)
                self._take(backlog, delivery, body, lost)
                backlog.oldest = backlog.oldest or (machine, published_ns)
                backlog.upto = seq
                backlog.published_ns[machine] = published[machine] = published_ns
        finally:
            rows.close()
        backlog.samples = delivery.samples()
        return backlog

    def _take(self, backlog: Backlog, delivery: Delivery, body: bytes, lost: Gap) -> None:
        """Add a record's content, or the gap that it leaves when it is damaged."""
        try:
            rows = decode_rows(body)
            refused = [] if rows.plain else content_of(rows, delivery.series).refused
            delivery.add(rows if rows.plain else rows.sound())
        except RecordCorrupt as error:
            log.error("edge.record_corrupt", machine=lost.machine, reason=str(error))  # noqa: TRY400 - no stack: the disk is at fault
            backlog.corrupt += 1
            backlog.gaps.append(lost)
            return
        backlog.refused += refused
        backlog.gaps += rows.gaps
        backlog.events += rows.events

    def _known_series(self) -> SeriesTable:
        """Return the series by number, reading again while tags are still being added."""
        (count,) = self._connection.execute("SELECT count(*) FROM series").fetchone()
        if count != len(self._table):
            rows: list[tuple[int, str, str, str]] = self._connection.execute(
                "SELECT number, site, machine, tag FROM series"
            ).fetchall()
            self._table = SeriesTable({number: Series(*names) for number, *names in rows})
        return self._table

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
