"""Sealing: open pages of a full lane become chunks, a bounded piece of work with each write."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from pilotline_historian.columns import Columns
from pilotline_historian.embedded.chunk import CHUNK_SAMPLES, Place, decode_chunk, encode_chunk
from pilotline_historian.embedded.inbox import insert_page, take_lane
from pilotline_historian.embedded.lanes import LaneSize, lane_limit, lane_sizes
from pilotline_historian.embedded.newest import keep_newest
from pilotline_historian.embedded.page import OpenSamples
from pilotline_historian.embedded.retention import drop_expired
from pilotline_historian.embedded.rollup import Rollups

CHUNKS_PER_WRITE: Final = 128
"""Most chunks that one write makes or rewrites, 50 to 100 ms of work."""

_SMALL_SAMPLES: Final = CHUNK_SAMPLES // 2
_SMALL_BYTES: Final = 2**20

_GROWTH: Final = 6
"""Small chunks are merged where that makes one six times the size of the largest of them, so that
a sample is packed three times at most until its chunk is full."""

_LONGEST_TAIL: Final = 24
"""Most small chunks at the end of a series; then they are merged in any case."""

_TAIL: Final = """
    SELECT id, first_ns, last_ns, samples, bytes FROM chunk
    WHERE series_id = ? ORDER BY first_ns DESC LIMIT ?
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


class Sealing:
    """Deals a full inbox to lanes and seals full lanes, a piece with each write.

    Characteristics
        work: at most `CHUNKS_PER_WRITE` chunks are made by one write; the rest waits for later ones
        written twice: hardly; what fills a lane when it is dealt is sealed without becoming a page
        processes: any may go on where another stopped
    """

    def __init__(self) -> None:
        self._behind = True

    def work(self, connection: sqlite3.Connection, dealt: OpenSamples | None) -> None:
        """Do what is due now, in the transaction of a write.

        Args:
            connection: of the write.
            dealt: what the inbox held, or None where it has room.

        Raises:
            ValueError: a chunk or a page of the file is damaged.
        """
        if dealt is None and not self._behind:
            return
        # Stays so where this write fails.
        self._behind = True
        limit = lane_limit(connection)
        sizes = lane_sizes(connection)
        budget = CHUNKS_PER_WRITE
        if dealt is not None:
            # The earlier of two clocks: one that is wrong by years must not expire everything.
            now_ns = min(time.time_ns(), int(np.median(dealt.columns.time)))
            drop_expired(connection, now_ns)
            budget -= _deal(connection, dealt, sizes, limit)
        full = [lane for lane, size in sizes.items() if size.full(limit)]
        for lane in sorted(full, key=lambda lane: -sizes[lane].samples):
            if budget <= 0:
                return
            budget -= _seal_lane(connection, lane, take_lane(connection, lane), budget)
        self._behind = budget <= 0


def _deal(
    connection: sqlite3.Connection, dealt: OpenSamples, sizes: dict[int, LaneSize], limit: int
) -> int:
    """Deal samples to lanes, seal those that become full, and return how many chunks were made."""
    ordered = dealt.sorted()
    keep_newest(connection, ordered)
    made = 0
    for lane, part in ordered.by_lane():
        size = sizes.pop(lane, LaneSize())
        if made < CHUNKS_PER_WRITE and size.with_page(part).full(limit):
            opened = [take_lane(connection, lane)] if size.pages else []
            samples = OpenSamples.concat([*opened, part])
            made += _seal_lane(connection, lane, samples, CHUNKS_PER_WRITE - made)
        else:
            insert_page(connection, lane, part)
            sizes[lane] = size.with_page(part)
    return made


def _seal_lane(connection: sqlite3.Connection, lane: int, samples: OpenSamples, budget: int) -> int:
    """Return how many chunks were made; what the budget left over becomes one open page."""
    made = 0
    left: list[tuple[int, Columns]] = []
    for series_id, columns in samples.by_series():
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
    if budget <= 0:
        return 0, columns
    tail = [_ChunkRow(*row) for row in connection.execute(_TAIL, (series_id, _LONGEST_TAIL))]
    if tail and int(columns.time[0]) <= tail[0].last_ns:
        return _seal_late(connection, series_id, columns, budget)
    merged = tail[: _worth_merging(tail, len(columns))]
    parts = [_take_chunk(connection, series_id, chunk) for chunk in reversed(merged)]
    made = _insert_chunks(connection, series_id, Columns.concat([*parts, columns]))
    return made, Columns.empty()


def _worth_merging(tail: Sequence[_ChunkRow], samples: int) -> int:
    """Return how many of the newest chunks, the newest first, new samples are merged with."""
    total, largest, worth = samples, 0, 0
    for count, chunk in enumerate(tail, 1):
        if not chunk.small:
            return worth
        total += chunk.samples
        largest = max(largest, chunk.samples)
        if total >= _GROWTH * largest or count == _LONGEST_TAIL:
            worth = count
    return worth


def _seal_late(
    connection: sqlite3.Connection, series_id: int, columns: Columns, budget: int
) -> tuple[int, Columns]:
    """Seal samples some of which belong before or into chunks that are there."""
    made = 0
    done = 0
    for chunk, rows in _by_chunk(connection, series_id, columns):
        if made >= budget:
            break
        part = columns.take(rows)
        if chunk is not None and (int(part.time[0]) <= chunk.last_ns or chunk.small):
            part = Columns.concat([_take_chunk(connection, series_id, chunk), part]).newest()
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


def _take_chunk(connection: sqlite3.Connection, series_id: int, chunk: _ChunkRow) -> Columns:
    row = connection.execute(_CHUNK_PAYLOAD, (chunk.id,)).fetchone()
    if row is None:
        raise ValueError(f"the samples of chunk {chunk.id} are missing")
    columns = decode_chunk(row[0], Place(series_id, chunk.first_ns, chunk.last_ns))
    connection.execute(_DELETE_CHUNK, (chunk.id,))
    return columns


def _insert_chunks(connection: sqlite3.Connection, series_id: int, columns: Columns) -> int:
    columns = columns.with_own_texts()
    text_bytes = sum(map(len, columns.texts))
    count = max(1, round(len(columns) / CHUNK_SAMPLES), text_bytes // _SMALL_BYTES)
    count = min(count, len(columns))
    for number in range(count):
        rows = slice(number * len(columns) // count, (number + 1) * len(columns) // count)
        part = columns.take(rows).with_own_texts()
        payload = encode_chunk(series_id, part)
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
