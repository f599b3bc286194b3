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

_SIZES: Final = "SELECT id, samples, text_bytes FROM page WHERE lane = ? ORDER BY id"
_PAGES: Final = "SELECT records, texts FROM page WHERE lane = ? ORDER BY id"
_DELETE: Final = "DELETE FROM page WHERE lane = ?"
_INSERT: Final = """
    INSERT INTO page (lane, samples, text_bytes, records, texts) VALUES (?, ?, ?, ?, ?)
    RETURNING id
"""
_CHANGES_OF_OTHERS: Final = "PRAGMA data_version"


class Inbox:
    """The inbox as its writers see it.

    What this process wrote is remembered until it is dealt, so that dealing reads nothing back.

    Characteristics
        memory: what fills an inbox, a megabyte and its texts
        processes: any; once another one has written, what is dealt is read from the file
        transactions: a page that was undone is not dealt, since the file says which there are
    """

    def __init__(self) -> None:
        self._own: dict[int, OpenSamples] = {}
        self._changes_of_others = -1

    def add(self, connection: sqlite3.Connection, samples: OpenSamples) -> None:
        """Store the samples of one write."""
        (changes,) = connection.execute(_CHANGES_OF_OTHERS).fetchone()
        if changes != self._changes_of_others:
            self._own, self._changes_of_others = {}, changes
        self._own[insert_page(connection, INBOX, samples)] = samples

    def take_full(self, connection: sqlite3.Connection) -> OpenSamples | None:
        """Empty the inbox and return its samples, or None where it has room; follows an `add`.

        Raises:
            ValueError: a page is damaged.
        """
        pages = connection.execute(_SIZES, (INBOX,)).fetchall()
        samples = sum(page[1] for page in pages)
        text_bytes = sum(page[2] for page in pages)
        if len(pages) < INBOX_PAGES and samples < INBOX_SAMPLES and text_bytes < INBOX_TEXT_BYTES:
            return None
        own, self._own = self._own, {}
        if not all(page[0] in own for page in pages):
            return take_lane(connection, INBOX)
        connection.execute(_DELETE, (INBOX,))
        return OpenSamples.concat([own[page[0]] for page in pages])


def insert_page(connection: sqlite3.Connection, lane: int, samples: OpenSamples) -> int:
    """Store samples as the newest open page of a lane or of the inbox, and return its id."""
    records, texts = encode_page(samples)
    row = (lane, len(samples), len(texts), records, texts)
    (page_id,) = connection.execute(_INSERT, row).fetchone()
    return int(page_id)


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
