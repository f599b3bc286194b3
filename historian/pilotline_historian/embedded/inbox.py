"""The inbox: samples of the last few writes, of all series, before they are dealt to lanes.

A write that touched a page of every lane would rewrite 64 of them for a few hundred samples a
second, which wears out flash; so writes go to the inbox, one page each, and are dealt together.
"""

import sqlite3
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.embedded.page import OpenSamples, decode_pages, encode_page

INBOX: Final = -1
"""Lane number of the inbox; its pages are newer than those of every lane."""

INBOX_PAGES: Final = 16
INBOX_SAMPLES: Final = 32_768
INBOX_TEXT_BYTES: Final = 4 * 2**20
"""An inbox with this much is dealt; every reader looks through all of it."""

_SIZE: Final = """
    SELECT count(*), ifnull(sum(samples), 0), ifnull(sum(text_bytes), 0)
    FROM page WHERE lane = ?
"""
_PAGES: Final = "SELECT records, texts FROM page WHERE lane = ? ORDER BY id"
_DELETE: Final = "DELETE FROM page WHERE lane = ?"
_INSERT: Final = """
    INSERT INTO page (lane, samples, text_bytes, records, texts) VALUES (?, ?, ?, ?, ?)
"""


def insert_page(connection: sqlite3.Connection, lane: int, samples: OpenSamples) -> None:
    """Store samples as the newest open page of a lane or of the inbox."""
    records, texts = encode_page(samples)
    connection.execute(_INSERT, (lane, len(samples), len(texts), records, texts))


def read_lane(
    connection: sqlite3.Connection, lane: int, series_ids: NDArray[np.int64] | None = None
) -> OpenSamples:
    """Return the open samples of a lane or of the inbox, of all series or of some.

    Raises:
        ValueError: a page is damaged.
    """
    return decode_pages(connection.execute(_PAGES, (lane,)).fetchall(), series_ids)


def take_lane(connection: sqlite3.Connection, lane: int) -> OpenSamples:
    """Remove the open samples of a lane or of the inbox and return them.

    Raises:
        ValueError: a page is damaged.
    """
    samples = read_lane(connection, lane)
    connection.execute(_DELETE, (lane,))
    return samples


def take_full_inbox(connection: sqlite3.Connection) -> OpenSamples | None:
    """Empty the inbox and return its samples, or None where it has room.

    Raises:
        ValueError: a page is damaged.
    """
    pages, samples, text_bytes = connection.execute(_SIZE, (INBOX,)).fetchone()
    if pages < INBOX_PAGES and samples < INBOX_SAMPLES and text_bytes < INBOX_TEXT_BYTES:
        return None
    return take_lane(connection, INBOX)
