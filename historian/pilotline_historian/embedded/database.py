"""The SQLite file: connections, transactions, and what SQLite's errors mean to an operator."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from pilotline_historian.embedded.log_watch import LogWatch
from pilotline_historian.embedded.schema import (
    ForeignFile,
    NewerSchema,
    Step,
    shipped_steps,
    upgrade,
)
from pilotline_historian.errors import HistorianError, HistorianRefused, HistorianUnavailable

BUSY_TIMEOUT_S: Final = 10.0
"""How long a writer waits for another process's write."""

_PAGE_BYTES: Final = 8_192
_CACHE_KIB: Final = 16_384
_CHECKPOINT_PAGES: Final = 2_048
_WAL_BYTES: Final = 64 * 2**20
_IDLE_READERS: Final = 4
_BACKUP_PAGES: Final = 1_024

_TRY_AGAIN: Final = {
    sqlite3.SQLITE_BUSY: "another process has been writing to it for too long",
    sqlite3.SQLITE_LOCKED: "another process has been writing to it for too long",
    sqlite3.SQLITE_FULL: "its disk is full; free some space",
    sqlite3.SQLITE_IOERR: "its disk reports an error; check the disk",
    sqlite3.SQLITE_NOMEM: "memory ran out",
    sqlite3.SQLITE_PROTOCOL: "its write-ahead log could not be locked",
}
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DAMAGED_TABLES: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
        sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    }
)
"""Our statements are constants that fit the schema: what fails so tells of damage to the file."""

_NOT_OURS: Final = {
    sqlite3.SQLITE_READONLY: "it cannot be written; check the rights of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_PERM: "access is denied; check the rights of the file and its folder",
    sqlite3.SQLITE_AUTH: "access is denied; check the rights of the file and its folder",
}


class Database:
    """One SQLite file in write-ahead mode.

    Characteristics
        processes: one writes at a time, others wait; readers never wait for a writer
        durable: a finished write survives a power cut (synchronous=FULL)
        threads: any; writes take turns, each read has a connection of its own

    Args:
        path: of the file, made when missing.
        busy_timeout_s: how long a write waits for another process's.
        steps: schema to bring the file to; the shipped one unless told.
    """

    def __init__(
        self,
        path: Path,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        steps: Sequence[Step] | None = None,
    ) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._write_lock = Lock()
        self._pool_lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        steps = shipped_steps() if steps is None else steps
        self._version = steps[-1].version
        self._log_watch = LogWatch(path)
        self._ready = False
        self._writer = self._prepared(steps)
        self._ready = True

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the one connection that writes, in a transaction that is durable on exit.

        Raises:
            HistorianUnavailable: nothing was written; try again later.
            HistorianRefused: nothing was written; a person must act.
        """
        with self._write_lock, self._explained():
            self._need_open()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                self._need_version(self._writer)
                yield self._writer
                self._writer.execute("COMMIT")
                self._log_watch.look()
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one unchanging state of the file.

        Raises:
            HistorianUnavailable: try again later.
            HistorianRefused: a person must act.
        """
        with self._explained():
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                self._need_version(connection)
                yield connection
            finally:
                self._give_back(connection)

    def back_up(self, copy: Path) -> None:
        """Copy the file as it is at one moment; writers go on meanwhile.

        The copy appears whole or not at all.

        Raises:
            HistorianUnavailable: reading or writing failed; try again later.
            HistorianRefused: the copy is there already, or a person must act.
        """
        if copy.exists():
            raise HistorianRefused(f"{copy} is there already; choose another file for the copy")
        part = copy.with_name(f"{copy.name}.part")
        part.unlink(missing_ok=True)
        try:
            with self.reading() as source, contextlib.closing(sqlite3.connect(part)) as target:
                source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                source.backup(target, pages=_BACKUP_PAGES, sleep=0.0)
            _sync(part)
            part.rename(copy)
            _sync(copy.parent)
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        """Close every connection; the last process to close it folds the log into the file."""
        with self._write_lock, self._pool_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in (*idle, self._writer):
            connection.close()

    def damage(self, error: Exception) -> HistorianRefused:
        """Return what to tell when the file's contents make no sense."""
        return HistorianRefused(
            f"historian file {self.path} is damaged ({error}): stop what writes it, move it aside "
            f"together with its -wal and -shm files, then put back a backup or run "
            f"`sqlite3 {self.path.name} .recover`"
        )

    def _prepared(self, steps: Sequence[Step]) -> sqlite3.Connection:
        with self._explained():
            connection = self._connect()
            try:
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                _need_wal(connection, self._busy_timeout_s)
                upgrade(connection, steps)
                connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            except ForeignFile:
                connection.close()
                raise HistorianRefused(
                    f"{self.path} is a database of another program; choose another file"
                ) from None
            except NewerSchema as error:
                connection.close()
                raise HistorianRefused(
                    f"historian file {self.path} was written by a newer release ({error}); "
                    f"install that release, or choose another file"
                ) from None
            except ValueError as error:
                connection.close()
                raise self.damage(error) from error
            except BaseException:
                connection.close()
                raise
            return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        # Debian's SQLite overwrites what is deleted with zeros, which writes each page twice.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection

    def _borrow(self) -> sqlite3.Connection:
        with self._pool_lock:
            self._need_open()
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with self._pool_lock:
            if not self._closed and len(self._idle) < _IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close()

    def _need_version(self, connection: sqlite3.Connection) -> None:
        """Leave the file alone once a newer release has opened it while this process ran."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != self._version:
            raise HistorianRefused(
                f"historian file {self.path} was brought to schema version {version} while this "
                f"process ran, which knows {self._version}: restart it with the newer release"
            )

    def _need_open(self) -> None:
        if self._closed:
            raise ValueError(f"the historian {self.path} is closed")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            meant = self._meaning(error)
            if meant is None:
                raise
            raise meant from error

    def _meaning(self, error: sqlite3.Error) -> HistorianError | None:
        # Python's own error, without a code, tells of text that is none.
        extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        code = extended & 0xFF
        if code in _DAMAGED or (self._ready and extended in _DAMAGED_TABLES):
            return self.damage(error)
        if code in _TRY_AGAIN:
            return HistorianUnavailable(f"historian file {self.path}: {_TRY_AGAIN[code]} ({error})")
        if code in _NOT_OURS:
            return HistorianRefused(f"historian file {self.path}: {_NOT_OURS[code]} ({error})")
        return None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _need_wal(connection: sqlite3.Connection, patience_s: float) -> None:
    """Switch to write-ahead mode; SQLite does not wait here for another process that does so."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
