"""Sealed chunks: the samples of one series, packed column by column and deflated."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.columns import NO_TIME, Columns, Kind
from pilotline_historian.embedded.deflating import zlib_stream
from pilotline_historian.embedded.packing import (
    Int64Array,
    Parts,
    is_constant,
    pack_bits,
    pack_constant,
    pack_smooth,
    pack_steady,
    unpack,
)
from pilotline_historian.embedded.texts import pack_texts, unpack_texts

CHUNK_SAMPLES: Final = 4_096
"""Samples of a full chunk."""

_UNNAMED_FORMAT: Final = 1
"""Up to schema version 7: the same without the id of the series."""

_FORMAT: Final = 2
_HEADER: Final = struct.Struct("<BbI")
"""Format, decimal places of the values (-1: none), number of samples."""

_SERIES: Final = struct.Struct("<q")
"""Id of the series; follows the header, so that a chunk cannot pass for one of another series."""

_SERVER_MISSING: Final = 0x80
"""Flag beside the kind of a sample without server time."""

_DECIMALS: Final = range(7)
"""Sensors send decimals; as scaled integers they take a quarter of the space of doubles."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the file says that a chunk holds.

    Attributes:
        series_id: whose samples.
        first_ns: source time of the first one.
        last_ns: of the last one.
    """

    series_id: int
    first_ns: int
    last_ns: int


def encode_chunk(series_id: int, columns: Columns) -> bytes:
    """Return at least one sample of a series, in time order, as stored."""
    columns = columns.with_own_texts()
    flags, delay = _packed_flags_and_delay(columns)
    places, values = _packed_values(columns)
    parts = (
        _HEADER.pack(_FORMAT, places, len(columns)),
        _SERIES.pack(series_id),
        *pack_steady(columns.time),
        *flags,
        *_packed_status(columns.status),
        *delay,
        *values,
        pack_texts(columns.texts),
    )
    return zlib_stream(parts, texts=bool(columns.texts))


def decode_chunk(stored: bytes, place: Place) -> Columns:
    """Return the samples of a chunk.

    Raises:
        ValueError: the bytes are damaged, or of another chunk.
    """
    try:
        columns = _decoded(memoryview(zlib.decompress(stored)), place.series_id)
    except (zlib.error, struct.error, IndexError) as error:
        raise ValueError(f"a chunk is damaged: {error}") from error
    if (int(columns.time[0]), int(columns.time[-1])) != (place.first_ns, place.last_ns):
        raise ValueError(f"a chunk does not hold what {place} says")
    return columns


def _decoded(data: memoryview, series_id: int) -> Columns:
    version, places, count = _HEADER.unpack_from(data)
    offset = _HEADER.size
    if version == _FORMAT:
        (of_series,) = _SERIES.unpack_from(data, offset)
        offset += _SERIES.size
        if of_series != series_id:
            raise ValueError(
                f"a chunk of series {of_series} stands where one of {series_id} should"
            )
    elif version != _UNNAMED_FORMAT:
        raise ValueError(f"chunk format {version} is unknown")
    time, offset = unpack(data, offset, count)
    flags, offset = unpack(data, offset, count)
    status, offset = unpack(data, offset, count)
    delay, offset = unpack(data, offset, count)
    bits, offset = unpack(data, offset, count)
    texts = unpack_texts(data[offset:])
    if places >= 0:
        bits = _scaled_down(bits, places).view(np.int64)
    server = np.where(flags & _SERVER_MISSING, NO_TIME, time + delay)
    kind = (flags & ~_SERVER_MISSING).astype(np.uint8)
    return Columns(time, kind, bits, status.astype(np.uint32), server, texts)


def _packed_flags_and_delay(columns: Columns) -> tuple[Parts, Parts]:
    missing = columns.server == NO_TIME
    if missing.any():
        flags = columns.kind.astype(np.int64) | np.where(missing, _SERVER_MISSING, 0)
        delay = np.where(missing, 0, columns.server - columns.time)
        return pack_smooth(flags), pack_smooth(delay)
    delay = columns.server - columns.time
    if is_constant(columns.kind):
        return pack_constant(int(columns.kind[0])), pack_smooth(delay)
    return pack_smooth(columns.kind.astype(np.int64)), pack_smooth(delay)


def _packed_status(status: NDArray[np.uint32]) -> Parts:
    if is_constant(status):
        return pack_constant(int(status[0]))
    return pack_smooth(status.astype(np.int64))


def _packed_values(columns: Columns) -> tuple[int, Parts]:
    """Return the number of decimal places, or -1, and the packed values."""
    floats = columns.kind == Kind.FLOAT
    if floats.all():
        return _packed_doubles(columns.bits)
    if floats.any():
        return -1, pack_bits(columns.bits)
    return -1, pack_smooth(columns.bits)


def _packed_doubles(bits: Int64Array) -> tuple[int, Parts]:
    for places in _DECIMALS:
        if _scaled(bits[:32], places) is None:
            continue
        scaled = _scaled(bits, places)
        if scaled is not None:
            return places, pack_smooth(scaled)
    return -1, pack_bits(bits)


def _scaled(bits: Int64Array, places: int) -> Int64Array | None:
    """Return doubles as integers of their last decimal, or None where that loses a bit."""
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = np.rint(bits.view(np.float64) * 10.0**places)
        # What no integer holds becomes some integer, which does not give the same bits back.
        scaled = numbers.astype(np.int64)
    exact = np.array_equal(_scaled_down(scaled, places).view(np.int64), bits)
    return scaled if exact else None


def _scaled_down(scaled: Int64Array, places: int) -> NDArray[np.float64]:
    return scaled / 10.0**places
