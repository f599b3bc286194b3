"""The newest sample of each series: a page per lane for what was dealt, the inbox for the rest."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.embedded.columns import NO_TIME, typed_values
from pilotline_historian.embedded.page import (
    LANES,
    OpenSamples,
    PageRow,
    decode_pages,
    encode_page,
)
from pilotline_historian.sample import Sample, Series

_PAGE: Final = "SELECT records, texts FROM newest WHERE lane = ?"
_PAGES: Final = "SELECT lane, records, texts FROM newest"
_PUT_PAGE: Final = """
    INSERT INTO newest (lane, records, texts) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET records = excluded.records, texts = excluded.texts
"""


def keep_newest(connection: sqlite3.Connection, lane: int, dealt: OpenSamples) -> None:
    """Keep the newest sample of each series of a lane, some of which were just dealt to it."""
    kept = connection.execute(_PAGE, (lane,)).fetchall()
    samples = OpenSamples.concat([*map(_decoded, kept), dealt.newest()])
    connection.execute(_PUT_PAGE, (lane, *encode_page(samples.newest())))


def read_newest(connection: sqlite3.Connection, series_ids: NDArray[np.int64]) -> OpenSamples:
    """Return the newest sample of each of the series that were dealt to a lane."""
    lanes = np.unique(series_ids % LANES).tolist()
    if len(lanes) == 1:
        return decode_pages(connection.execute(_PAGE, lanes).fetchall(), series_ids)
    wanted = frozenset(lanes)
    rows = [row[1:] for row in connection.execute(_PAGES) if row[0] in wanted]
    return decode_pages(rows, series_ids)


def samples_by_name(samples: OpenSamples, names: Mapping[int, Series]) -> Iterator[Sample]:
    """Yield samples of many series.

    Args:
        samples: whose.
        names: series by id.
    """
    columns = samples.columns
    rows = zip(
        map(names.__getitem__, samples.series_ids.tolist()),
        columns.time.tolist(),
        typed_values(columns.kind, columns.bits, columns.texts),
        columns.status.tolist(),
        (None if server == NO_TIME else server for server in columns.server.tolist()),
        strict=True,
    )
    return map(Sample._make, rows)


def _decoded(row: PageRow) -> OpenSamples:
    return decode_pages([row])
