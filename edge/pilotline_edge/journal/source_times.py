"""Source times: of each tag's newest value, kept as changes since all were last kept.

A machine of 10,000 tags of which a few change would otherwise have all of them written with each
message: megabytes a second for a hundred values, which wears flash memory out within months.

Layout of a row: how many times there are of values and of polls; the journal's numbers of their
series; the times in ns UTC.
"""

import sqlite3
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotline_edge.journal.schema import (
    ALL_SOURCE_TIMES,
    DELETE_SOURCE_TIMES,
    INSERT_SOURCE_TIMES,
    checksum,
)

_HEAD = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class SourceTimes:
    """Instants by number of series, all or those that changed, ns UTC.

    Attributes:
        values: source time of each tag's newest value.
        polls: of each polled tag's newest poll.
        whole: whether there are no others, so that what was kept before goes.
    """

    values: dict[int, int] = field(default_factory=dict)
    polls: dict[int, int] = field(default_factory=dict)
    whole: bool = False

    def then(self, later: "SourceTimes") -> "SourceTimes":
        """Return what holds after both."""
        if later.whole:
            return later
        values, polls = self.values | later.values, self.polls | later.polls
        return SourceTimes(values, polls, self.whole)

    def to_bytes(self) -> bytes:
        """Return a row's bytes."""
        numbers = array("I", [*self.values, *self.polls])
        times = array("q", [*self.values.values(), *self.polls.values()])
        head = _HEAD.pack(len(self.values), len(self.polls))
        return b"".join((head, numbers.tobytes(), times.tobytes()))

    @classmethod
    def from_bytes(cls, row: bytes) -> "SourceTimes":
        """Return what `to_bytes` wrote.

        Raises:
            ValueError: it did not.
        """
        if len(row) < _HEAD.size:
            raise ValueError(f"{len(row)} bytes are too short")
        values, polls = _HEAD.unpack_from(row)
        numbers, times = array("I"), array("q")
        middle = _HEAD.size + (values + polls) * numbers.itemsize
        numbers.frombytes(row[_HEAD.size : middle])
        times.frombytes(row[middle:])
        pairs = list(zip(numbers, times, strict=True))
        return cls(dict(pairs[:values]), dict(pairs[values:]))


def keep(connection: sqlite3.Connection, changes: Iterable[tuple[str, SourceTimes]]) -> None:
    """Keep what changed, within a transaction.

    Args:
        connection: the journal's.
        changes: the coverage each belongs to, in the order in which they happened.
    """
    merged: dict[str, SourceTimes] = {}
    for key, change in changes:
        merged[key] = merged[key].then(change) if key in merged else change
    gone = [(key,) for key, change in merged.items() if change.whole]
    connection.executemany(DELETE_SOURCE_TIMES, gone)
    rows = ((key, change.to_bytes()) for key, change in merged.items())
    connection.executemany(
        INSERT_SOURCE_TIMES, [(key, key, row, checksum(key, row.hex())) for key, row in rows]
    )


def kept(connection: sqlite3.Connection) -> Iterator[tuple[str, SourceTimes]]:
    """Yield all that is kept of each coverage.

    Raises:
        sqlite3.DatabaseError: a row is damaged.
    """
    found: dict[str, SourceTimes] = {}
    for key, row, kept_checksum in connection.execute(ALL_SOURCE_TIMES):
        if checksum(key, row.hex()) != kept_checksum:
            raise sqlite3.DatabaseError(f"the source times of {key} fail their checksum")
        try:
            change = SourceTimes.from_bytes(row)
        except ValueError as error:
            raise sqlite3.DatabaseError(f"the source times of {key} make no sense") from error
        found[key] = found[key].then(change) if key in found else change
    yield from found.items()


def by_tag(times: SourceTimes, tags: Mapping[int, str]) -> dict[str, Any]:
    """Return them as the state of a coverage has them.

    Raises:
        sqlite3.DatabaseError: one is of a series that the journal does not know.
    """
    try:
        return {
            "last": {tags[number]: at for number, at in times.values.items()},
            "polled": {tags[number]: at for number, at in times.polls.items()},
        }
    except KeyError as error:
        raise sqlite3.DatabaseError(f"series {error} has a source time and no name") from error
