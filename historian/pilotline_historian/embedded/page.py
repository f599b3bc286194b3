"""Open pages: samples of the inbox, of one lane, or the newest of its series, as columns."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.columns import (
    NO_TIME,
    Columns,
    Index,
    run_ends,
    run_starts,
    taken,
)
from pilotline_historian.embedded.texts import pack_texts, unpack_texts

LANES: Final = 64
"""Series are dealt to lanes by their id; fixed in the file format."""

_LANE_BITS: Final = LANES.bit_length() - 1

_HEAD: Final = struct.Struct("<BBBxI")
"""Form, flags of columns, how server times are stored, number of samples."""

_CHECKSUM: Final = struct.Struct("<I")
"""CRC-32 of all else, the texts last; follows the head."""

_UNCHECKED_FORM: Final = 2
"""Up to schema version 7: the same without the checksum."""

_FORM: Final = 3
_WIDE_SERIES: Final = 1
"""Series ids take four bytes, not two."""
_ONE_KIND: Final = 2
_ONE_STATUS: Final = 4
"""The column is one number for all samples."""

_NO_SERVER: Final = 0
_SERVER_DELAY: Final = 1
"""Server time less source time, ns, in four bytes: within two seconds."""
_SERVER_TIME: Final = 2

_DELAYS: Final = np.iinfo(np.int32)
_NARROW_IDS: Final = 2**16

PageRow = tuple[bytes, bytes]
"""Records and texts of one page, as stored."""


@dataclass(frozen=True, slots=True)
class OpenSamples:
    """Samples of several series, not sealed yet, in the order they arrived.

    Attributes:
        series_ids: for each row of `columns`.
        columns: the samples.
    """

    series_ids: NDArray[np.int64]
    columns: Columns

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, index: Index) -> "OpenSamples":
        """Return the chosen rows; the texts stay as they are."""
        return OpenSamples(taken(self.series_ids, index), self.columns.take(index))

    @classmethod
    def concat(cls, parts: Sequence["OpenSamples"]) -> "OpenSamples":
        """Return all samples of at least one part, in their order."""
        if len(parts) == 1:
            return parts[0]
        ids = np.concatenate([part.series_ids for part in parts])
        return cls(ids, Columns.concat([part.columns for part in parts]))

    def sorted(self) -> "OpenSamples":
        """Return the samples by lane, then by series, those of one series as they are."""
        # Ids are positive and LANES is a power of two: a mask and a shift are the remainder and
        # the quotient in a tenth of the time.
        lanes, places = self.series_ids & (LANES - 1), self.series_ids >> _LANE_BITS
        most = int(places.max(initial=0))
        order = ascending(lanes * (most + 1) + places if most else lanes)
        return self.take(order)

    def by_series(self) -> Iterator[tuple[int, Columns]]:
        """Yield the samples of each series in time order, the series with most samples first."""
        runs = [(int(self.series_ids[rows][0]), rows) for rows in _runs(self.series_ids)]
        parts = [(series_id, self.columns.take(rows)) for series_id, rows in runs]
        for series_id, columns in sorted(parts, key=lambda part: -len(part[1])):
            yield series_id, columns.newest()

    def by_lane(self) -> Iterator[tuple[int, "OpenSamples"]]:
        """Yield the samples of each lane."""
        lanes = self.series_ids & (LANES - 1)
        for rows in _runs(lanes):
            columns = self.columns.take(rows).with_own_texts()
            yield int(lanes[rows][0]), OpenSamples(self.series_ids[rows], columns)

    def newest(self) -> "OpenSamples":
        """Return the newest sample of each series, of equal times the later one, by series id."""
        ids, time, order = self.series_ids, self.columns.time, None
        if not _ascend(ids):
            order = ascending(ids)
            ids, time = ids.take(order), time.take(order)
        lasts = run_ends(ids)
        if not ((time[1:] >= time[:-1]) | (ids[1:] != ids[:-1])).all():
            lasts = np.lexsort((time, ids))[lasts]
        return self.take(lasts if order is None else order[lasts])


def ascending(keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the order that sorts keys and leaves equal ones as they are."""
    if len(keys) and int(keys.max()) < _NARROW_IDS:
        # NumPy sorts 16-bit numbers by radix, in a tenth of the time.
        return np.argsort(keys.astype(np.uint16), kind="stable")
    return np.argsort(keys, kind="stable")


def _ascend(keys: NDArray[np.int64]) -> bool:
    return bool((keys[1:] >= keys[:-1]).all())


def _runs(keys: NDArray[np.int64]) -> list[Index]:
    """Return which rows have each key; where keys ascend no row needs to be moved."""
    if _ascend(keys):
        edges = [*run_starts(keys).tolist(), len(keys)]
        return [slice(start, stop) for start, stop in pairwise(edges)]
    order = ascending(keys)
    return list(np.split(order, run_starts(keys[order])[1:]))


def encode_page(samples: OpenSamples) -> PageRow:
    """Return at least one sample as stored."""
    columns = samples.columns.with_own_texts()
    server_form, server = _server_column(columns)
    flags, series, kind, status = _narrow_columns(samples.series_ids, columns)
    head = _HEAD.pack(_FORM, flags, server_form, len(columns))
    content = (
        np.ascontiguousarray(columns.time).tobytes(),
        np.ascontiguousarray(columns.bits).tobytes(),
        server,
        status.tobytes(),
        series.tobytes(),
        kind.tobytes(),
    )
    texts = pack_texts(columns.texts)
    checksum = _CHECKSUM.pack(_checksum(head, *content, texts))
    return b"".join((head, checksum, *content)), texts


