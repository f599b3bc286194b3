"""Other stores that keep the same samples: plain SQLite, and DuckDB where it is installed."""

import importlib.util
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pilotline_historian import Sample, Series

_WEEK_SQL = """
    SELECT (time_ns - ?) / ? AS bucket, min(value), max(value), avg(value) FROM sample
    WHERE series = ? AND time_ns >= ? AND time_ns < ? GROUP BY bucket ORDER BY bucket
"""
_LAST_SQL = """
    SELECT series, time_ns, value FROM sample WHERE series = ? ORDER BY time_ns DESC LIMIT 1
"""


class Peer(Protocol):
    """A store that is measured beside ours."""

    name: str

    def write(self, samples: Sequence[Sample]) -> object:
        """Store samples durably."""
        ...

    def week(self, series: Series, start_ns: int, end_ns: int, points: int) -> object:
        """Reduce one series to so many buckets."""
        ...

    def last(self, series: Sequence[Series]) -> object:
        """Return the newest sample of each."""
        ...

    def size(self) -> int:
        """Return how many bytes it takes on disk."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


class PlainSqlite:
    """A table with a row for each sample, in write-ahead mode with synchronous=FULL.

    Args:
        path: of the file.
    """

    name = "SQLite, a row each (WITHOUT ROWID)"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: dict[Series, int] = {}
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE sample (series INTEGER, time_ns INTEGER, value REAL, status INTEGER, "
            "server_ns INTEGER, PRIMARY KEY (series, time_ns)) WITHOUT ROWID"
        )

    def write(self, samples: Sequence[Sample]) -> object:
        """Insert the rows in one transaction."""
        ids = self._ids
        rows = [
            (ids.setdefault(series, len(ids)), time_ns, value, status, server_ns)
            for series, time_ns, value, status, server_ns in samples
        ]
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?, ?)", rows)
        return self._connection.execute("COMMIT")

    def week(self, series: Series, start_ns: int, end_ns: int, points: int) -> object:
        """Group the rows."""
        width = -(-(end_ns - start_ns) // points)
        bounds = (start_ns, width, self._ids[series], start_ns, end_ns)
        return self._connection.execute(_WEEK_SQL, bounds).fetchall()

    def last(self, series: Sequence[Series]) -> object:
        """Seek to the end of each."""
        return [self._connection.execute(_LAST_SQL, (self._ids[one],)).fetchall() for one in series]

    def size(self) -> int:
        """Return the size of the file with its log folded in."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self._path.stat().st_size

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class DuckDb:
    """A DuckDB table, filled from NumPy columns; no other process can read it meanwhile.

    Args:
        path: of the file.
    """

    name = "DuckDB (no second process may read)"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: dict[Series, int] = {}
        duckdb: Any = importlib.import_module("duckdb")
        self._connection = duckdb.connect(str(path))
        self._connection.execute(
            "CREATE TABLE sample (series INTEGER, time_ns BIGINT, value DOUBLE, status UINTEGER, "
            "server_ns BIGINT)"
        )

    def write(self, samples: Sequence[Sample]) -> object:
        """Insert columns in one transaction; nothing keeps a sample from being stored twice."""
        ids = self._ids
        numbers = [ids.setdefault(sample.series, len(ids)) for sample in samples]
        _, times, values, statuses, servers = zip(*samples, strict=True)
        columns = {
            "series": np.array(numbers, np.int32),
            "time_ns": np.array(times, np.int64),
            "value": np.array(values, np.float64),
            "status": np.array(statuses, np.uint32),
            "server_ns": np.array(servers, np.int64),
        }
        self._connection.register("batch", columns)
        return self._connection.execute("INSERT INTO sample SELECT * FROM batch")

    def week(self, series: Series, start_ns: int, end_ns: int, points: int) -> object:
        """Group the rows."""
        width = -(-(end_ns - start_ns) // points)
        bounds = [start_ns, width, self._ids[series], start_ns, end_ns]
        return self._connection.execute(_WEEK_SQL.replace("/", "//"), bounds).fetchall()

    def last(self, series: Sequence[Series]) -> object:
        """Take the greatest time of each in one statement."""
        wanted = ", ".join(str(self._ids[one]) for one in series)
        sql = (
            "SELECT series, max(time_ns), arg_max(value, time_ns) FROM sample "  # noqa: S608
            f"WHERE series IN ({wanted}) GROUP BY series"
        )
        return self._connection.execute(sql).fetchall()

    def size(self) -> int:
        """Return the size of the file after a checkpoint."""
        self._connection.execute("CHECKPOINT")
        return self._path.stat().st_size

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def peers(folder: Path, run: str) -> list[Peer]:
    """Return those that are installed, empty."""
    found: list[Peer] = [PlainSqlite(folder / f"plain-{run}.sqlite")]
    if importlib.util.find_spec("duckdb") is not None:
        found.append(DuckDb(folder / f"peer-{run}.duckdb"))
    return found
