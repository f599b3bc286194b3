"""Salvage: what can still be read of a damaged journal."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from pilotline_edge.journal.schema import (
    ALL_SERIES,
    INSERT_RECORD,
    INSERT_SERIES,
    LAST_NUMBER,
    NEXT_RECORDS,
    UPSERT_DELIVERED,
    checksum,
    open_journal,
)

log = structlog.get_logger("pilotline.edge")

_LATE_NS = 2_000_000_000
_HEADER_BYTES = 100
_LARGEST_PAGE = 65_536
_MOST_BYTES = 64 * 1024**3


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of a damaged journal.

    Attributes:
        set_aside: where the damaged file lies now.
        records: how many records were saved into the new journal.
        since_ns: per machine the instant from which its values may be missing, ns UTC.
    """

    set_aside: Path
    records: int
    since_ns: dict[str, int] = field(default_factory=dict)


def salvage(path: Path) -> Salvage:
    """Set a damaged journal aside and begin a new one with every record that can be read.

    Args:
        path: the journal; afterwards a new, sound one.
    """
    aside = path.with_name(f"{path.stem}-damaged-{time.time_ns()}{path.suffix}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    since: dict[str, int] = {}
    saved = 0
    with (
        closing(open_journal(path)) as new,
        _whole(aside) as readable,
        closing(sqlite3.connect(readable)) as old,
    ):
        new.execute("BEGIN")
        series = [row for row in _readable(old, ALL_SERIES) if checksum(*row[:4]) == row[4]]
        new.executemany(INSERT_SERIES, series)
        delivered = [
            row
            for row in _readable(old, "SELECT machine, published_ns FROM delivered")
            if _are(row, str, int)
        ]
        new.executemany(UPSERT_DELIVERED, delivered)
        since.update(delivered)
        for _, *row in _readable(old, NEXT_RECORDS, (-1, LAST_NUMBER)):
            if not _are(row, str, str, int, int, bytes):
                continue
            new.execute(INSERT_RECORD, row)
            since[row[1]] = row[2]
            saved += 1
        new.execute("COMMIT")
    log.error("edge.journal_set_aside", file=str(aside), records_saved=saved)
    return Salvage(aside, saved, {machine: at - _LATE_NS for machine, at in since.items()})


def _are(row: Sequence[object], *kinds: type) -> bool:
    return all(isinstance(field, kind) for field, kind in zip(row, kinds, strict=True))


@contextmanager
def _whole(damaged: Path) -> Iterator[Path]:
    """Yield a file that SQLite reads: it refuses one that is shorter than its header says."""
    head = damaged.read_bytes()[:_HEADER_BYTES]
    page = int.from_bytes(head[16:18], "big")
    page = _LARGEST_PAGE if page == 1 else page
    promised = min(page * int.from_bytes(head[28:32], "big"), _MOST_BYTES)
    if len(head) < _HEADER_BYTES or promised <= damaged.stat().st_size:
        yield damaged
        return
    copy = damaged.with_suffix(".padded")
    shutil.copyfile(damaged, copy)
    try:
        with copy.open("r+b") as file:
            file.truncate(promised)
        yield copy
    finally:
        copy.unlink()


def _readable(
    connection: sqlite3.Connection, query: str, parameters: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield rows up to the first one that the damage makes unreadable."""
    connection.text_factory = str
    try:
        yield from connection.execute(query, parameters)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("edge.journal_rows_lost", query=query, reason=str(error))
