"""Open pages: samples of the inbox or of one lane as fixed-width records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.embedded.columns import Columns, Kind, run_starts
from pilotline_historian.embedded.texts import pack_texts, unpack_texts

LANES: Final = 64
"""Series are dealt to lanes by their id; fixed in the file format."""

RECORD: Final = np.dtype(
    [
        ("series", "<u4"),
        ("time", "<i8"),
        ("kind", "u1"),
        ("bits", "<i8"),
        ("status", "<u4"),
        ("server", "<i8"),
    ]
)

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

    def by_series(self) -> Iterator[tuple[int, Columns]]:
        """Yield the samples of each series in time order, the series with most samples first."""
        order = np.argsort(self.series_ids, kind="stable")
        starts = run_starts(self.series_ids[order])
        runs = np.split(order, starts[1:])
        for rows in sorted(runs, key=len, reverse=True):
            yield int(self.series_ids[rows[0]]), self.columns.take(rows).newest()

    def by_lane(self) -> Iterator[tuple[int, "OpenSamples"]]:
        """Yield the samples of each lane."""
        lanes = self.series_ids % LANES
        order = np.argsort(lanes, kind="stable")
        starts = run_starts(lanes[order])
        for rows in np.split(order, starts[1:]):
            yield int(lanes[rows[0]]), OpenSamples(self.series_ids[rows], self.columns.take(rows))


def encode_page(samples: OpenSamples) -> PageRow:
    """Return the samples as stored."""
    columns = samples.columns.with_own_texts()
    records = np.empty(len(columns), RECORD)
    records["series"] = samples.series_ids
    records["time"] = columns.time
    records["kind"] = columns.kind
    records["bits"] = columns.bits
    records["status"] = columns.status
    records["server"] = columns.server
    return records.tobytes(), pack_texts(columns.texts)


def decode_pages(
    rows: Sequence[PageRow], series_ids: NDArray[np.int64] | None = None
) -> OpenSamples:
    """Return the samples of pages, of all series or of some.

    Args:
        rows: pages in the order they were written.
        series_ids: keep only these series.
    """
    records = np.frombuffer(b"".join(row[0] for row in rows), RECORD)
    bits, texts = _joined_texts(records, rows)
    columns = Columns(
        records["time"], records["kind"], bits, records["status"], records["server"], texts
    )
    ids = records["series"]
    if series_ids is not None:
        chosen = np.flatnonzero(_among(ids, series_ids))
        ids, columns = ids[chosen], columns.take(chosen)
    return OpenSamples(ids.astype(np.int64), _contiguous(columns))


def _among(ids: NDArray[np.uint32], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    if len(wanted) == 1:
        alone: NDArray[np.bool_] = ids == wanted[0]
        return alone
    return np.isin(ids, wanted, kind="table")


def _joined_texts(
    records: NDArray[np.void], rows: Sequence[PageRow]
) -> tuple[NDArray[np.int64], list[str]]:
    if not any(row[1] for row in rows):
        return records["bits"], []
    bits = records["bits"].copy()
    texts: list[str] = []
    first = 0
    for stored_records, stored_texts in rows:
        end = first + len(stored_records) // RECORD.itemsize
        if stored_texts:
            bits[first:end][records["kind"][first:end] == Kind.TEXT] += len(texts)
            texts.extend(unpack_texts(stored_texts))
        first = end
    return bits, texts


def _contiguous(columns: Columns) -> Columns:
    return replace(
        columns,
        time=np.ascontiguousarray(columns.time),
        kind=np.ascontiguousarray(columns.kind),
        bits=np.ascontiguousarray(columns.bits),
        status=np.ascontiguousarray(columns.status),
        server=np.ascontiguousarray(columns.server),
    )
