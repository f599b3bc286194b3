"""Writer: the one thread that changes the journal, many messages per disk flush."""

import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from pilotline_edge.errors import JournalError, JournalFailed
from pilotline_edge.journal.commands import Append, Command, Enrol, Expire, Remove, Stop
from pilotline_edge.journal.room import JournalRoom
from pilotline_edge.journal.schema import INSERT_SERIES
from pilotline_edge.journal.transaction import delete, expire, insert, shrink, transaction
from pilotline_edge.journal.waiting import WaitingEntries

log = structlog.get_logger("pilotline.edge")

_RETRY_S = 0.5
_GROUP_BYTES = 1024 * 1024
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Error codes that say the file's content is at fault."""


class JournalWriter:
    """Commits entries in the order they were given, in groups.

    Characteristics
        buffered: what is given while a commit runs; each machine waits for its commits, so that
            is bounded by the publish requests in flight
        durable: an entry's future is done once its transaction is on disk
        policy when full: see `JournalRoom`
        policy when the disk fails: every entry fails, and every later one

    Attributes:
        room: what lies in the journal, and of which machines entries are taken.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, *, max_bytes: int, gather_s: float
    ) -> None:
        self._thread = threading.Thread(target=self._run, name="pilotline-journal", daemon=True)
        self._connection = connection
        self._path = path
        self._gather_s = gather_s
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._waiting = WaitingEntries()
        self._failure: JournalFailed | None = None
        self.room = JournalRoom(connection, path, max_bytes)

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
            self.room.prepare()
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
        return _RETRY_S if self._waiting or self.room.short else None

    def _carry_out(self, removes: list[Remove]) -> None:
        if removes:
            if not self._commit([], removes):
                # Tried again first of all, with the ballast gone; nothing may take that room.
                return
            shrink(self._connection)
        while self._waiting or self.room.short:
            self.room.look(self._waiting)
            if self.room.size.blocked:
                return
            group = self._waiting.take(self.room.size.held, _GROUP_BYTES)
            if not group or not self._commit(group, []):
                return

    def _enrol(self, enrol: Enrol) -> None:
        """Keep further series; what cannot be kept now is refused, not tried again."""
        try:
            with transaction(self._connection):
                self._connection.executemany(INSERT_SERIES, enrol.rows)
        except sqlite3.Error as error:
            enrol.done.set_exception(JournalError(f"the journal takes no further tags: {error}"))
        else:
            enrol.done.set_result(None)

    def _expire(self, asked: Expire) -> None:
        """Give up what is too old; what cannot be now is asked for again."""
        try:
            with transaction(self._connection):
                change, values = expire(self._connection, asked.before_ns)
        except sqlite3.Error as error:
            asked.done.set_exception(JournalError(f"the journal gives nothing up: {error}"))
            return
        self.room.changed(change)
        shrink(self._connection)
        asked.done.set_result(values)

    def _commit(self, appends: Sequence[Append], removes: Sequence[Remove]) -> bool:
        """Carry out one transaction and return whether it is on disk."""
        if self._failure is not None:
            _fail((*appends, *removes), self._failure)
            return False
        try:
            with transaction(self._connection):
                if appends:
                    change = insert(self._connection, appends)
                else:
                    change = delete(self._connection, removes)
        except sqlite3.Error as error:
            self._commit_failed(error, appends, removes)
            return False
        self.room.changed(change)
        for done in (*(each.done for each in appends), *(each.done for each in removes)):
            done.set_result(None)
        return True

    def _commit_failed(
        self, error: sqlite3.Error, appends: Sequence[Append], removes: Sequence[Remove]
    ) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            self._waiting.put_back(appends)
            for remove in removes:
                self._commands.put(remove)
            self.room.disk_full()
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
