"""Samples of one series as columns: the form in which they are merged, sealed and reduced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import repeat
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.sample import Sample, Series, Value

Index = slice | NDArray[np.intp] | NDArray[np.bool_]

NO_TIME: Final = -(2**63)
"""Stands for a missing server time; no sample may carry it (see `limits`)."""


class Kind(IntEnum):
    """Type of a stored value, and how its 64 bits are read."""

    NONE = 0
    BOOL = 1
    INT = 2
    """A signed integer."""
    UINT = 3
    """An integer from 2**63 to 2**64 - 1, as unsigned."""
    FLOAT = 4
    """A double."""
    TEXT = 5
    """An index into the texts."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples as columns of equal length; row i of every column is one sample.

    Attributes:
        time: source time, ns UTC.
        kind: `Kind` of the value.
        bits: 64 bits of the value.
        status: OPC UA status code.
        server: server time, ns UTC, or `NO_TIME`.
        texts: what `bits` of kind TEXT index.
    """

    time: NDArray[np.int64]
    kind: NDArray[np.uint8]
    bits: NDArray[np.int64]
    status: NDArray[np.uint32]
    server: NDArray[np.int64]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def empty(cls) -> Self:
        """Return columns without a row."""
        word = np.empty(0, np.int64)
        return cls(word, np.empty(0, np.uint8), word, np.empty(0, np.uint32), word, ())

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Return all rows of all parts, in their order."""
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        texts: list[str] = []
        bits = []
        for part in parts:
            bits.append(_moved_text_index(part, len(texts)))
            texts.extend(part.texts)
        return cls(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.kind for part in parts]),
            np.concatenate(bits),
            np.concatenate([part.status for part in parts]),
            np.concatenate([part.server for part in parts]),
            texts,
        )

    def take(self, index: Index) -> Self:
        """Return the chosen rows; the texts stay as they are."""
        return type(self)(
            taken(self.time, index),
            taken(self.kind, index),
            taken(self.bits, index),
            taken(self.status, index),
            taken(self.server, index),
            self.texts,
        )

    def newest(self) -> Self:
        """Return rows in time order, of equal times only the last row."""
        if (self.time[1:] > self.time[:-1]).all():
            return self
        order = np.argsort(self.time, kind="stable")
        time = self.time[order]
        last_of_time = np.append(time[1:] != time[:-1], True)
        return self.take(order[last_of_time])

    def within(self, start_ns: int, end_ns: int) -> Self:
        """Return the rows of an interval; rows must be in time order."""
        first, last = (int(i) for i in np.searchsorted(self.time, (start_ns, end_ns)))
        return self if last - first == len(self) else self.take(slice(first, last))

    def with_own_texts(self) -> Self:
        """Return the same rows with each text once and none that no row uses."""
        if not self.texts:
            return self
        rows = np.flatnonzero(self.kind == Kind.TEXT)
        own: dict[str, int] = {}
        bits = self.bits.copy()
        bits[rows] = [
            own.setdefault(self.texts[index], len(own)) for index in self.bits[rows].tolist()
        ]
        return replace(self, bits=bits, texts=list(own))

    def samples(self, series: Series) -> Iterator[Sample]:
        """Yield the rows as samples."""
        servers: list[int | None] = self.server.tolist()
        if (self.server == NO_TIME).any():
            servers = [None if server == NO_TIME else server for server in servers]
        rows = zip(
            repeat(series),
            self.time.tolist(),
            self.values(),
            self.status.tolist(),
            servers,
            strict=False,
        )
        return map(Sample._make, rows)

    def values(self) -> list[Value | None]:
        """Return the values with their own types."""
        return typed_values(self.kind, self.bits, self.texts)


def taken(column: NDArray[Any], index: Index) -> NDArray[Any]:
    """Return the chosen rows of a column."""
    if isinstance(index, slice) or index.dtype == np.bool_:
        return column[index]
    # Half the time of column[index].
    return column.take(index)


def typed_values(
    kind: NDArray[np.uint8], bits: NDArray[np.int64], texts: Sequence[str]
) -> list[Value | None]:
    """Return stored values with their own types."""
    kinds = [Kind(number) for number in np.flatnonzero(np.bincount(kind)).tolist()]
    if len(kinds) == 1:
        return list(_values_of(kinds[0], bits, texts))
    values = np.empty(len(kind), object)
    for one in kinds:
        rows = kind == one
        values[rows] = np.array(_values_of(one, bits[rows], texts), object)
    return list(values)


def _values_of(kind: Kind, bits: NDArray[np.int64], texts: Sequence[str]) -> Any:  # noqa: ANN401
    if kind == Kind.FLOAT:
        return bits.view(np.float64).tolist()
    if kind == Kind.INT:
        return bits.tolist()
    if kind == Kind.UINT:
        return bits.view(np.uint64).tolist()
    if kind == Kind.BOOL:
        return bits.astype(np.bool_).tolist()
    if kind == Kind.TEXT:
        return [texts[index] for index in bits.tolist()]
    return [None] * len(bits)


def run_starts(keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return the places where a run of equal keys begins."""
    if not len(keys):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))


def run_ends(keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return the places where a run of equal keys ends."""
    if not len(keys):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.append(keys[1:] != keys[:-1], True))


def numbers(columns: Columns) -> NDArray[np.float64]:
    """Return values as doubles; NaN where a value is no number."""
    if (columns.kind == Kind.FLOAT).all():
        return columns.bits.view(np.float64)
    result = np.full(len(columns), np.nan)
    for kind, form in ((Kind.FLOAT, np.float64), (Kind.INT, np.int64), (Kind.UINT, np.uint64)):
        rows = columns.kind == kind
        result[rows] = columns.bits[rows].view(form)
    return result


def _moved_text_index(part: Columns, by: int) -> NDArray[np.int64]:
    if by == 0 or not part.texts:
        return part.bits
    return np.where(part.kind == Kind.TEXT, part.bits + by, part.bits)
