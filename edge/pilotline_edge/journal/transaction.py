"""Transaction: the statements that change the journal, each group of them whole or not at all."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import structlog

from pilotline_edge.journal import source_times
from pilotline_edge.journal.commands import Append, Remove
from pilotline_edge.journal.expiry import give_up
from pilotline_edge.journal.schema import (
    DELETE_RECORDS,
    INSERT_RECORD,
    SIZE,
    UPSERT_COVERAGE,
    UPSERT_DELIVERED,
    checksum,
)
from pilotline_historian import Series

log = structlog.get_logger("pilotline.edge")

_ROW_OVERHEAD_BYTES = 64
_VACUUM_PAGES = 64
_SPARE_PAGES = 256


class Change(NamedTuple):
    """What came into the journal, or left it where negative.

    Attributes:
        records: number of records.
        samples: number of values in them.
        bytes: their size with what the file keeps of each.
    """

    records: int
    samples: int
    bytes: int


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done within, or roll it back where it fails."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.Error:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            log.warning("edge.journal_rollback_failed", reason=str(error))


def size_of(connection: sqlite3.Connection) -> Change:
    """Return what lies in the journal."""
    records, size, samples = connection.execute(SIZE).fetchone()
    return Change(records, samples, size + records * _ROW_OVERHEAD_BYTES)


def insert(connection: sqlite3.Connection, appends: Sequence[Append]) -> Change:
    """Keep entries, with the coverage that each machine has after them."""
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
    connection.executemany(INSERT_RECORD, rows)
    states = {append.entry.coverage_key: append.entry.coverage for append in appends}
    connection.executemany(
        UPSERT_COVERAGE,
        [(key, state, checksum(key, state)) for key, state in states.items()],
    )
    source_times.keep(
        connection,
        (
            (append.entry.coverage_key, append.entry.source_times)
            for append in appends
            if append.entry.source_times is not None
        ),
    )
    size = sum(len(row[4]) + _ROW_OVERHEAD_BYTES for row in rows)
    return Change(len(rows), sum(row[3] for row in rows), size)


def delete(connection: sqlite3.Connection, removes: Sequence[Remove]) -> Change:
    """Drop records that the historian has, and remember how far it has them."""
    records = samples = size = 0
    for remove in removes:
        stretch = (remove.after, remove.upto)
        found = connection.execute(f"{SIZE} WHERE seq > ? AND seq <= ?", stretch)
        more_records, more_bytes, more_samples = found.fetchone()
        connection.execute(DELETE_RECORDS, stretch)
        connection.executemany(UPSERT_DELIVERED, remove.published_ns.items())
        records, samples = records + more_records, samples + more_samples
        size += more_bytes + more_records * _ROW_OVERHEAD_BYTES
    return Change(-records, -samples, -size)


def expire(connection: sqlite3.Connection, before_ns: int) -> tuple[Change, int]:
    """Give up the oldest records; return the change, and how many values and events they held."""
    rows = connection.execute("SELECT number, site, machine, tag FROM series")
    series = {number: Series(*names) for number, *names in rows}
    given_up = give_up(connection, before_ns, series)
    size = given_up.bytes + given_up.records * _ROW_OVERHEAD_BYTES
    return Change(-given_up.records, -given_up.values, -size), given_up.values


def shrink(connection: sqlite3.Connection) -> None:
    """Give free pages back to the disk, a little at a time, but those the next records want."""
    try:
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        if (surplus := min(free - _SPARE_PAGES, _VACUUM_PAGES)) > 0:
            connection.execute(f"PRAGMA incremental_vacuum({surplus})").fetchall()
    except sqlite3.Error as error:
        log.debug("edge.journal_not_shrunk", reason=str(error))
