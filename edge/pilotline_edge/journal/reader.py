"""Reader: the oldest records of the journal, as the forwarder takes them."""

from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal import record
from pilotline_edge.journal.record import Refused
from pilotline_edge.journal.schema import NEXT_RECORDS, open_reader
from pilotline_historian import Gap, Sample, Series

log = structlog.get_logger("pilotline.edge")

_LATE_NS = 2_000_000_000
"""How much older than the publish time before it a value in a damaged record may have been."""

_UNKNOWN_BEFORE_NS = 120_000_000_000
"""Taken as the extent of a damaged record when nothing of its machine was delivered before."""


@dataclass(slots=True)
class Backlog:
    """The oldest records, decoded.

    Attributes:
        upto: number of the last record; all up to it may be removed once delivered.
        samples: values in the order they were kept.
        refused: values that no historian takes.
        gaps: declared gaps, including those that damaged records left.
        published_ns: publish time of the newest record per machine.
        corrupt: number of damaged records.
        oldest: machine and publish time (ns, its clock) of the oldest record, None when empty.
    """

    upto: int = 0
    samples: list[Sample] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    published_ns: dict[str, int] = field(default_factory=dict)
    corrupt: int = 0
    oldest: tuple[str, int] | None = None

    def __bool__(self) -> bool:
        return self.upto > 0


class BacklogReader:
    """Reads the oldest records beside the journal's writer; used by one thread.

    Attributes:
        delivered_ns: publish time of the newest record delivered before, per machine.
    """

    def __init__(self, path: Path) -> None:
        self._connection = open_reader(path)
        self._series: dict[int, Series] = {}
        self.delivered_ns: dict[str, int] = dict(
            self._connection.execute("SELECT machine, published_ns FROM delivered")
        )
        self._published = dict(self.delivered_ns)

    def read(self, most_samples: int) -> Backlog:
        """Return the oldest records, at least one and at most about `most_samples` values.

        Raises:
            sqlite3.DatabaseError: the file is damaged.
        """
        backlog = Backlog()
        rows = self._connection.execute(NEXT_RECORDS, (0,))
        try:
            for seq, site, machine, published_ns, count, body in rows:
                if backlog and len(backlog.samples) + count > most_samples:
                    break
                self._take(backlog, site, machine, published_ns, body)
                backlog.oldest = backlog.oldest or (machine, published_ns)
                backlog.upto = seq
                backlog.published_ns[machine] = self._published[machine] = published_ns
        finally:
            rows.close()
        return backlog

    def _take(
        self, backlog: Backlog, site: str, machine: str, published_ns: int, body: bytes
    ) -> None:
        try:
            content = record.decode(body, self._known_series())
        except RecordCorrupt as error:
            before = self._published.get(machine, published_ns - _UNKNOWN_BEFORE_NS)
            log.error("edge.record_corrupt", machine=machine, reason=str(error))  # noqa: TRY400 - no stack: the disk is at fault
            backlog.corrupt += 1
            backlog.gaps.append(
                Gap(site, machine, None, before - _LATE_NS, published_ns, "journal-damaged")
            )
            return
        backlog.samples += content.samples
        backlog.refused += content.refused
        backlog.gaps += content.gaps

    def _known_series(self) -> dict[int, Series]:
        """Return the series by number, reading again while tags are still being added."""
        (count,) = self._connection.execute("SELECT count(*) FROM series").fetchone()
        if count != len(self._series):
            rows: list[tuple[int, str, str, str]] = self._connection.execute(
                "SELECT number, site, machine, tag FROM series"
            ).fetchall()
            self._series = {number: Series(*names) for number, *names in rows}
        return self._series

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
