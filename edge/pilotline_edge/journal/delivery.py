"""Delivery: the values of many records as the columns that a historian takes."""

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal.decoding import Rows
from pilotline_edge.journal.record import NO_SERVER_TIME, ValueKind
from pilotline_historian import Series
from pilotline_historian.columns import NO_TIME, Columns, Kind
from pilotline_historian.sample_columns import SampleColumns

_KIND_OF = {
    ValueKind.NULL: Kind.NONE,
    ValueKind.FLOAT: Kind.FLOAT,
    ValueKind.INT: Kind.INT,
    ValueKind.UINT: Kind.UINT,
    ValueKind.FALSE: Kind.BOOL,
    ValueKind.TRUE: Kind.BOOL,
    ValueKind.TEXT: Kind.TEXT,
}
_KINDS = bytes.maketrans(bytes(_KIND_OF), bytes(_KIND_OF.values()))
"""The historian's kind for each of the journal's."""


class SeriesTable:
    """The journal's series, by number.

    Attributes:
        names: all series.
        by_number: the same, by number.
    """

    def __init__(self, by_number: Mapping[int, Series]) -> None:
        self.by_number = dict(by_number)
        self.names = tuple(self.by_number.values())
        self._places = np.full(max(self.by_number, default=0) + 1, -1, np.int64)
        self._places[list(self.by_number)] = np.arange(len(self.names))

    def __len__(self) -> int:
        return len(self.names)

    def places(self, numbers: "array[int]") -> NDArray[np.int64]:
        """Return where the series of these numbers stand in `names`.

        Raises:
            RecordCorrupt: there is no such series.
        """
        wanted = np.frombuffer(numbers, np.uint32)
        if not len(wanted):
            return np.empty(0, np.int64)
        known = int(wanted.max()) < len(self._places)
        places = self._places[wanted] if known else np.full(1, -1)
        if int(places.min()) < 0:
            raise RecordCorrupt("a journal record names a series that the journal does not know")
        return places


class Delivery:
    """Joins the columns of records, so that nothing is done for each value.

    Characteristics
        order: as the records were added
        memory: 33 bytes a value, twice that while they are joined
    """

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._places: list[NDArray[np.int64]] = []
        self._source_ns = array("q")
        self._lags_ns = array("q")
        self._statuses = array("I")
        self._kinds = bytearray()
        self._doubles = array("d")
        self._ints = array("q")
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._source_ns)

    @property
    def series(self) -> Mapping[int, Series]:
        """Series by number."""
        return self._table.by_number

    def add(self, rows: Rows) -> None:
        """Add the values of a record, none of them unsupported.

        Raises:
            RecordCorrupt: a series is unknown; nothing was added.
        """
        self._places.append(self._table.places(rows.numbers))
        self._source_ns.extend(rows.source_ns)
        self._lags_ns.extend(rows.lags_ns)
        self._statuses.extend(rows.statuses)
        self._kinds += rows.kinds
        self._doubles.extend(rows.doubles)
        self._ints.extend(rows.ints)
        self._texts += rows.texts

    def samples(self) -> SampleColumns:
        """Return all values."""
        if not self._source_ns:
            return SampleColumns.empty()
        kinds = np.frombuffer(bytes(self._kinds), np.uint8)
        source_ns = np.array(self._source_ns, np.int64)
        lags_ns = np.array(self._lags_ns, np.int64)
        columns = Columns(
            source_ns,
            np.frombuffer(self._kinds.translate(_KINDS), np.uint8),
            self._bits(kinds),
            np.array(self._statuses, np.uint32),
            np.where(lags_ns == NO_SERVER_TIME, NO_TIME, source_ns + lags_ns),
            self._texts,
        )
        return SampleColumns(self._table.names, np.concatenate(self._places), columns)

    def _bits(self, kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the 64 bits of each value; of a text its place among the texts."""
        doubles = np.frombuffer(self._doubles, np.int64)
        if len(doubles) == len(kinds):
            return doubles.copy()
        bits = np.zeros(len(kinds), np.int64)
        bits[kinds == ValueKind.FLOAT] = doubles
        bits[(kinds == ValueKind.INT) | (kinds == ValueKind.UINT)] = self._ints
        bits[kinds == ValueKind.TRUE] = 1
        bits[kinds == ValueKind.TEXT] = np.arange(len(self._texts))
        return bits
