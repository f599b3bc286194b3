"""Reductions of samples to intervals, and of short intervals to longer ones."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.columns import Columns, Kind, numbers, run_starts
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

_FEW: Final = 2
"""So few points are stored as they are; deflating them saves nothing."""

_WORD: Final = 2**64

_NOT_GOOD: Final = np.uint32(1 << 30)
"""The least status code whose severity is not Good."""


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
        first, rows = int(columns.time[0]), len(columns)
        finest: Points | None = None
        stored: list[bytes | None] = []
        for width in (SECOND_NS, MINUTE_NS, HOUR_NS):
            # Points at the limit of what 64 bits hold have a start that wraps; samples have not.
            origin = first - first % width
            points = (
                _of_samples(columns, origin, width)
                if finest is None
                else _of_points(finest, origin, width)
            )
            if points is None or len(points) * _WORTH > rows:
                stored.append(None)
                continue
            stored.append(_encode(points))
            finest, rows = points, max(len(points), 1)
        seconds, minutes, hours = stored
        return cls(_encode(_summary(columns, finest)), hours, minutes, seconds)


def reduce_columns(columns: Columns, origin_ns: int, width_ns: int) -> Points:
    """Reduce samples in time order to the intervals that hold a good value.

    Args:
        columns: none before `origin_ns`.
        origin_ns: where interval number 0 starts.
        width_ns: width of every interval.
    """
    good = _good(columns)
    if not good.all():
        columns = columns.take(good)
    index = interval_of(columns.time, origin_ns, width_ns)
    firsts = run_starts(index)
    points = np.empty(len(firsts), POINT)
    if not len(firsts):
        return points
    lasts = np.append(firsts[1:], len(index)) - 1
    points["start"] = (index[firsts] * np.uint64(width_ns) + _word(origin_ns)).view(np.int64)
    points["last_time"] = columns.time[lasts]
    points["good"] = lasts - firsts + 1
    points["last_kind"] = columns.kind[lasts]
    points["last_bits"] = columns.bits[lasts]
    _reduce_numbers(points, numbers(columns), firsts)
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
    return index[firsts].astype(np.int64), _merged(points, firsts)


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


def _good(columns: Columns) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = (columns.status < _NOT_GOOD) & (columns.kind != Kind.NONE)
    return good


def _reduce_numbers(points: Points, value: NDArray[np.float64], firsts: NDArray[np.intp]) -> None:
    finite = np.isfinite(value)
    least = greatest = summand = value
    if finite.all():
        points["numeric"] = points["good"]
    else:
        points["numeric"] = np.add.reduceat(finite, firsts, dtype=np.int64)
        least = np.where(finite, value, np.inf)
        greatest = np.where(finite, value, -np.inf)
        summand = np.where(finite, value, 0.0)
    points["minimum"] = np.minimum.reduceat(least, firsts)
    points["maximum"] = np.maximum.reduceat(greatest, firsts)
    with np.errstate(over="ignore", invalid="ignore"):
        points["sum"] = np.add.reduceat(summand, firsts)


def _merged(points: Points, firsts: NDArray[np.intp]) -> Points:
    """Merge runs of points, each in time order; a run keeps the start of its last point."""
    if not len(firsts):
        return points
    merged: Points = points[np.append(firsts[1:], len(points)) - 1]
    for name in ("good", "numeric"):
        merged[name] = np.add.reduceat(points[name], firsts, dtype=np.int64)
    merged["minimum"] = np.minimum.reduceat(points["minimum"], firsts)
    merged["maximum"] = np.maximum.reduceat(points["maximum"], firsts)
    with np.errstate(over="ignore", invalid="ignore"):
        merged["sum"] = np.add.reduceat(points["sum"], firsts)
    return merged


def _of_samples(columns: Columns, origin_ns: int, width_ns: int) -> Points | None:
    """Reduce the samples of a chunk, or return None where that would surely not pay."""
    time = columns.time
    # Each step of a whole width leads to another interval; steps that wrap are such too.
    steps = (time[1:] - time[:-1]).view(np.uint64)
    if np.count_nonzero(steps >= np.uint64(width_ns)) * _WORTH > len(columns):
        return None
    return reduce_columns(columns, origin_ns, width_ns)


def _of_points(points: Points, origin_ns: int, width_ns: int) -> Points:
    """Reduce points in time order to wider intervals."""
    index = interval_of(points["start"], origin_ns, width_ns)
    firsts = run_starts(index)
    merged = _merged(points, firsts)
    merged["start"] = (index[firsts] * np.uint64(width_ns) + _word(origin_ns)).view(np.int64)
    return merged


def _summary(columns: Columns, points: Points | None) -> Points:
    """Reduce a whole chunk, from points where there are some."""
    first = int(columns.time[0])
    if points is None:
        return reduce_columns(columns, first, int(columns.time[-1]) - first + 1)
    summary = _merged(points, np.zeros(min(len(points), 1), np.intp))
    summary["start"] = first
    return summary


def _encode(points: Points) -> bytes:
    return zlib.compress(points.tobytes(), 0 if len(points) <= _FEW else 1)
