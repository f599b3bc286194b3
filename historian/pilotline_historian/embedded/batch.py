"""A written batch as columns, with the samples no store can take set apart."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.embedded.columns import NO_TIME, Columns, Kind
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

_GREATEST_SIGNED = 2**63 - 1
_KINDS = {type(None): Kind.NONE, bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT, str: Kind.TEXT}


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


SeriesIdsOf = Callable[[Sequence[Series]], Sequence[int]]
"""Gives the ids of at least one series; raises NeedsCare where a name is unsound."""


def batch_of(samples: Sequence[Sample], series_ids: SeriesIdsOf) -> Batch:
    """Return the samples as columns.

    Args:
        samples: at least one.
        series_ids: gives the ids of their series.
    """
    try:
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
    ids = np.array(series_ids(series), np.int64)
    return Batch(ids, Columns(time, kind, bits, status, server, texts), rejected)


def _time_column(times: Sequence[int]) -> NDArray[np.int64]:
    time = np.fromiter(times, np.int64, len(times))
    if int(time.min()) < FIRST_TIME_NS or int(time.max()) > LAST_TIME_NS:
        raise NeedsCare
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
    types = set(map(type, values))
    if types == {float}:
        bits = _double_bits(values)
        return np.full(len(values), Kind.FLOAT, np.uint8), bits, []
    if not types <= _KINDS.keys():
        raise NeedsCare
    kind = np.array([_KINDS[type(value)] for value in values], np.uint8)
    bits = np.zeros(len(values), np.int64)
    texts: list[str] = []
    for value_type in types - {type(None)}:
        rows = np.flatnonzero(kind == _KINDS[value_type])
        chosen = [values[row] for row in rows.tolist()]
        if value_type is str:
            bits[rows] = _text_bits(chosen, texts)
        elif value_type is float:
            bits[rows] = _double_bits(chosen)
        elif value_type is int:
            bits[rows], kind[rows] = _integer_bits(chosen)
        else:
            bits[rows] = np.array(chosen, np.int64)
    return kind, bits, texts


def _double_bits(values: Sequence[Any]) -> NDArray[np.int64]:
    # struct takes a third of the time of NumPy here.
    return np.frombuffer(struct.pack(f"{len(values)}d", *values), np.int64)


def _integer_bits(values: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    kinds = np.full(len(values), Kind.INT, np.uint8)
    try:
        return np.array(values, np.int64), kinds
    except OverflowError:
        if min(values) < LEAST_INT or max(values) > GREATEST_INT:
            raise NeedsCare from None
    kinds[[value > _GREATEST_SIGNED for value in values]] = Kind.UINT
    return np.array([value % 2**64 for value in values], np.uint64).view(np.int64), kinds


def _text_bits(values: list[Any], texts: list[str]) -> list[int]:
    own: dict[str, int] = {}
    bits = [own.setdefault(value, len(own)) for value in values]
    if any(len(text.encode()) > TEXT_BYTES for text in own):
        raise NeedsCare
    texts.extend(own)
    return bits
