"""Salvage: what can still be read of a damaged journal."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from pilotline_edge.journal.schema import (
    INSERT_RECORD,
    NEXT_RECORDS,
    UPSERT_DELIVERED,
    open_journal,
)

log = structlog.get_logger("pilotline.edge")

_LATE_NS = 2_000_000_000


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
    with closing(open_journal(path)) as new, closing(sqlite3.connect(aside)) as old:
        new.execute("BEGIN")
        new.executemany(
            "INSERT INTO series (number, site, machine, tag) VALUES (?, ?, ?, ?)",
            list(_readable(old, "SELECT number, site, machine, tag FROM series")),
        )
        delivered = list(_readable(old, "SELECT machine, published_ns FROM delivered"))
        new.executemany(UPSERT_DELIVERED, delivered)
        since.update(delivered)
        for _, *row in _readable(old, NEXT_RECORDS, (-1,)):
            new.execute(INSERT_RECORD, row)
            since[row[1]] = row[2]
            saved += 1
        new.execute("COMMIT")
    log.error("edge.journal_set_aside", file=str(aside), records_saved=saved)
    return Salvage(aside, saved, {machine: at - _LATE_NS for machine, at in since.items()})


def _readable(
    connection: sqlite3.Connection, query: str, parameters: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield rows up to the first one that the damage makes unreadable."""
    connection.text_factory = str
    try:
        yield from connection.execute(query, parameters)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("edge.journal_rows_lost", query=query, reason=str(error))
