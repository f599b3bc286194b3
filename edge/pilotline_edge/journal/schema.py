"""Schema: the journal's tables and how its file is opened."""

import os
import sqlite3
import zlib
from pathlib import Path

APPLICATION_ID = 0x504C_4A31
"""Marks the file as a Pilotline journal (``PLJ1``)."""

_CHECKED_BYTES = 256 * 1024 * 1024
"""Larger files are not checked whole at the start; each record carries its own checksum."""

TABLES = """
CREATE TABLE IF NOT EXISTS series (
  number INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  machine TEXT NOT NULL,
  tag TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (site, machine, tag)
);
CREATE TABLE IF NOT EXISTS record (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  site TEXT NOT NULL,
  machine TEXT NOT NULL,
  published_ns INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS coverage (
  machine TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS source_times (
  machine TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (machine, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivered (
  machine TEXT PRIMARY KEY,
  published_ns INTEGER NOT NULL
) WITHOUT ROWID;
"""

INSERT_SERIES = (
    "INSERT OR IGNORE INTO series (number, site, machine, tag, checksum) VALUES (?, ?, ?, ?, ?)"
)
ALL_SERIES = "SELECT number, site, machine, tag, checksum FROM series"
INSERT_RECORD = (
    "INSERT INTO record (site, machine, published_ns, samples, body) VALUES (?, ?, ?, ?, ?)"
)
UPSERT_COVERAGE = "INSERT OR REPLACE INTO coverage (machine, state, checksum) VALUES (?, ?, ?)"
ALL_SOURCE_TIMES = "SELECT machine, body, checksum FROM source_times ORDER BY machine, seq"
DELETE_SOURCE_TIMES = "DELETE FROM source_times WHERE machine = ?"
INSERT_SOURCE_TIMES = (
    "INSERT INTO source_times (machine, seq, body, checksum) VALUES "
    "(?, (SELECT coalesce(max(seq), 0) + 1 FROM source_times WHERE machine = ?), ?, ?)"
)
UPSERT_DELIVERED = "INSERT OR REPLACE INTO delivered (machine, published_ns) VALUES (?, ?)"
LAST_NUMBER = 2**63 - 1
"""Largest number a record may have."""

DELETE_RECORDS = "DELETE FROM record WHERE seq > ? AND seq <= ?"
EXPIRED_RECORDS = (
    "SELECT seq, site, machine, published_ns, samples, body FROM record "
    "WHERE published_ns < ? AND samples > 0 ORDER BY seq LIMIT ?"
)
REPLACE_RECORD = (
    "INSERT INTO record (seq, site, machine, published_ns, samples, body) VALUES (?, ?, ?, ?, 0, ?)"
)
SIZE = "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(sum(samples), 0) FROM record"
NEXT_RECORDS = (
    "SELECT seq, site, machine, published_ns, samples, body FROM record "
    "WHERE seq > ? AND seq <= ? ORDER BY seq"
)


_STATEMENTS = (
    INSERT_SERIES,
    ALL_SERIES,
    INSERT_RECORD,
    UPSERT_COVERAGE,
    ALL_SOURCE_TIMES,
    DELETE_SOURCE_TIMES,
    INSERT_SOURCE_TIMES,
    UPSERT_DELIVERED,
    DELETE_RECORDS,
    SIZE,
    NEXT_RECORDS,
    EXPIRED_RECORDS,
    REPLACE_RECORD,
)
"""All that is ever asked: a damaged definition of a table shows when they are prepared."""


def checksum(*fields: object) -> int:
    """Return the checksum kept beside a row, since SQLite keeps none of its content."""
    return zlib.crc32("\0".join(map(str, fields)).encode("utf-8", "surrogatepass"))


def _for_us_alone(path: Path) -> None:
    """Make a file that only its owner reads; SQLite gives its log and index the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def open_journal(path: Path) -> sqlite3.Connection:
    """Open the journal for writing, making its tables.

    Commits are on disk before they return (WAL with ``synchronous=FULL``): with ``NORMAL`` a power
    cut loses the last ones.

    Raises:
        sqlite3.DatabaseError: the file is no journal, or damaged.
    """
    _for_us_alone(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Debian's SQLite overwrites what is removed with zeros, a quarter of all that is written.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA wal_autocheckpoint = 256")
        connection.execute("PRAGMA journal_size_limit = 1048576")
        connection.executescript(TABLES)
        for statement in _STATEMENTS:
            connection.execute(f"EXPLAIN {statement}", (None,) * statement.count("?")).close()
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no journal or is damaged; prepare an empty one."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not tables:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        return
    if mark != APPLICATION_ID:
        raise sqlite3.DatabaseError(f"{path} is not a journal of this agent")
    if path.stat().st_size <= _CHECKED_BYTES:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"{path} is damaged: {verdict}")


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the journal for reading beside its writer."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.execute("PRAGMA query_only = ON")
    return connection
