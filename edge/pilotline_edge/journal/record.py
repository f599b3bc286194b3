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
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum

from pilotline_edge.journal.source_times import SourceTimes
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Event, Gap, Value

HEAD = struct.Struct("<BIII")
"""Format, number of samples, number of texts, bytes of gaps and events."""

FORMAT = 1
WITH_EVENTS = 2
"""What the head says of the layout."""

_PLAIN, DEFLATED = 0, 1
_COMPRESS_FROM_BYTES = 200
NO_SERVER_TIME = -(2**63)
"""Stands for a missing server time where its distance to the source time is kept."""


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
            HEAD.pack(WITH_EVENTS if events else FORMAT, len(samples), len(texts), len(gap_bytes)),
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
    flagged = bytes((DEFLATED,)) + zlib.compress(body, 1) if deflate else bytes((_PLAIN,)) + body
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
