"""Lanes: how much each holds, and when that is enough to seal."""

import sqlite3
from dataclasses import dataclass
from typing import Final, Self

from pilotline_historian.embedded.inbox import INBOX
from pilotline_historian.embedded.page import LANES, OpenSamples
from pilotline_historian.embedded.texts import pack_texts

LANE_PAGES: Final = 128
LANE_SAMPLES: Final = 65_536
LANE_TEXT_BYTES: Final = 4 * 2**20
"""A lane with this much is full; a reader never looks through much more."""

SERIES_SAMPLES: Final = 3_072
"""A lane with so many for each of its series is full too: that makes a chunk of each."""

_SERIES: Final = "SELECT ifnull(max(id), 0) FROM series"
_SIZES: Final = """
    SELECT lane, count(*), sum(samples), sum(text_bytes) FROM page
    WHERE lane <> ? GROUP BY lane
"""


@dataclass(frozen=True, slots=True)
class LaneSize:
    """What a lane holds.

    Attributes:
        pages: number of open pages.
        samples: in all of them.
        text_bytes: in all of them.
    """

    pages: int = 0
    samples: int = 0
    text_bytes: int = 0

    def with_page(self, samples: OpenSamples) -> Self:
        """Return the size with one page more."""
        text_bytes = len(pack_texts(samples.columns.texts))
        return type(self)(self.pages + 1, self.samples + len(samples), self.text_bytes + text_bytes)

    def full(self, most_samples: int) -> bool:
        """Return whether it is time to seal."""
        return (
            self.pages >= LANE_PAGES
            or self.samples >= most_samples
            or self.text_bytes >= LANE_TEXT_BYTES
        )


def lane_sizes(connection: sqlite3.Connection) -> dict[int, LaneSize]:
    """Return what each lane holds that holds anything."""
    rows = connection.execute(_SIZES, (INBOX,))
    return {lane: LaneSize(*size) for lane, *size in rows}


def lane_limit(connection: sqlite3.Connection) -> int:
    """Return how many samples make a lane full, by how many series share one."""
    (series,) = connection.execute(_SERIES).fetchone()
    return min(LANE_SAMPLES, SERIES_SAMPLES * -(-int(series) // LANES))
