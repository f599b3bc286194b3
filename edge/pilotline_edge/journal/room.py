"""Room: how much lies in the journal, and of which machines it takes entries now."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import structlog

from pilotline_edge.cause import Cause
from pilotline_edge.journal.ballast import Ballast
from pilotline_edge.journal.commands import JournalSize
from pilotline_edge.journal.transaction import Change, size_of
from pilotline_edge.journal.waiting import WaitingEntries, held_back

log = structlog.get_logger("pilotline.edge")


class JournalRoom:
    """Decides of which machines entries are taken.

    Characteristics
        policy when full: entries wait, so nothing is acknowledged and the servers queue; what
            they drop becomes a declared gap; nothing once acknowledged is ever dropped
        priority: machines of a lower one wait while there is still room for the others
        policy when the disk is full: nothing is taken until the ballast could be laid again

    Attributes:
        size: what lies in the journal.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, max_bytes: int) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._ballast = Ballast(path.with_suffix(".ballast"))
        held = size_of(connection)
        self.size = JournalSize(held.records, held.samples, held.bytes)

    @property
    def short(self) -> bool:
        """Whether something is not taken for want of room."""
        return bool(self.size.blocked or self.size.held)

    def prepare(self) -> None:
        """Hold disk space back."""
        self._ballast.lay()

    def changed(self, change: Change) -> None:
        """Count what a transaction added or, with negative numbers, removed."""
        size = self.size
        self.size = JournalSize(
            size.records + change.records,
            size.samples + change.samples,
            size.bytes + change.bytes,
            size.blocked,
            size.held,
        )

    def look(self, waiting: WaitingEntries) -> None:
        """Decide of which machines entries are taken now."""
        size = self.size
        if size.blocked == Cause.DISK_FULL and not self._room_on_disk():
            return
        held = held_back(size.bytes / self._max_bytes, waiting.met, size.held)
        blocked = Cause.JOURNAL_FULL if held and held == waiting.met else None
        if (held, blocked) == (size.held, size.blocked):
            return
        self.size = replace(size, blocked=blocked, held=held)
        if not held:
            log.info("edge.journal_has_room", bytes=size.bytes)
        else:
            log.warning("edge.journal_blocked", held=sorted(held), bytes=size.bytes)

    def disk_full(self) -> None:
        """Take nothing more for now, and give the ballast's space to what removes records."""
        if self.size.blocked != Cause.DISK_FULL:
            log.warning("edge.journal_blocked", reason=Cause.DISK_FULL, bytes=self.size.bytes)
            self.size = replace(self.size, blocked=Cause.DISK_FULL)
        self._ballast.drop()

    def _room_on_disk(self) -> bool:
        """Fold the log into the file, which shrinks both, and try to lay the ballast again."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            log.warning("edge.journal_checkpoint_failed", reason=str(error))
            return False
        return self._ballast.lay()
