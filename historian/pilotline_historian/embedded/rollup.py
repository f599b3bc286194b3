"""Reductions of samples to intervals, and of short intervals to longer ones."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.embedded.columns import Columns, Kind, numbers, run_starts
from pilotline_historian.grid import HOUR_NS, MINUTE_NS, SECOND_NS

POINT: Final = np.dtype(
    [
        ("start", "<i8"),
        ("last_time", "<i8"),
        ("good", "<u4"),
        ("numeric", "<u4"),
        ("minimum", "<f8"),
        ("maximum", "<f8"),
        ("sum", "<f8"),
        ("last_kind", "u1"),
        ("last_bits", "<i8"),
    ]
)
"""One interval: its start, its last good sample, and its good finite numbers reduced."""

Points = NDArray[np.void]

_WORTH: Final = 4
"""A rollup is kept where it has at most a quarter of the rows it summarises."""

_WORD: Final = 2**64


@dataclass(frozen=True, slots=True)
class Rollups:
    """Reductions kept beside a chunk, as stored; None where one would not pay.

    Attributes:
        summary: the whole chunk.
        hours: whole hours since the Unix epoch.
        minutes: whole minutes.
        seconds: whole seconds.
    """

    summary: bytes | None = None
    hours: bytes | None = None
    minutes: bytes | None = None
    seconds: bytes | None = None

    @classmethod
    def of(cls, columns: Columns) -> Self:
        """Reduce the samples of a chunk; texts have no rollups."""
        if columns.texts:
            return cls()
        rows = len(columns)
        stored: list[bytes | None] = []
        for width in (SECOND_NS, MINUTE_NS, HOUR_NS):
            points = _worthwhile(columns, width, rows)
            stored.append(None if points is None else _encode(points))
            rows = rows if points is None else max(len(points), 1)
        seconds, minutes, hours = stored
        first = int(columns.time[0])
        summary = reduce_columns(columns, first, int(columns.time[-1]) - first + 1)
        return cls(_encode(summary), hours, minutes, seconds)


def reduce_columns(columns: Columns, origin_ns: int, width_ns: int) -> Points:
    """Reduce samples in time order to the intervals that hold a good value.

    Args:
        columns: none before `origin_ns`.
        origin_ns: where interval number 0 starts.
        width_ns: width of every interval.
    """
    good = (columns.status >> 30 == 0) & (columns.kind != Kind.NONE)
    if not good.all():
        columns = columns.take(good)
    index = interval_of(columns.time, origin_ns, width_ns)
    firsts = run_starts(index)
    value = numbers(columns)
    finite = np.isfinite(value)
    lasts = np.append(firsts[1:], len(index))[: len(firsts)] - 1
    points = np.empty(len(firsts), POINT)
    if not len(firsts):
        return points
    points["start"] = (index[firsts] * np.uint64(width_ns) + _word(origin_ns)).view(np.int64)
    points["last_time"] = columns.time[lasts]
    points["good"] = lasts - firsts + 1
    points["numeric"] = np.add.reduceat(finite, firsts, dtype=np.int64)
    points["minimum"] = np.minimum.reduceat(np.where(finite, value, np.inf), firsts)
    points["maximum"] = np.maximum.reduceat(np.where(finite, value, -np.inf), firsts)
    with np.errstate(over="ignore", invalid="ignore"):
        points["sum"] = np.add.reduceat(np.where(finite, value, 0.0), firsts)
    points["last_kind"] = columns.kind[lasts]
    points["last_bits"] = columns.bits[lasts]
    return points


def merge_points(points: Points, origin_ns: int, width_ns: int) -> tuple[NDArray[np.int64], Points]:
    """Merge intervals that lie whole in a wider one.

    Returns:
        The number of each wider interval, ascending, and its reduction.
    """
    index = interval_of(points["start"], origin_ns, width_ns)
    order = np.lexsort((points["last_time"], index))
    points, index = points[order], index[order]
    firsts = run_starts(index)
    if not len(firsts):
        return np.empty(0, np.int64), points
    lasts = np.append(firsts[1:], len(index)) - 1
    merged = points[lasts]
    for name in ("good", "numeric"):
        merged[name] = np.add.reduceat(points[name], firsts, dtype=np.int64)
    merged["minimum"] = np.minimum.reduceat(points["minimum"], firsts)
    merged["maximum"] = np.maximum.reduceat(points["maximum"], firsts)
    with np.errstate(over="ignore", invalid="ignore"):
        merged["sum"] = np.add.reduceat(points["sum"], firsts)
    return index[firsts].astype(np.int64), merged


def decode_points(stored: Sequence[bytes]) -> Points:
    """Return stored intervals, joined.

    Raises:
        ValueError: the bytes are damaged.
    """
    try:
        return np.frombuffer(b"".join(map(zlib.decompress, stored)), POINT)
    except zlib.error as error:
        raise ValueError(f"a rollup is damaged: {error}") from error


def interval_of(time: NDArray[np.int64], origin_ns: int, width_ns: int) -> NDArray[np.uint64]:
    """Return the number of the interval each time lies in.

    Differences are taken modulo 2**64, so they are right even where they exceed 63 bits.
    """
    return (time.astype(np.int64).view(np.uint64) - _word(origin_ns)) // np.uint64(width_ns)


def _word(number: int) -> np.uint64:
    return np.uint64(number % _WORD)


def _worthwhile(columns: Columns, width_ns: int, rows: int) -> Points | None:
    first = int(columns.time[0])
    origin = first - first % width_ns
    index = interval_of(columns.time, origin, width_ns)
    if len(run_starts(index)) * _WORTH > rows:
        return None
    return reduce_columns(columns, origin, width_ns)


def _encode(points: Points) -> bytes:
    return zlib.compress(points.tobytes(), 1)
