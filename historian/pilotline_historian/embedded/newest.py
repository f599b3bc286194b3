"""The newest sample of each series: pages of what was dealt, and the inbox for the rest."""

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.columns import NO_TIME, run_starts, typed_values
from pilotline_historian.embedded.page import OpenSamples, decode_pages, encode_page
from pilotline_historian.sample import Sample, Series

BLOCK: Final = 1_024
"""Series whose newest samples share a page, by their ids; fixed in the file format."""

_PAGE: Final = "SELECT records, texts FROM newest_page WHERE block = ?"
_PUT_PAGE: Final = """
    INSERT INTO newest_page (block, records, texts) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET records = excluded.records, texts = excluded.texts
"""


def keep_newest(connection: sqlite3.Connection, dealt: OpenSamples) -> None:
    """Keep the newest sample of each series, some of which were just dealt.

    Raises:
        ValueError: a page is damaged.
    """
    newest = dealt.newest()
    blocks = newest.series_ids // BLOCK
    starts = run_starts(blocks).tolist()
    for start, stop in pairwise([*starts, len(newest)]):
        block = int(blocks[start])
        part = newest.take(slice(start, stop))
        kept = connection.execute(_PAGE, (block,)).fetchall()
        merged = OpenSamples.concat([decode_pages(kept), part]).newest() if kept else part
        connection.execute(_PUT_PAGE, (block, *encode_page(merged)))


def read_newest(connection: sqlite3.Connection, series_ids: NDArray[np.int64]) -> OpenSamples:
    """Return the newest sample of each of the series that were dealt.

    Raises:
        ValueError: a page is damaged.
    """
    blocks = np.unique(series_ids // BLOCK).tolist()
    rows = [row for block in blocks for row in connection.execute(_PAGE, (block,))]
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