def decode_pages(
    rows: Sequence[PageRow], series_ids: NDArray[np.int64] | None = None
) -> OpenSamples:
    """Return the samples of pages.

    Args:
        rows: pages in the order they were written.
        series_ids: only samples of these series; of all unless given.

    Raises:
        ValueError: a page is damaged.
    """
    parts = [_decode_page(*row, series_ids) for row in rows]
    if not parts:
        return OpenSamples(np.empty(0, np.int64), Columns.empty())
    return OpenSamples.concat(parts)


def _decode_page(records: bytes, texts: bytes, wanted: NDArray[np.int64] | None) -> OpenSamples:
    try:
        flags, server_form, count, offset = _checked_head(records, texts)
        cut = _Cutter(records, offset)
        time, bits = cut.column("<i8", count), cut.column("<i8", count)
        server = cut.column(*_server_extent(server_form, count))
        status = cut.column("<u4", 1 if flags & _ONE_STATUS else count)
        series = cut.column("<u4" if flags & _WIDE_SERIES else "<u2", count)
        kind = cut.column("u1", 1 if flags & _ONE_KIND else count)
    except (ValueError, struct.error) as error:
        raise ValueError(f"an open page is damaged: {error}") from error
    chosen: Index = slice(None) if wanted is None else _rows_of(series, wanted)
    time = time[chosen]
    columns = Columns(
        time,
        kind[chosen] if len(kind) == count else np.full(len(time), kind[0], np.uint8),
        bits[chosen],
        status[chosen] if len(status) == count else np.full(len(time), status[0], np.uint32),
        _server_times(server_form, server, chosen, time),
        unpack_texts(texts),
    )
    return OpenSamples(series[chosen].astype(np.int64), columns)


def _checked_head(records: bytes, texts: bytes) -> tuple[int, int, int, int]:
    """Return flags, form of server times, number of samples, and where the columns begin."""
    form, flags, server_form, count = _HEAD.unpack_from(records)
    if form == _UNCHECKED_FORM:
        return flags, server_form, count, _HEAD.size
    if form != _FORM:
        raise ValueError(f"form {form} is unknown")
    (checksum,) = _CHECKSUM.unpack_from(records, _HEAD.size)
    offset = _HEAD.size + _CHECKSUM.size
    content = memoryview(records)
    if _checksum(content[: _HEAD.size], content[offset:], texts) != checksum:
        raise ValueError("its checksum does not fit")
    return flags, server_form, count, offset


def _checksum(*parts: bytes | memoryview) -> int:
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return checksum


class _Cutter:
    """Cuts one column after the other from a page."""

    def __init__(self, records: bytes, offset: int) -> None:
        self._records = records
        self._offset = offset

    def column(self, form: str, count: int) -> NDArray[Any]:
        """Return the next column."""
        stored = np.frombuffer(self._records, form, count, self._offset)
        self._offset += stored.nbytes
        return stored


def _rows_of(series: NDArray[Any], wanted: NDArray[np.int64]) -> NDArray[np.intp]:
    if len(wanted) == 1:
        return np.flatnonzero(series == wanted[0])
    return np.flatnonzero(np.isin(series, wanted, kind="table"))


def _server_extent(form: int, count: int) -> tuple[str, int]:
    if form == _NO_SERVER:
        return "<i8", 0
    if form == _SERVER_DELAY:
        return "<i4", count
    if form == _SERVER_TIME:
        return "<i8", count
    raise ValueError(f"server times of form {form} are unknown")


def _server_times(
    form: int, stored: NDArray[Any], chosen: Index, time: NDArray[np.int64]
) -> NDArray[np.int64]:
    if form == _NO_SERVER:
        return np.full(len(time), NO_TIME, np.int64)
    if form == _SERVER_DELAY:
        delayed: NDArray[np.int64] = time + stored[chosen]
        return delayed
    return stored[chosen]


def _server_column(columns: Columns) -> tuple[int, bytes]:
    missing = columns.server == NO_TIME
    if missing.any():
        stored = b"" if missing.all() else np.ascontiguousarray(columns.server).tobytes()
        return (_SERVER_TIME if stored else _NO_SERVER), stored
    delay = columns.server - columns.time
    wraps = (columns.server < columns.time) != (delay < 0)
    if int(delay.min()) < _DELAYS.min or int(delay.max()) > _DELAYS.max or wraps.any():
        return _SERVER_TIME, np.ascontiguousarray(columns.server).tobytes()
    return _SERVER_DELAY, delay.astype("<i4").tobytes()


def _narrow_columns(
    ids: NDArray[np.int64], columns: Columns
) -> tuple[int, NDArray[Any], NDArray[np.uint8], NDArray[np.uint32]]:
    """Return flags, series ids, kinds and statuses, each as narrow as it may be."""
    wide = int(ids.max()) >= _NARROW_IDS
    one_kind = bool((columns.kind == columns.kind[0]).all())
    one_status = bool((columns.status == columns.status[0]).all())
    flags = wide * _WIDE_SERIES | one_kind * _ONE_KIND | one_status * _ONE_STATUS
    kind = columns.kind[:1] if one_kind else columns.kind
    status = columns.status[:1] if one_status else columns.status
    series = ids.astype("<u4" if wide else "<u2")
    return flags, series, np.ascontiguousarray(kind), np.ascontiguousarray(status)
