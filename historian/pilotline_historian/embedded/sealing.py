"""Sealing: open pages of a full lane become chunks, a bounded piece of work with each write."""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from pilotline_historian.embedded.chunk import CHUNK_SAMPLES, decode_chunk, encode_chunk
from pilotline_historian.embedded.columns import Columns
from pilotline_historian.embedded.inbox import INBOX, deal, insert_page, take_lane
from pilotline_historian.embedded.page import OpenSamples
from pilotline_historian.embedded.retention import drop_expired
from pilotline_historian.embedded.rollup import Rollups

LANE_PAGES: Final = 64
LANE_SAMPLES: Final = 2 * CHUNK_SAMPLES
LANE_TEXT_BYTES: Final = 4 * 2**20
"""A lane with this much is sealed; a reader never looks through much more."""

CHUNKS_PER_WRITE: Final = 32
"""Most chunks that one write makes or rewrites, about 50 ms of work."""

_SMALL_SAMPLES: Final = CHUNK_SAMPLES // 2
_SMALL_BYTES: Final = 2**20

_FULL_LANES: Final = """
    SELECT lane FROM open_page WHERE lane <> ? GROUP BY lane
    HAVING count(*) >= ? OR sum(samples) >= ? OR sum(text_bytes) >= ?
    ORDER BY sum(samples) DESC
"""
_CHUNKS_TOUCHED: Final = """
    SELECT id, first_ns, last_ns, samples, bytes FROM chunk
    WHERE series_id = ?1 AND first_ns <= ?3 AND first_ns >= ifnull(
        (SELECT max(first_ns) FROM chunk WHERE series_id = ?1 AND first_ns <= ?2), ?2)
    ORDER BY first_ns
"""
_CHUNK_PAYLOAD: Final = "SELECT payload FROM chunk_columns WHERE chunk_id = ?"
_DELETE_CHUNK: Final = "DELETE FROM chunk WHERE id = ?"
_INSERT_CHUNK: Final = """
    INSERT INTO chunk
        (series_id, first_ns, last_ns, samples, bytes, summary, hours, minutes, seconds)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_PAYLOAD: Final = "INSERT INTO chunk_columns (chunk_id, payload) VALUES (?, ?)"


@dataclass(frozen=True, slots=True)
class _ChunkRow:
    id: int
    first_ns: int
    last_ns: int
    samples: int
    bytes: int

    @property
    def small(self) -> bool:
        return self.samples < _SMALL_SAMPLES and self.bytes < _SMALL_BYTES


def seal(connection: sqlite3.Connection) -> None:
    """Deal a full inbox, drop what has expired, and seal the fullest lanes.

    At most `CHUNKS_PER_WRITE` chunks are made; the rest waits for later writes.

    Raises:
        ValueError: a chunk of the file is damaged.
    """
    dealt_ns = deal(connection)
    if dealt_ns is not None:
        # The earlier of two clocks: one that is wrong by years must not expire everything.
        drop_expired(connection, min(time.time_ns(), dealt_ns))
    limits = (INBOX, LANE_PAGES, LANE_SAMPLES, LANE_TEXT_BYTES)
    budget = CHUNKS_PER_WRITE
    for (lane,) in connection.execute(_FULL_LANES, limits).fetchall():
        if budget <= 0:
            return
        budget -= _seal_lane(connection, lane, budget)


def _seal_lane(connection: sqlite3.Connection, lane: int, budget: int) -> int:
    """Return how many chunks were made; what the budget left over becomes one open page."""
    pages = take_lane(connection, lane)
    made = 0
    left: list[tuple[int, Columns]] = []
    for series_id, columns in pages.by_series():
        chunks, rest = _seal_series(connection, series_id, columns, budget - made)
        made += chunks
        if len(rest):
            left.append((series_id, rest))
    if left:
        ids = [np.full(len(columns), series_id, np.int64) for series_id, columns in left]
        columns = Columns.concat([columns for _, columns in left])
        insert_page(connection, lane, OpenSamples(np.concatenate(ids), columns))
    return made


def _seal_series(
    connection: sqlite3.Connection, series_id: int, columns: Columns, budget: int
) -> tuple[int, Columns]:
    """Return how many chunks were made, and the samples the budget left over."""
    made = 0
    done = 0
    for chunk, rows in _by_chunk(connection, series_id, columns):
        if made >= budget:
            break
        part = columns.take(rows)
        if chunk is not None and (int(part.time[0]) <= chunk.last_ns or chunk.small):
            part = Columns.concat([_take_chunk(connection, chunk.id), part]).newest()
        made += _insert_chunks(connection, series_id, part)
        done = rows.stop
    return made, columns.take(slice(done, None))


def _by_chunk(
    connection: sqlite3.Connection, series_id: int, columns: Columns
) -> Iterator[tuple[_ChunkRow | None, slice]]:
    """Yield runs of rows with the chunk that starts at or before them, in time order."""
    span = (series_id, int(columns.time[0]), int(columns.time[-1]))
    chunks = [_ChunkRow(*row) for row in connection.execute(_CHUNKS_TOUCHED, span)]
    firsts = np.array([chunk.first_ns for chunk in chunks], np.int64)
    place = np.searchsorted(firsts, columns.time, side="right") - 1
    edges = [0, *(np.flatnonzero(np.diff(place)) + 1).tolist(), len(columns)]
    for start, stop in pairwise(edges):
        number = int(place[start])
        yield (chunks[number] if number >= 0 else None), slice(start, stop)


def _take_chunk(connection: sqlite3.Connection, chunk_id: int) -> Columns:
    (payload,) = connection.execute(_CHUNK_PAYLOAD, (chunk_id,)).fetchone()
    connection.execute(_DELETE_CHUNK, (chunk_id,))
    return decode_chunk(payload)


def _insert_chunks(connection: sqlite3.Connection, series_id: int, columns: Columns) -> int:
    text_bytes = sum(map(len, columns.texts))
    count = max(1, round(len(columns) / CHUNK_SAMPLES), text_bytes // _SMALL_BYTES)
    count = min(count, len(columns))
    edges = np.linspace(0, len(columns), count + 1).astype(int).tolist()
    for start, stop in pairwise(edges):
        part = columns.take(slice(start, stop)).with_own_texts()
        payload = encode_chunk(part)
        rollups = Rollups.of(part)
        chunk_id = connection.execute(
            _INSERT_CHUNK,
            (
                series_id,
                int(part.time[0]),
                int(part.time[-1]),
                len(part),
                len(payload),
                rollups.summary,
                rollups.hours,
                rollups.minutes,
                rollups.seconds,
            ),
        ).lastrowid
        connection.execute(_INSERT_PAYLOAD, (chunk_id, payload))
    return count
