"""Retention: what is older than its owner wants to keep leaves, a bounded piece with each deal."""

import sqlite3
from typing import Final

CHUNKS_PER_DEAL: Final = 256
"""Most chunks dropped at once, a million samples; a shortened retention takes effect bit by bit."""

EVENTS_PER_DEAL: Final = 10_000
"""Most events dropped at once."""

_KEEP: Final = "SELECT keep_ns FROM retention"
_SET: Final = """
    INSERT INTO retention (id, keep_ns) VALUES (1, ?)
    ON CONFLICT DO UPDATE SET keep_ns = excluded.keep_ns
"""
_CLEAR: Final = "DELETE FROM retention"
_DROP_CHUNKS: Final = """
    DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE last_ns < ? ORDER BY last_ns LIMIT ?)
"""
_DROP_GAPS: Final = "DELETE FROM gap WHERE end_ns < ?"
_DROP_ANNOTATIONS: Final = "DELETE FROM annotation WHERE end_ns < ?"
_DROP_EVENTS: Final = """
    DELETE FROM event WHERE id IN (SELECT id FROM event WHERE time_ns < ? ORDER BY time_ns LIMIT ?)
"""


def read_retention(connection: sqlite3.Connection) -> int | None:
    """Return how long samples are kept, ns, or None for ever."""
    row = connection.execute(_KEEP).fetchone()
    return None if row is None else int(row[0])


def set_retention(connection: sqlite3.Connection, keep_ns: int | None) -> None:
    """Keep samples for so long from now on, or for ever."""
    if keep_ns is None:
        connection.execute(_CLEAR)
    else:
        connection.execute(_SET, (keep_ns,))


def drop_expired(connection: sqlite3.Connection, now_ns: int) -> None:
    """Drop chunks, gaps, notes and events that ended before the retention began.

    A chunk leaves as a whole once its last sample may. The newest sample of a series stays known.
    """
    keep_ns = read_retention(connection)
    if keep_ns is not None:
        connection.execute(_DROP_CHUNKS, (now_ns - keep_ns, CHUNKS_PER_DEAL))
        connection.execute(_DROP_GAPS, (now_ns - keep_ns,))
        connection.execute(_DROP_ANNOTATIONS, (now_ns - keep_ns,))
        connection.execute(_DROP_EVENTS, (now_ns - keep_ns, EVENTS_PER_DEAL))
