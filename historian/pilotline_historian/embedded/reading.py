"""Reading sealed chunks and open pages as one series."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np

from pilotline_historian.columns import Columns, typed_values
from pilotline_historian.embedded.chunk import Place, decode_chunk
from pilotline_historian.embedded.inbox import INBOX, read_lane
from pilotline_historian.embedded.page import LANES
from pilotline_historian.embedded.rollup import (
    Points,
    decode_points,
    merge_points,
    reduce_columns,
)
from pilotline_historian.grid import HOUR_NS, MINUTE_NS, SECOND_NS, Grid
from pilotline_historian.sample import Bucket

CHUNKS_PER_STEP: Final = 8
"""Chunks that a reader of raw samples holds at once."""

_TOUCHED: Final = """
    FROM chunk
    WHERE series_id = ?1 AND last_ns >= ?2 AND first_ns < ?3 AND first_ns >= ifnull(
        (SELECT max(first_ns) FROM chunk WHERE series_id = ?1 AND first_ns <= ?2), ?2)
    ORDER BY first_ns
"""
_CHUNKS: Final = f"SELECT id, first_ns, last_ns {_TOUCHED} LIMIT ?4"
_PAYLOAD: Final = "SELECT payload FROM chunk_columns WHERE chunk_id = ?"
_ROLLUP_OF: Final = {
    HOUR_NS: "coalesce(hours, minutes, seconds)",
    MINUTE_NS: "coalesce(minutes, seconds)",
    SECOND_NS: "seconds",
    1: "NULL",
}


@dataclass(frozen=True, slots=True)
class _Reducible:
    """A chunk with what was reduced of it when it was sealed."""

    id: int
    first_ns: int
    last_ns: int
    summary: bytes | None
    rollup: bytes | None


def read_step(
    connection: sqlite3.Connection, series_id: int, start_ns: int, end_ns: int
) -> tuple[Columns, int]:
    """Read the first samples of ``[start_ns, end_ns)``, in time order.

    Returns:
        The samples, and up to where they are complete; `end_ns` when nothing follows.

    Raises:
        ValueError: a chunk is damaged.
    """
    where = (series_id, start_ns, end_ns, CHUNKS_PER_STEP)
    chunks = connection.execute(_CHUNKS, where).fetchall()
    if len(chunks) == CHUNKS_PER_STEP:
        end_ns = min(end_ns, chunks[-1][2] + 1)
    sealed = [
        _chunk(connection, chunk_id, Place(series_id, first_ns, last_ns))
        for chunk_id, first_ns, last_ns in chunks
    ]
    opened = _open_samples(connection, series_id).within(start_ns, end_ns)
    columns = Columns.concat([*sealed, opened]).newest()
    return columns.within(start_ns, end_ns), end_ns


def read_buckets(
    connection: sqlite3.Connection, series_id: int, start_ns: int, end_ns: int, grid: Grid
) -> list[Bucket]:
    """Reduce the samples of ``[start_ns, end_ns)`` to the buckets of a grid.

    Raises:
        ValueError: a chunk is damaged.
    """
    opened = _open_samples(connection, series_id).within(start_ns, end_ns)
    sql = f"SELECT id, first_ns, last_ns, summary, {_ROLLUP_OF[grid.resolution_ns]} {_TOUCHED}"
    rows = connection.execute(sql, (series_id, start_ns, end_ns))
    reduced: list[bytes] = []
    raw: list[Columns] = []
    for chunk in (_Reducible(*row) for row in rows):
        inside = start_ns <= chunk.first_ns and chunk.last_ns < end_ns
        rollup = _reduced(chunk, grid) if inside and not _hit(chunk, opened) else None
        if rollup is None:
            place = Place(series_id, chunk.first_ns, chunk.last_ns)
            raw.append(_chunk(connection, chunk.id, place))
        else:
            reduced.append(rollup)
    samples = Columns.concat([*raw, opened]).newest().within(start_ns, end_ns)
    parts = (
        decode_points(reduced),
        reduce_columns(samples, grid.origin_ns, grid.width_ns),
    )
    index, points = merge_points(np.concatenate(parts), grid.origin_ns, grid.width_ns)
    return _as_buckets(grid, index.tolist(), points, samples.texts)


def _chunk(connection: sqlite3.Connection, chunk_id: int, place: Place) -> Columns:
    row = connection.execute(_PAYLOAD, (chunk_id,)).fetchone()
    if row is None:
        raise ValueError(f"the samples of chunk {chunk_id} are missing")
    return decode_chunk(row[0], place)


def _open_samples(connection: sqlite3.Connection, series_id: int) -> Columns:
    wanted = np.array([series_id])
    lanes = (read_lane(connection, lane, wanted) for lane in (series_id % LANES, INBOX))
    return Columns.concat([opened.columns for opened in lanes]).newest()


def _hit(chunk: _Reducible, opened: Columns) -> bool:
    """Return whether open samples lie in the chunk's interval and may replace some of it."""
    first, last = np.searchsorted(opened.time, (chunk.first_ns, chunk.last_ns + 1))
    return bool(first < last)


def _reduced(chunk: _Reducible, grid: Grid) -> bytes | None:
    first = (chunk.first_ns - grid.origin_ns) // grid.width_ns
    last = (chunk.last_ns - grid.origin_ns) // grid.width_ns
    return chunk.summary if first == last else chunk.rollup


def _as_buckets(grid: Grid, index: list[int], points: Points, texts: Sequence[str]) -> list[Bucket]:
    numeric = points["numeric"].tolist()
    with np.errstate(divide="ignore", invalid="ignore"):
        means = (points["sum"] / points["numeric"]).tolist()
    lasts = typed_values(points["last_kind"], np.ascontiguousarray(points["last_bits"]), texts)
    rows = zip(
        index,
        points["minimum"].tolist(),
        points["maximum"].tolist(),
        means,
        lasts,
        points["good"].tolist(),
        numeric,
        strict=True,
    )
    return [
        Bucket(
            start_ns=grid.start_ns(number),
            minimum=minimum if count else None,
            maximum=maximum if count else None,
            mean=mean if count and isfinite(mean) else None,
            last=last,
            good_count=good,
        )
        for number, minimum, maximum, mean, last, good, count in rows
        if last is not None
    ]
