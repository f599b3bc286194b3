"""Files of older releases: what SQL alone cannot bring to the present form."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from pilotline_historian.columns import Columns, Kind
from pilotline_historian.embedded.newest import keep_newest
from pilotline_historian.embedded.page import OpenSamples, decode_pages, encode_page
from pilotline_historian.embedded.series_ids import sign_series
from pilotline_historian.embedded.texts import unpack_texts

_RECORD: Final = np.dtype(
    [
        ("series", "<u4"),
        ("time", "<i8"),
        ("kind", "u1"),
        ("bits", "<i8"),
        ("status", "<u4"),
        ("server", "<i8"),
    ]
)
"""A sample in an open page up to version 4."""

_PAGES: Final = "SELECT id FROM open_page"
_PAGE: Final = "SELECT records, texts FROM open_page WHERE id = ?"
_REPLACE_PAGE: Final = "UPDATE open_page SET records = ?, texts = ?, text_bytes = ? WHERE id = ?"
_LATEST: Final = """
    SELECT series_id, source_time_ns, kind, bits, status, server_time_ns, text FROM latest
"""
_DROP_LATEST: Final = "DROP TABLE latest"
_PUT_NEWEST_OF_LANE: Final = "INSERT INTO newest (lane, records, texts) VALUES (?, ?, ?)"
_NEWEST_OF_LANES: Final = "SELECT records, texts FROM newest"
_DROP_NEWEST: Final = "DROP TABLE newest"


def pages_become_columns(connection: sqlite3.Connection) -> None:
    """Turn records into columns, and rows of newest samples into pages."""
    for (page_id,) in connection.execute(_PAGES).fetchall():
        stored = connection.execute(_PAGE, (page_id,)).fetchone()
        records, texts = encode_page(_samples_of_records(*stored))
        connection.execute(_REPLACE_PAGE, (records, texts, len(texts), page_id))
    rows = connection.execute(_LATEST).fetchall()
    if rows:
        for lane, samples in _samples_of_rows(rows).by_lane():
            connection.execute(_PUT_NEWEST_OF_LANE, (lane, *encode_page(samples)))
    connection.execute(_DROP_LATEST)


def newest_goes_by_block(connection: sqlite3.Connection) -> None:
    """Put the newest samples of all lanes into pages of blocks."""
    pages = connection.execute(_NEWEST_OF_LANES).fetchall()
    if pages:
        keep_newest(connection, decode_pages(pages))
    connection.execute(_DROP_NEWEST)


AFTER: Final[Mapping[int, Callable[[sqlite3.Connection], None]]] = {
    5: pages_become_columns,
    8: newest_goes_by_block,
    9: sign_series,
}
"""What follows the statements of a step, in the same transaction."""


def _samples_of_records(stored: bytes, texts: bytes) -> OpenSamples:
    records = np.frombuffer(stored, _RECORD)
    time, kind, bits, status, server = (
        np.ascontiguousarray(records[name]) for name in ("time", "kind", "bits", "status", "server")
    )
    columns = Columns(time, kind, bits, status, server, unpack_texts(texts))
    return OpenSamples(records["series"].astype(np.int64), columns)


def _samples_of_rows(rows: list[tuple[int, int, int, int, int, int, str | None]]) -> OpenSamples:
    ids, time, kind, bits, status, server, texts = zip(*rows, strict=True)
    kinds = np.array(kind, np.uint8)
    # A text was kept beside its row; here `bits` says which of the texts it is.
    places = np.where(kinds == Kind.TEXT, np.arange(len(rows)), np.array(bits, np.int64))
    columns = Columns(
        np.array(time, np.int64),
        kinds,
        places,
        np.array(status, np.uint32),
        np.array(server, np.int64),
        [text or "" for text in texts],
    )
    return OpenSamples(np.array(ids, np.int64), columns)
