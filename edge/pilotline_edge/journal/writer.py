"""Writer: the one thread that changes the journal, many messages per disk flush."""

import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from pilotline_edge.cause import Cause
from pilotline_edge.errors import JournalError, JournalFailed
from pilotline_edge.journal.ballast import Ballast
from pilotline_edge.journal.commands import (
    Append,
    Command,
    Enrol,
    Expire,
    JournalSize,
    Remove,
    Stop,
)
from pilotline_edge.journal.expiry import give_up
from pilotline_edge.journal.schema import (
    DELETE_RECORDS,
    INSERT_RECORD,
    INSERT_SERIES,
    SIZE,
    UPSERT_COVERAGE,
    UPSERT_DELIVERED,
    checksum,
)
from pilotline_edge.journal.waiting import WaitingEntries, held_back
from pilotline_historian import Series

log = structlog.get_logger("pilotline.edge")

_ROW_OVERHEAD_BYTES = 64
_RETRY_S = 0.5
_VACUUM_PAGES = 64
_SPARE_PAGES = 256
_GROUP_BYTES = 1024 * 1024
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Error codes that say the file's content is at fault."""


class JournalWriter:
    """Commits entries in the order they were given, in groups.

    Characteristics
        buffered: what is given while a commit runs; each machine waits for its commits, so that
            is bounded by the publish requests in flight
        durable: an entry's future is done once its transaction is on disk
        policy when full: entries wait, so nothing is acknowledged and the servers queue; what
            they drop becomes a declared gap; nothing once acknowledged is ever dropped
        priority: machines of a lower one wait while there is still room for the others
        policy when the disk fails: every entry fails, and every later one
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, *, max_bytes: int, gather_s: float
    ) -> None:
        self._thread = threading.Thread(target=self._run, name="pilotline-journal", daemon=True)
        self._connection = connection
        self._path = path
        self._max_bytes = max_bytes
        self._gather_s = gather_s
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._waiting = WaitingEntries()
        self._failure: JournalFailed | None = None
        self._ballast = Ballast(path.with_suffix(".ballast"))
        records, size, samples = connection.execute(SIZE).fetchone()
        self.size = JournalSize(records, samples, size + records * _ROW_OVERHEAD_BYTES)

    def give(self, command: Command) -> None:
        """Ask for a change; from any thread."""
        self._commands.put(command)

    def start(self) -> None:
        """Begin to carry commands out."""
        self._thread.start()

    def close(self, within_s: float) -> None:
        """Carry out what was asked, then end."""
        if self._thread.is_alive():
            self.give(Stop())
            self._thread.join(within_s)

    def _run(self) -> None:
        """Carry commands out until told to stop; whatever goes wrong fails what is asked."""
        try:
            self._ballast.lay()
            self._serve()
        except Exception as error:
            log.exception("edge.journal_writer_failed", file=str(self._path))
            self._failure = JournalFailed(
                f"the journal's writer ended: {error!r}; restart the agent"
            )
            self._refuse_all()
        finally:
            self._give_up()
            self._connection.close()

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            commands = self._collect()
            stopping = any(isinstance(command, Stop) for command in commands)
            for command in commands:
                if isinstance(command, Enrol):
                    self._enrol(command)
                elif isinstance(command, Expire):
                    self._expire(command)
            removes = [command for command in commands if isinstance(command, Remove)]
            self._waiting.add(command for command in commands if isinstance(command, Append))
            self._carry_out(removes)

    def _refuse_all(self) -> None:
        while not isinstance(command := self._commands.get(), Stop):
            _fail([command], self._failure or JournalFailed("the journal is closed"))

    def _collect(self) -> list[Command]:
        """Wait for a command, then for others that come at nearly the same time."""
        try:
            commands = [self._commands.get(timeout=self._patience_s())]
        except queue.Empty:
            return []
        if self._gather_s and not isinstance(commands[0], Stop):
            time.sleep(self._gather_s)
        while True:
            try:
                commands.append(self._commands.get_nowait())
            except queue.Empty:
                return commands

    def _patience_s(self) -> float | None:
        return _RETRY_S if self._waiting or self._short else None

    @property
    def _short(self) -> bool:
        """Whether something is not taken for want of room."""
        return bool(self.size.blocked or self.size.held)

    def _carry_out(self, removes: list[Remove]) -> None:
        if removes:
            if not self._commit([], removes):
                # Tried again first of all, with the ballast gone; nothing may take that room.
                return
            self._shrink()
        while self._waiting or self._short:
            self._look_for_room()
            if self.size.blocked:
                return
            group = self._waiting.take(self.size.held, _GROUP_BYTES)
            if not group or not self._commit(group, []):
                return

    def _enrol(self, enrol: Enrol) -> None:
        """Keep further series; what cannot be kept now is refused, not tried again."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT_SERIES, enrol.rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            enrol.done.set_exception(JournalError(f"the journal takes no further tags: {error}"))
        else:
            enrol.done.set_result(None)

    def _expire(self, expire: Expire) -> None:
        """Give up what is too old; what cannot be now is asked for again."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            rows = self._connection.execute("SELECT number, site, machine, tag FROM series")
            series = {number: Series(*names) for number, *names in rows}
            given_up = give_up(self._connection, expire.before_ns, series)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            expire.done.set_exception(JournalError(f"the journal gives nothing up: {error}"))
            return
        size = self.size
        self.size = replace(
            size,
            records=size.records - given_up.records,
            samples=size.samples - given_up.values,
            bytes=size.bytes - given_up.bytes - given_up.records * _ROW_OVERHEAD_BYTES,
        )
        self._shrink()
        expire.done.set_result(given_up.values)

    def _look_for_room(self) -> None:
        """Decide of which machines entries are taken now."""
        size = self.size
        if size.blocked == Cause.DISK_FULL and not self._room_on_disk():
            return
        held = held_back(size.bytes / self._max_bytes, self._waiting.met, size.held)
        blocked = Cause.JOURNAL_FULL if held and held == self._waiting.met else None
        if (held, blocked) == (size.held, size.blocked):
            return
        self.size = replace(size, blocked=blocked, held=held)
        if not held:
            log.info("edge.journal_has_room", bytes=size.bytes)
        else:
            log.warning("edge.journal_blocked", held=sorted(held), bytes=size.bytes)

    def _commit(self, appends: Sequence[Append], removes: Sequence[Remove]) -> bool:
        """Carry out one transaction and return whether it is on disk."""
        if self._failure is not None:
            _fail((*appends, *removes), self._failure)
            return False
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            change = self._insert(appends) if appends else self._delete(removes)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            self._commit_failed(error, appends, removes)
            return False
        records, samples, size = change
        before = self.size
        self.size = JournalSize(
            before.records + records,
            before.samples + samples,
            before.bytes + size,
            before.blocked,
            before.held,
        )
        for done in (*(each.done for each in appends), *(each.done for each in removes)):
            done.set_result(None)
        return True

    def _insert(self, appends: Sequence[Append]) -> tuple[int, int, int]:
        rows = [
            (
                append.entry.site,
                append.entry.machine,
                append.entry.published_ns,
                append.entry.count,
                append.record,
            )
            for append in appends
            if append.entry.has_record
        ]
        self._connection.executemany(INSERT_RECORD, rows)
        states = {append.entry.coverage_key: append.entry.coverage for append in appends}
        self._connection.executemany(
            UPSERT_COVERAGE,
            [(key, state, checksum(key, state)) for key, state in states.items()],
        )
        size = sum(len(row[4]) + _ROW_OVERHEAD_BYTES for row in rows)
        return len(rows), sum(row[3] for row in rows), size

    def _delete(self, removes: Sequence[Remove]) -> tuple[int, int, int]:
        records = samples = size = 0
        for remove in removes:
            stretch = (remove.after, remove.upto)
            found = self._connection.execute(f"{SIZE} WHERE seq > ? AND seq <= ?", stretch)
            more_records, more_bytes, more_samples = found.fetchone()
            self._connection.execute(DELETE_RECORDS, stretch)
            self._connection.executemany(UPSERT_DELIVERED, remove.published_ns.items())
            records, samples = records + more_records, samples + more_samples
            size += more_bytes + more_records * _ROW_OVERHEAD_BYTES
        return -records, -samples, -size

    def _shrink(self) -> None:
        """Give free pages back to the disk, a little at a time, but those the next records want."""
        try:
            (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
            if (surplus := min(free - _SPARE_PAGES, _VACUUM_PAGES)) > 0:
                self._connection.execute(f"PRAGMA incremental_vacuum({surplus})").fetchall()
        except sqlite3.Error as error:
            log.debug("edge.journal_not_shrunk", reason=str(error))

    def _commit_failed(
        self, error: sqlite3.Error, appends: Sequence[Append], removes: Sequence[Remove]
    ) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            self._waiting.put_back(appends)
            for remove in removes:
                self._commands.put(remove)
            self._blocked(Cause.DISK_FULL)
            self._ballast.drop()
            time.sleep(_RETRY_S)
            return
        if code in DAMAGE:
            damage_marker(self._path).touch()
        self._failure = JournalFailed(
            f"the journal {self._path} cannot be written: {error}; nothing more is acknowledged; "
            "check the disk and restart the agent"
        )
        log.error("edge.journal_failed", file=str(self._path), reason=str(error))
        _fail((*appends, *removes), self._failure)

    def _room_on_disk(self) -> bool:
        """Fold the log into the file, which shrinks both, and try to lay the ballast again."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            log.warning("edge.journal_checkpoint_failed", reason=str(error))
            return False
        return self._ballast.lay()

    def _blocked(self, reason: Cause) -> None:
        if self.size.blocked != reason:
            log.warning("edge.journal_blocked", reason=reason, bytes=self.size.bytes)
            size = self.size
            self.size = replace(size, blocked=reason)

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                log.warning("edge.journal_rollback_failed", reason=str(error))

    def _give_up(self) -> None:
        """Fail what could not be kept before the stop; it was never acknowledged."""
        stopped = JournalFailed("the journal was closed while it was full")
        _fail(self._waiting.take_all(), self._failure or stopped)


def damage_marker(path: Path) -> Path:
    """Return the file whose presence tells the next start that the journal is damaged."""
    return path.with_suffix(".damaged")


def _fail(commands: Sequence[Command], error: JournalFailed) -> None:
    for command in commands:
        if not isinstance(command, Stop):
            command.done.set_exception(error)
