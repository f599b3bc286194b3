"""Record: one message of one machine as bytes, with a checksum.

Layout: CRC-32 of the rest; one byte that says whether the rest is zlib; then a head (format,
number of samples, bytes of text, bytes of gaps), the columns, the texts and the gaps. Columns
compress well and cost far less than a row per value. A record with events has format 2: where the
gaps are stand gaps and events.
"""

import json
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal.source_times import SourceTimes
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import ConditionState, Event, Gap, Sample, Series, Value

_HEAD = struct.Struct("<BIII")
_FORMAT = 1
_WITH_EVENTS = 2
_PLAIN, _DEFLATED = 0, 1
_COMPRESS_FROM_BYTES = 200
NO_SERVER_TIME = -(2**63)
"""Stands for a missing server time where its distance to the source time is kept."""

_UNREADABLE = (
    zlib.error,
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    StopIteration,
)


class ValueKind(IntEnum):
    """What a value is; fixed in the record's format."""

    NULL = 0
    FLOAT = 1
    INT = 2
    UINT = 3
    """An integer from 2**63 on, kept as a negative one."""
    FALSE = 4
    TRUE = 5
    TEXT = 6
    UNSUPPORTED = 7
    """Its text is the name of its type."""


# As plain numbers, since an enumeration's members compare in three times the time.
_NULL, _FLOAT, _INT, _UINT, _FALSE, _TRUE, _TEXT, _UNSUPPORTED = map(int, ValueKind)


@dataclass(slots=True)
class Samples:
    """Values of one machine as columns of equal length.

    Attributes:
        series: the journal's number of each value's series.
        source_ns: source times, ns UTC.
        server_ns: server times, ns UTC, or None.
        statuses: OPC UA status codes.
        values: the values.
    """

    series: list[int] = field(default_factory=list)
    source_ns: list[int] = field(default_factory=list)
    server_ns: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    values: list[Value | Unsupported | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.series)


@dataclass(slots=True)
class Entry:
    """What one transaction keeps of one machine.

    Attributes:
        site: site id.
        machine: machine id.
        published_ns: publish time of the message, or the present, ns UTC.
        samples: its values; none for a note of coverage only.
        gaps: gaps that the message settles.
        coverage: state of the machine's coverage after the message, JSON, without source times.
        events: its events.
        coverage_key: name of that coverage; the machine's id unless given.
        source_times: those that the message changed in that coverage, or all.
    """

    site: str
    machine: str
    published_ns: int
    samples: Samples
    gaps: Sequence[Gap]
    coverage: str
    events: Sequence[Event] = ()
    coverage_key: str = ""
    source_times: SourceTimes | None = None

    def __post_init__(self) -> None:
        """Name the coverage after the machine."""
        self.coverage_key = self.coverage_key or self.machine

    @property
    def has_record(self) -> bool:
        """Whether there is something for the historian."""
        return bool(self.samples) or bool(self.gaps) or bool(self.events)

    @property
    def count(self) -> int:
        """How many values and events there are."""
        return len(self.samples) + len(self.events)


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


class Content(NamedTuple):
    """What a record held."""

    samples: list[Sample]
    refused: list[Refused]
    gaps: list[Gap]
    events: Sequence[Event] = ()


def encode(samples: Samples, gaps: Sequence[Gap], events: Sequence[Event] = ()) -> bytes:
    """Return the record's bytes."""
    kinds, floats, ints, texts = _by_kind(samples.values)
    text_lengths = array("I", map(len, texts))
    text = b"".join(texts)
    gap_bytes = _more_bytes(gaps, events)
    server = array(
        "q",
        [
            NO_SERVER_TIME if server is None else server - source
            for server, source in zip(samples.server_ns, samples.source_ns, strict=True)
        ],
    )
    body = b"".join(
        (
            _HEAD.pack(
                _WITH_EVENTS if events else _FORMAT, len(samples), len(texts), len(gap_bytes)
            ),
            array("I", samples.series).tobytes(),
            array("q", samples.source_ns).tobytes(),
            server.tobytes(),
            array("I", samples.statuses).tobytes(),
            bytes(kinds),
            floats.tobytes(),
            ints.tobytes(),
            text_lengths.tobytes(),
            text,
            gap_bytes,
        )
    )
    deflate = len(body) >= _COMPRESS_FROM_BYTES
    flagged = bytes((_DEFLATED,)) + zlib.compress(body, 1) if deflate else bytes((_PLAIN,)) + body
    return zlib.crc32(flagged).to_bytes(4, "little") + flagged


def _by_kind(
    values: Sequence[Value | Unsupported | None],
) -> tuple[bytearray, "array[float]", "array[int]", list[bytes]]:
    """Return each value's kind, and the values in a column for each way to write them."""
    kinds, floats, ints, texts = bytearray(), array("d"), array("q"), list[bytes]()
    if set(map(type, values)) == {float}:
        kinds.extend(bytes((_FLOAT,)) * len(values))
        floats.extend(values)  # type: ignore[arg-type]
    else:
        for value in values:
            kinds.append(_put(value, floats, ints, texts))
    return kinds, floats, ints, texts


def _more_bytes(gaps: Sequence[Gap], events: Sequence[Event]) -> bytes:
    """Return gaps, and events where there are any, as JSON; nothing where there are neither."""
    rows = [[g.site, g.machine, g.tag, g.start_ns, g.end_ns, g.cause] for g in gaps]
    if events:
        return json.dumps({"gaps": rows, "events": [asdict(event) for event in events]}).encode()
    return json.dumps(rows).encode() if gaps else b""


def _put(
    value: Value | Unsupported | None,
    floats: "array[float]",
    ints: "array[int]",
    texts: list[bytes],
) -> int:
    """Put a value into its column and return its kind."""
    if isinstance(value, float):
        floats.append(value)
        return _FLOAT
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, int):
        unsigned = value >= 2**63
        ints.append(value - 2**64 if unsigned else value)
        return _UINT if unsigned else _INT
    if isinstance(value, str):
        texts.append(value.encode("utf-8", "replace"))
        return _TEXT
    texts.append(value.type_name.encode("utf-8", "replace"))
    return _UNSUPPORTED


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
        deflated = flagged[0] == _DEFLATED
        return _rows(zlib.decompress(flagged[1:]) if deflated else bytes(flagged[1:]))
    except _UNREADABLE as error:
        raise RecordCorrupt(f"a journal record cannot be read: {error!r}") from error


def _rows(body: bytes) -> Rows:
    version, count, text_count, gap_size = _HEAD.unpack_from(body)
    if version not in (_FORMAT, _WITH_EVENTS):
        raise ValueError(f"format {version}")
    at = _HEAD.size

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
    if version == _WITH_EVENTS:
        rows, events = written["gaps"], written["events"]
    return [Gap(*fields) for fields in rows], [_event(fields) for fields in events]


def _event(fields: dict[str, Any]) -> Event:
    condition = fields["condition"]
    return Event(**{**fields, "condition": condition and ConditionState(**condition)})
