"""Ids of series: learnt once from the file, given to new ones by a write."""

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.embedded.batch import NeedsCare
from pilotline_historian.limits import series_fault
from pilotline_historian.sample import Series

_ALL: Final = "SELECT id, site, machine, tag, checksum FROM series NOT INDEXED"
_NEWEST: Final = "SELECT ifnull(max(id), 0) FROM series"
_INSERT: Final = "INSERT INTO series (site, machine, tag) VALUES (?, ?, ?) RETURNING id"
_SIGN: Final = "UPDATE series SET checksum = ? WHERE id = ?"
_UNSIGNED: Final = "SELECT id, site, machine, tag FROM series"


class DamagedName(ValueError):  # noqa: N818 - turned into a HistorianRefused by the store
    """A series does not have the name it was given."""


def read_series(connection: sqlite3.Connection) -> dict[Series, int]:
    """Return the id of each series.

    Raises:
        DamagedName: a row is damaged.
    """
    ids = {}
    for series_id, site, machine, tag, checksum in connection.execute(_ALL):
        series = Series(site, machine, tag)
        if checksum != _checksum(series_id, series):
            raise DamagedName(f"the name of series {series_id} is damaged, it reads {series}")
        ids[series] = int(series_id)
    return ids


def sign_series(connection: sqlite3.Connection) -> None:
    """Give every series of a file that has none its checksum."""
    rows = connection.execute(_UNSIGNED).fetchall()
    signed = [(_checksum(series_id, Series(*names)), series_id) for series_id, *names in rows]
    connection.executemany(_SIGN, signed)


def _checksum(series_id: int, series: Series) -> int:
    return zlib.crc32(json.dumps([series_id, *series], default=repr).encode())


class SeriesIds:
    """Ids of series by name; an id never changes and is never given again.

    Characteristics
        threads: any
        memory: every series ever asked for that exists, and the order of the last write
    """

    def __init__(self) -> None:
        self._ids: dict[Series, int] = {}
        self._learnt_up_to = 0
        self._last = _Known((), np.empty(0, np.int64))
        self._table = _Known((), np.empty(0, np.int64))

    def one(self, connection: sqlite3.Connection, series: Series) -> int | None:
        """Return the id of a series, or None where there is no such series.

        Raises:
            DamagedName: a row is damaged.
        """
        return self.some(connection, (series,)).get(series)

    def some(self, connection: sqlite3.Connection, series: Sequence[Series]) -> dict[Series, int]:
        """Return the ids of those series that exist.

        Raises:
            DamagedName: a row is damaged.
        """
        if any(name not in self._ids for name in series):
            self.learn(connection)
        return {name: self._ids[name] for name in series if name in self._ids}

    def learn(self, connection: sqlite3.Connection) -> None:
        """Read all series, unless none was added since; not after giving ids in a transaction.

        From the table and not by the index, so that a damaged index hides no series.

        Raises:
            DamagedName: a row is damaged.
        """
        (newest,) = connection.execute(_NEWEST).fetchone()
        if newest != self._learnt_up_to:
            self._ids.update(read_series(connection))
            self._learnt_up_to = newest

    def add(self, giver: "IdGiver") -> None:
        """Know what a write gave ids to, once it has succeeded."""
        self._ids.update(giver.given)
        self._last = giver.last
        self._table = giver.table

    def giver(self, connection: sqlite3.Connection) -> "IdGiver":
        """Return what gives ids within one write."""
        return IdGiver(self, self._ids, self._last, self._table, connection)


@dataclass(frozen=True, slots=True)
class _Known:
    """Series with their ids; -1 for one that has none yet."""

    series: Sequence[Series]
    ids: NDArray[np.int64]


class IdGiver:
    """Gives ids within one write; new ones count only when the write succeeds.

    Attributes:
        last: series of the samples written last.
        table: series of the columns written last.
        given: series that were new to this process, with their ids.
    """

    def __init__(
        self,
        ids: SeriesIds,
        known: Mapping[Series, int],
        last: _Known,
        table: _Known,
        connection: sqlite3.Connection,
    ) -> None:
        self._ids = ids
        self._known = known
        self._connection = connection
        self.last = last
        self.table = table
        self.given: dict[Series, int] = {}

    def __call__(self, series: Sequence[Series]) -> NDArray[np.int64]:
        """Return the id of each series, at least one.

        Raises:
            NeedsCare: a name is unsound.
        """
        # Machines send the same tags in the same order again and again; telling so is cheap.
        if series != self.last.series:
            self.last = _Known(series, np.array(self._ids_of(series), np.int64))
        return self.last.ids

    def at(self, names: Sequence[Series], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ids of those of the names that stand at these places.

        Raises:
            NeedsCare: a name is unsound.
        """
        if names is not self.table.series:
            self.table = _Known(names, np.full(len(names), -1, np.int64))
        ids: NDArray[np.int64] = self.table.ids[places]
        if len(ids) and int(ids.min()) < 0:
            missing = np.unique(places[ids < 0])
            all_ids = self.table.ids.copy()
            all_ids[missing] = self._ids_of([names[place] for place in missing.tolist()])
            self.table = _Known(names, all_ids)
            ids = all_ids[places]
        return ids

    def _ids_of(self, series: Sequence[Series]) -> Sequence[int]:
        try:
            return _picked(self._known, series)
        except KeyError:
            if not self.given:
                self._ids.learn(self._connection)
            for name in dict.fromkeys(series):
                if name not in self._known and name not in self.given:
                    self.given[name] = self._give(name)
            return _picked({**self._known, **self.given}, series)

    def _give(self, series: Series) -> int:
        if series_fault(series) is not None:
            raise NeedsCare
        (series_id,) = self._connection.execute(_INSERT, series).fetchone()
        self._connection.execute(_SIGN, (_checksum(series_id, series), series_id))
        return int(series_id)


def _picked(ids: Mapping[Series, int], series: Sequence[Series]) -> Sequence[int]:
    """Look up all at once, in half the time of one by one."""
    if len(series) == 1:
        return (ids[series[0]],)
    picked: tuple[int, ...] = itemgetter(*series)(ids)
    return picked
