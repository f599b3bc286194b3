"""A program to be traced: writes a journal or a historian and says on standard error what is safe.

    python power_writer.py journal|historian|careless FOLDER COUNT

Careless is what one must not be: it calls durable what SQLite has not synced.
"""

import asyncio
import os
import random
import sqlite3
import sys
from pathlib import Path

from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_historian import Sample, Series, open_historian

SERIES = Series("aarhus", "mill-1", "speed")
TEXT_BYTES = 1_000
SAMPLES = 20
REMOVED_EVERY, KEPT = 16, 6


def text(number: int) -> str:
    """Return the text of one sample; its content tells its number."""
    return random.Random(number).randbytes(TEXT_BYTES // 2).hex()


def samples_of(number: int) -> list[Sample]:
    """Return the samples of one write."""
    first = number * SAMPLES
    return [Sample(SERIES, at + 1, text(at), 0, at + 2) for at in range(first, first + SAMPLES)]


def safe(number: int) -> None:
    """Say that everything up to this write is durable."""
    os.write(2, b"ACK %d\n" % number)


async def write_journal(folder: Path, count: int) -> None:
    """Append entries one by one; now and then drop all but the newest ones."""
    journal = Journal.open(folder / "journal.sqlite", [SERIES])
    for number in range(1, count + 1):
        columns = Samples()
        for sample in samples_of(number):
            columns.series.append(journal.numbers[SERIES])
            columns.source_ns.append(sample.source_time_ns)
            columns.server_ns.append(sample.server_time_ns)
            columns.statuses.append(sample.status)
            columns.values.append(sample.value)
        coverage = f'{{"upto": {number}}}'
        entry = Entry("aarhus", "mill-1", number, columns, [], coverage)
        await journal.append(entry)
        safe(number)
        if number % REMOVED_EVERY == 0:
            await asyncio.wrap_future(journal.remove(number - KEPT, {"mill-1": number}))
    journal.close()


def write_historian(folder: Path, count: int) -> None:
    """Write batches one by one."""
    store = open_historian(f"sqlite:///{folder / 'historian.sqlite'}")
    for number in range(1, count + 1):
        store.write(samples_of(number))
        safe(number)
    store.close()


def write_carelessly(folder: Path, count: int) -> None:
    """Commit rows one by one without synchronous=FULL."""
    connection = sqlite3.connect(folder / "careless.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE record (text TEXT)")
    for number in range(1, count + 1):
        connection.execute("INSERT INTO record VALUES (?)", (text(number),))
        safe(number)
    connection.close()


if __name__ == "__main__":
    part, where, how_many = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if part == "journal":
        asyncio.run(write_journal(where, how_many))
    elif part == "historian":
        write_historian(where, how_many)
    else:
        write_carelessly(where, how_many)
