"""The newest sample of each series: a row for what was dealt to lanes, the inbox for the rest."""

import sqlite3
from collections.abc import Iterator
from typing import Final

import numpy as np

from pilotline_historian.embedded.columns import NO_TIME, Kind, typed_values
from pilotline_historian.embedded.page import OpenSamples
from pilotline_historian.sample import Sample, Series

LatestRow = tuple[int, int, int, int, int, str | None]
"""Source time, kind, bits, status and server time as stored; the text where the kind is text."""

_LATEST: Final = """
    SELECT source_time_ns, kind, bits, status, server_time_ns, text FROM latest WHERE series_id = ?
"""
_UPDATE_LATEST: Final = """
    INSERT INTO latest (series_id, source_time_ns, kind, bits, status, server_time_ns, text)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        source_time_ns = excluded.source_time_ns, kind = excluded.kind, bits = excluded.bits,
        status = excluded.status, server_time_ns = excluded.server_time_ns, text = excluded.text
    WHERE excluded.source_time_ns >= source_time_ns
"""


def update_latest(connection: sqlite3.Connection, samples: OpenSamples) -> None:
    """Keep the newest sample of each series."""
    rows = ((series_id, *row) for series_id, row in newest_rows(samples))
    connection.executemany(_UPDATE_LATEST, rows)


def read_latest(connection: sqlite3.Connection, series_id: int) -> LatestRow | None:
    """Return the newest sample of a series that was dealt to its lane."""
    row: LatestRow | None = connection.execute(_LATEST, (series_id,)).fetchone()
    return row


def newest_rows(samples: OpenSamples) -> Iterator[tuple[int, LatestRow]]:
    """Yield each series id with its newest sample, of equal times the later written one."""
    columns = samples.columns
    order = np.lexsort((columns.time, samples.series_ids))
    ids = samples.series_ids[order]
    lasts = order[np.append(ids[1:] != ids[:-1], True)] if len(order) else order
    newest = columns.take(lasts)
    rows = zip(
        newest.time.tolist(),
        newest.kind.tolist(),
        newest.bits.tolist(),
        newest.status.tolist(),
        newest.server.tolist(),
        strict=True,
    )
    for series_id, row in zip(samples.series_ids[lasts].tolist(), rows, strict=True):
        text = columns.texts[row[2]] if row[1] == Kind.TEXT else None
        yield series_id, (*row, text)


def later(one: LatestRow | None, other: LatestRow | None) -> LatestRow | None:
    """Return the newer of two rows; of equal times the other."""
    if one is None or other is None:
        return one or other
    return one if one[0] > other[0] else other


def sample_of(series: Series, row: LatestRow) -> Sample:
    """Return a row as a sample."""
    time_ns, kind, bits, status, server_ns, text = row
    word = np.array([bits if text is None else 0], np.int64)
    (value,) = typed_values(np.array([kind], np.uint8), word, (text or "",))
    return Sample(series, time_ns, value, status, None if server_ns == NO_TIME else server_ns)
