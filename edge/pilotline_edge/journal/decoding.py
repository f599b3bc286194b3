"""Decoding records: their columns as they are kept, and their values one by one."""

import json
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal.record import (
    DEFLATED,
    FORMAT,
    HEAD,
    NO_SERVER_TIME,
    WITH_EVENTS,
    ValueKind,
)
from pilotline_historian import ConditionState, Event, Gap, Sample, Series, Value

_UNREADABLE = (
    zlib.error,
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    StopIteration,
)

# As plain numbers, since an enumeration's members compare in three times the time.
_NULL, _FLOAT, _INT, _UINT, _FALSE, _TRUE, _TEXT, _UNSUPPORTED = map(int, ValueKind)


class Refused(NamedTuple):
    """A value that no historian takes, on its way to the dead letters."""

    sample: Sample
    reason: str


class Rows(NamedTuple):
    """A record's columns as they are kept.

    Attributes:
        numbers: the journal's number of each value's series.
        source_ns: source times, ns UTC.
        lags_ns: server time less source time, ns, or `NO_SERVER_TIME`.
        statuses: OPC UA status codes.
        kinds: `ValueKind` of each value.
        doubles: the values of kind FLOAT.
        ints: those of kinds INT and UINT.
        texts: those of kinds TEXT and UNSUPPORTED.
        gaps: gaps that the record settles.
        events: its events.
    """

    numbers: "array[int]"
    source_ns: "array[int]"
    lags_ns: "array[int]"
    statuses: "array[int]"
    kinds: bytes
    doubles: "array[float]"
    ints: "array[int]"
    texts: list[str]
    gaps: list[Gap]
    events: list[Event]

    @property
    def plain(self) -> bool:
        """Whether a historian can take every value."""
        return _UNSUPPORTED not in self.kinds

    def sound(self) -> "Rows":
        """Return the rows without those of values that no historian takes."""
        keep = [kind != _UNSUPPORTED for kind in self.kinds]
        of_text = [kind == _TEXT for kind in self.kinds if kind in (_TEXT, _UNSUPPORTED)]
        return self._replace(
            numbers=array("I", compress(self.numbers, keep)),
            source_ns=array("q", compress(self.source_ns, keep)),
            lags_ns=array("q", compress(self.lags_ns, keep)),
            statuses=array("I", compress(self.statuses, keep)),
            kinds=bytes(compress(self.kinds, keep)),
            texts=list(compress(self.texts, of_text)),
        )


class Content(NamedTuple):
    """What a record held."""

    samples: list[Sample]
    refused: list[Refused]
    gaps: list[Gap]
    events: Sequence[Event] = ()


def decode(record: bytes, series: Mapping[int, Series]) -> Content:
    """Return what a record held.

    Args:
        record: its bytes.
        series: the journal's series by number.

    Raises:
        RecordCorrupt: the checksum does not fit or the content makes no sense.
    """
    return content_of(decode_rows(record), series)


def decode_rows(record: bytes) -> Rows:
    """Return the columns of a record.

    Raises:
        RecordCorrupt: the checksum does not fit or the content makes no sense.
    """
    flagged = memoryview(record)[4:]
    if zlib.crc32(flagged) != int.from_bytes(record[:4], "little"):
        raise RecordCorrupt(f"a journal record of {len(record)} bytes fails its checksum")
    try:
        deflated = flagged[0] == DEFLATED
        return _rows(zlib.decompress(flagged[1:]) if deflated else bytes(flagged[1:]))
    except _UNREADABLE as error:
        raise RecordCorrupt(f"a journal record cannot be read: {error!r}") from error


def _rows(body: bytes) -> Rows:
    version, count, text_count, gap_size = HEAD.unpack_from(body)
    if version not in (FORMAT, WITH_EVENTS):
        raise ValueError(f"format {version}")
    at = HEAD.size

    def column(code: str, length: int) -> "array[int]":
        nonlocal at
        values = array(code)
        size = length * values.itemsize
        values.frombytes(body[at : at + size])
        if len(values) != length:
            raise ValueError("it is cut off")
        at += size
        return values

    numbers, source, lags, statuses = (column(code, count) for code in "IqqI")
    kinds = body[at : at + count]
    at += count
    doubles: array[Any] = column("d", kinds.count(_FLOAT))
    ints = column("q", kinds.count(_INT) + kinds.count(_UINT))
    lengths = column("I", text_count)
    texts = list(_texts(body, at, lengths))
    at += sum(lengths)
    if len(kinds) != count or len(texts) != kinds.count(_TEXT) + kinds.count(_UNSUPPORTED):
        raise ValueError("its columns do not fit each other")
    gaps, events = _more(version, body[at : at + gap_size])
    return Rows(numbers, source, lags, statuses, kinds, doubles, ints, texts, gaps, events)


def content_of(rows: Rows, series: Mapping[int, Series]) -> Content:
    """Return the values of a record one by one.

    Raises:
        RecordCorrupt: a series is unknown, or the content makes no sense.
    """
    try:
        return _content(rows, series)
    except _UNREADABLE as error:
        raise RecordCorrupt(f"a journal record cannot be read: {error!r}") from error


def _content(rows: Rows, series: Mapping[int, Series]) -> Content:
    content = Content([], [], rows.gaps, rows.events)
    doubles, ints, texts = iter(rows.doubles), iter(rows.ints), iter(rows.texts)
    for number, at_ns, lag_ns, status, kind in zip(*rows[:5], strict=True):
        value = _take(kind, doubles, ints, texts)
        server_ns = None if lag_ns == NO_SERVER_TIME else at_ns + lag_ns
        if kind == _UNSUPPORTED:
            sample = Sample(series[number], at_ns, None, status, server_ns)
            content.refused.append(Refused(sample, f"a tag cannot hold a value of type {value}"))
        else:
            content.samples.append(Sample(series[number], at_ns, value, status, server_ns))
    return content


def _take(
    kind: int, floats: Iterator[float], ints: Iterator[int], texts: Iterator[str]
) -> Value | None:
    """Take a value of a kind from its column.

    Raises:
        StopIteration: the column is shorter than the kinds say.
    """
    if kind == _FLOAT:
        return next(floats)
    if kind in (_INT, _UINT):
        return next(ints) + (2**64 if kind == _UINT else 0)
    if kind in (_FALSE, _TRUE):
        return kind == _TRUE
    return next(texts) if kind in (_TEXT, _UNSUPPORTED) else None


def _texts(body: bytes, at: int, lengths: "array[int]") -> Iterator[str]:
    for length in lengths:
        yield body[at : at + length].decode("utf-8")
        at += length


def _more(version: int, body: bytes) -> tuple[list[Gap], list[Event]]:
    """Return the gaps and events that `_more_bytes` wrote."""
    written: Any = json.loads(body) if body else []
    rows, events = written, list[dict[str, Any]]()
    if version == WITH_EVENTS:
        rows, events = written["gaps"], written["events"]
    return [Gap(*fields) for fields in rows], [_event(fields) for fields in events]


def _event(fields: dict[str, Any]) -> Event:
    condition = fields["condition"]
    return Event(**{**fields, "condition": condition and ConditionState(**condition)})
