"""Journal: the file between the machines and the historian."""

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from pilotline_edge.errors import JournalFailed
from pilotline_edge.journal import source_times
from pilotline_edge.journal.commands import Append, Enrol, Expire, JournalSize, Remove
from pilotline_edge.journal.record import Entry, encode
from pilotline_edge.journal.salvage import Salvage, salvage
from pilotline_edge.journal.schema import ALL_SERIES, INSERT_SERIES, checksum, open_journal
from pilotline_edge.journal.writer import JournalWriter, damage_marker
from pilotline_historian import Series
from pilotline_plant import Priority

MAX_BYTES = 2 * 1024**3
"""Most bytes of records kept while the historian is away, unless told otherwise."""

_NOT_DAMAGE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
}
_GATHER_S = 0.03
_CLOSE_WITHIN_S = 2.0


class Journal:
    """Keeps what machines sent until the historian has it, through a crash and a power cut.

    Characteristics
        buffered: on disk, up to `max_bytes`
        policy when full: takes nothing more until records leave; see `JournalRoom`
        order: records leave in the order they came
        thread-safe: yes; one process only, see `pilotline_edge.lease`

    Attributes:
        path: its file.
        numbers: the journal's number of each series.
        coverage: state of each machine's coverage as last kept, by machine id.
        damage: what was saved of a damaged predecessor, or None.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        series: Iterable[Series],
        max_bytes: int,
        damage: Salvage | None,
    ) -> None:
        self.path = path
        self.damage = damage
        try:
            self.numbers = _number(connection, series)
            self.coverage = _coverage(connection, self.numbers)
        except BaseException:
            connection.close()
            raise
        self._writer = JournalWriter(connection, path, max_bytes=max_bytes, gather_s=_GATHER_S)
        self._writer.start()

    @classmethod
    def open(cls, path: Path, series: Iterable[Series], max_bytes: int = MAX_BYTES) -> Self:
        """Open the journal, making it when there is none.

        A damaged file is set aside after all readable records were saved from it; the agent starts
        in any case.

        Raises:
            JournalFailed: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        damage = None
        series = list(series)
        try:
            if damage_marker(path).exists() and path.exists():
                damage = salvage(path)
                damage_marker(path).unlink()
            try:
                return cls(path, open_journal(path), series, max_bytes, damage)
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not _is_damage(error, path):
                    raise
                damage = salvage(path)
            return cls(path, open_journal(path), series, max_bytes, damage)
        except (OSError, sqlite3.Error) as error:
            raise JournalFailed(
                f"the journal {path} cannot be opened ({error}); check that the folder can be "
                "written and the disk is not full"
            ) from error

    @property
    def size(self) -> JournalSize:
        """What lies in the journal now."""
        return self._writer.room.size

    async def enrol(self, series: Iterable[Series]) -> None:
        """Give a number to every series that has none yet, on disk.

        Raises:
            JournalError: the disk has no room for them now.
        """
        rows = _rows(self.numbers, series)
        if rows:
            enrol = Enrol(rows)
            self._writer.give(enrol)
            await asyncio.wrap_future(enrol.done)
            self.numbers |= {Series(*names): number for number, *names, _ in rows}

    def append(self, entry: Entry, priority: Priority = Priority.NORMAL) -> asyncio.Future[None]:
        """Keep an entry; the future is done once it is on disk, and waits while there is no room.

        Args:
            entry: the entry.
            priority: its machine's; the room for the lower ones ends before the journal is full.

        Raises:
            JournalFailed: (by the future) the disk failed.
        """
        record = b""
        if entry.has_record:
            record = encode(entry.samples, entry.gaps, entry.events)
        append = Append(entry, record, priority)
        self._writer.give(append)
        future = asyncio.wrap_future(append.done)
        future.add_done_callback(_noticed)
        return future

    def remove(self, upto: int, published_ns: Mapping[str, int], after: int = 0) -> "Future[None]":
        """Drop the records up to `upto`, which the historian has; from any thread.

        Args:
            upto: number of the last record delivered.
            published_ns: publish time up to which all is delivered, per machine.
            after: number of the last record before them; those up to it stay.
        """
        remove = Remove(upto, published_ns, after)
        self._writer.give(remove)
        return remove.done

    async def expire(self, before_ns: int) -> int:
        """Give up the oldest records published before an instant; declare and count what they held.

        Args:
            before_ns: ns UTC, by the machines' clocks.

        Returns:
            How many values and events were given up; call again until there are none.

        Raises:
            JournalError: the disk does not take it now.
        """
        expire = Expire(before_ns)
        self._writer.give(expire)
        return await asyncio.wrap_future(expire.done)

    def close(self) -> None:
        """Keep what was given and close the file."""
        self._writer.close(_CLOSE_WITHIN_S)


def _is_damage(error: Exception, path: Path) -> bool:
    """Return whether the file's content is at fault, not the disk or the permissions."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_READONLY:
        return os.access(path, os.W_OK)
    return code not in _NOT_DAMAGE


def _noticed(future: asyncio.Future[None]) -> None:
    """Read the outcome, so that a failure nobody waits for any more is not reported as unread."""
    if not future.cancelled():
        future.exception()


def _number(connection: sqlite3.Connection, series: Iterable[Series]) -> dict[Series, int]:
    """Return the number of every series, giving one to each that has none yet."""
    numbers: dict[Series, int] = {}
    for number, site, machine, tag, kept in connection.execute(ALL_SERIES):
        if checksum(number, site, machine, tag) != kept:
            raise sqlite3.DatabaseError(f"series {number} fails its checksum")
        numbers[Series(site, machine, tag)] = number
    rows = _rows(numbers, series)
    connection.execute("BEGIN")
    connection.executemany(INSERT_SERIES, rows)
    connection.execute("COMMIT")
    return numbers | {Series(*names): number for number, *names, _ in rows}


def _rows(
    numbers: Mapping[Series, int], series: Iterable[Series]
) -> list[tuple[int, str, str, str, int]]:
    """Return a row with the next number for each series that has none."""
    fresh = [each for each in dict.fromkeys(series) if each not in numbers]
    first = max(numbers.values(), default=0) + 1
    return [
        (number, each.site, each.machine, each.tag, checksum(number, *each))
        for number, each in enumerate(fresh, start=first)
    ]


def _coverage(
    connection: sqlite3.Connection, numbers: Mapping[Series, int]
) -> dict[str, dict[str, Any]]:
    """Return the state of each coverage, with the source times that are kept beside it."""
    found: dict[str, dict[str, Any]] = {}
    rows = connection.execute("SELECT machine, state, checksum FROM coverage")
    for machine, state, kept_checksum in rows:
        if checksum(machine, state) != kept_checksum:
            raise sqlite3.DatabaseError(f"the coverage of {machine} fails its checksum")
        found[machine] = json.loads(state)
    tags = {number: series.tag for series, number in numbers.items()}
    for machine, times in source_times.kept(connection):
        found[machine] |= source_times.by_tag(times, tags)
    return found
