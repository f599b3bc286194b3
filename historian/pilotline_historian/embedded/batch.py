"""A written batch as columns, with the samples no store can take set apart."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.columns import NO_TIME, Columns, Kind
from pilotline_historian.historian import Rejected
from pilotline_historian.limits import (
    FIRST_TIME_NS,
    GREATEST_INT,
    LAST_TIME_NS,
    LEAST_INT,
    TEXT_BYTES,
    plain,
    sample_fault,
)
from pilotline_historian.sample import Sample, Series, Value
from pilotline_historian.sample_columns import SampleColumns

_GREATEST_SIGNED = 2**63 - 1
_KINDS: Final[Mapping[type, int]] = {
    type(None): int(Kind.NONE),
    bool: int(Kind.BOOL),
    int: int(Kind.INT),
    float: int(Kind.FLOAT),
    str: int(Kind.TEXT),
}


class NeedsCare(Exception):  # noqa: N818 - a signal inside this package
    """Some sample of the batch is not plain; each one must be looked at."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one write.

    Attributes:
        series_ids: for each row of `columns`.
        columns: sound samples in the order given.
        rejected: samples no store can take.
    """

    series_ids: NDArray[np.int64]
    columns: Columns
    rejected: tuple[Rejected, ...]


class SeriesIdsOf(Protocol):
    """Gives ids; raises NeedsCare where a name is unsound."""

    def __call__(self, series: Sequence[Series]) -> NDArray[np.int64]:
        """Return the ids of at least one series."""
        ...

    def at(self, names: Sequence[Series], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ids of those of the names that stand at these places."""
        ...


def batch_of(samples: Sequence[Sample], series_ids: SeriesIdsOf) -> Batch:
    """Return the samples as columns.

    Args:
        samples: at least one.
        series_ids: gives the ids of their series.
    """
    try:
        if isinstance(samples, SampleColumns):
            return _packed_batch(samples, series_ids)
        return _plain_batch(samples, series_ids, ())
    except (NeedsCare, OverflowError, UnicodeEncodeError):
        sound, rejected = _apart(samples)
        return _plain_batch(sound, series_ids, rejected)


def _apart(samples: Sequence[Sample]) -> tuple[list[Sample], tuple[Rejected, ...]]:
    sound, rejected = [], []
    for sample in samples:
        fault = sample_fault(sample)
        if fault is None:
            sound.append(sample._replace(value=plain(sample.value)))
        else:
            rejected.append(Rejected(sample, fault))
    return sound, tuple(rejected)


def _plain_batch(
    samples: Sequence[Sample], series_ids: SeriesIdsOf, rejected: tuple[Rejected, ...]
) -> Batch:
    if not samples:
        return Batch(np.empty(0, np.int64), Columns.empty(), rejected)
    # One flat list cut in strides takes less than half the time of zip(*samples).
    flat: list[Any] = list(chain.from_iterable(samples))
    series, times, values, statuses, servers = (flat[place::5] for place in range(5))
    time = _time_column(times)
    server = _server_column(servers)
    kind, bits, texts = _value_columns(values)
    status = _status_column(statuses)
    return Batch(series_ids(series), Columns(time, kind, bits, status, server, texts), rejected)


def _packed_batch(samples: SampleColumns, series_ids: SeriesIdsOf) -> Batch:
    columns = samples.columns
    _need_times(columns.time)
    _need_times(columns.server[columns.server != NO_TIME])
    _need_texts(columns.texts)
    return Batch(series_ids.at(samples.names, samples.places), columns, ())


def _need_times(times: NDArray[np.int64]) -> None:
    if len(times) and (int(times.min()) < FIRST_TIME_NS or int(times.max()) > LAST_TIME_NS):
        raise NeedsCare


def _need_texts(texts: Iterable[str]) -> None:
    if any(len(text.encode()) > TEXT_BYTES for text in texts):
        raise NeedsCare


def _time_column(times: Sequence[int]) -> NDArray[np.int64]:
    time = np.fromiter(times, np.int64, len(times))
    _need_times(time)
    return time


def _server_column(servers: Sequence[int | None]) -> NDArray[np.int64]:
    try:
        return _time_column(servers)  # type: ignore[arg-type]  # None is what the except is for
    except TypeError:
        known = [server for server in servers if server is not None]
        if known:
            _time_column(known)
        return np.array([NO_TIME if server is None else server for server in servers], np.int64)


def _status_column(statuses: list[int]) -> NDArray[np.uint32]:
    if statuses.count(statuses[0]) == len(statuses):
        return np.full(len(statuses), statuses[0], np.uint32)
    return np.array(statuses, np.uint32)


def _value_columns(
    values: Sequence[Value | None],
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
    types = list(map(type, values))
    texts: list[str] = []
    # Counting one type takes a quarter of the time of a set of all.
    if types.count(types[0]) == len(types) and types[0] in _KINDS:
        bits, kind = _bits_of(types[0], values, texts)
        return kind, bits, texts
    try:
        # Bytes of a map take a third of the time of a list of enumeration members.
        kind = np.frombuffer(bytes(map(_KINDS.__getitem__, types)), np.uint8).copy()
    except KeyError:
        raise NeedsCare from None
    bits = np.zeros(len(values), np.int64)
    for value_type in set(types):
        of_type = kind == _KINDS[value_type]
        chosen = list(compress(values, of_type.tobytes()))
        bits[of_type], kind[of_type] = _bits_of(value_type, chosen, texts)
    return kind, bits, texts


def _bits_of(
    value_type: type, values: Sequence[Any], texts: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return bits and kinds of values of one type; their texts are added to those of others."""
    kind = np.full(len(values), _KINDS[value_type], np.uint8)
    if value_type is float:
        return _double_bits(values), kind
    if value_type is int:
        return _integer_bits(values)
    if value_type is str:
        return np.array(_text_bits(values, texts), np.int64), kind
    if value_type is bool:
        return np.frombuffer(bytes(values), np.uint8).astype(np.int64), kind
    return np.zeros(len(values), np.int64), kind


def _double_bits(values: Sequence[Any]) -> NDArray[np.int64]:
    # struct takes a third of the time of NumPy here.
    return np.frombuffer(struct.pack(f"{len(values)}d", *values), np.int64)


def _integer_bits(values: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    kinds = np.full(len(values), Kind.INT, np.uint8)
    try:
        return np.fromiter(values, np.int64, len(values)), kinds
    except OverflowError:
        if min(values) < LEAST_INT or max(values) > GREATEST_INT:
            raise NeedsCare from None
    kinds[[value > _GREATEST_SIGNED for value in values]] = Kind.UINT
    return np.array([value % 2**64 for value in values], np.uint64).view(np.int64), kinds


def _text_bits(values: Sequence[Any], texts: list[str]) -> list[int]:
    own: dict[str, int] = {}
    bits = [own.setdefault(value, len(own)) for value in values]
    _need_texts(own)
    texts.extend(own)
    return bits
