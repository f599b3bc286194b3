"""Publication: one answer to a publish request, reduced to what a historian needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

from asyncua import ua

from pilotline_historian import Value

OVERFLOW = 0x0000_0480
"""Status bits of a value before which the server's queue dropped others (OPC 10000-4, 7.39.1)."""

TICKS_1970 = 116_444_736_000_000_000
LATEST_TICKS = TICKS_1970 + (2**63 - 1) // 100
"""OPC UA times in ticks of 100 ns since 1601: the epoch, and the last one that ns can say."""

FIRST_SEQUENCE = 1
LAST_SEQUENCE = 0xFFFF_FFFF


class Encoded(NamedTuple):
    """A structure as a server sent it (OPC 10000-6, 5.2.2.15).

    Attributes:
        type_id: node of its encoding, which leads to its data type.
        body: its fields, binary.
    """

    type_id: ua.NodeId
    body: bytes


class Unsupported(NamedTuple):
    """A value that no tag may have as a whole: an array, a structure, a text beyond all measure.

    Attributes:
        type_name: OPC UA name of its type, with what else a person should know.
        elements: the elements of an array, of which tags may ask for one; those of the last
            dimension beside each other.
        dimensions: lengths of the dimensions where an array has several.
        encoded: a structure of which tags may ask for a field.
        fields: the fields of a structure that was decoded; one that it does not have now is None.
    """

    type_name: str
    elements: Sequence["Value | Unsupported | None"] | None = None
    dimensions: tuple[int, ...] = ()
    encoded: Encoded | None = None
    fields: Mapping[str, "Value | Unsupported | None"] | None = None


DataValue = tuple[Value | Unsupported | None, int, int | None, int | None]
"""Value, status code, source time and server time in ns UTC (None: not sent)."""

Change = tuple[int, Value | Unsupported | None, int, int | None, int | None]
"""Client handle, value, status code, source time and server time in ns UTC (None: not sent).

A plain tuple, since thousands a second are made.
"""


EventFields = tuple[object, ...]
"""What a server sent for each field that it was asked for of an event, as asyncua decodes it."""


class ChangeColumns(NamedTuple):
    """Changes as columns of equal length; every one has a number or truth and both times."""

    handles: list[int]
    values: list[Any]
    statuses: list[int]
    source_ns: list[int]
    server_ns: list[Any]


class Changes(Sequence[Change]):
    """Changes that are held as columns and look like a list of them.

    Attributes:
        columns: the columns.
    """

    __slots__ = ("columns",)

    def __init__(self, columns: ChangeColumns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns.handles)

    def __iter__(self) -> Iterator[Change]:
        return zip(*self.columns, strict=True)

    @overload
    def __getitem__(self, place: int) -> Change: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Change]: ...

    def __getitem__(self, place: int | slice) -> Change | Sequence[Change]:
        if isinstance(place, slice):
            return list(self)[place]
        handles, values, statuses, source, server = self.columns
        return handles[place], values[place], statuses[place], source[place], server[place]


@dataclass(frozen=True, slots=True)
class Publication:
    """One notification message of a subscription (OPC 10000-4, 7.26).

    Attributes:
        subscription_id: the server's number of the subscription.
        sequence: sequence number; for a keep-alive the number the next message will have.
        published_ns: publish time by the server's clock, ns UTC, or None when it gave none.
        more: whether further messages of the same publishing cycle follow.
        changes: values in the order of the server's queues; empty for a keep-alive.
        ended: status code by which the server ended the subscription, or None.
        events: events in the order of the server's queue.
        answered_ns: when the server answered, by its clock, ns UTC, or None; it then makes the
            message it answers with (OPC 10000-4, 5.14.1.2).
    """

    subscription_id: int
    sequence: int
    published_ns: int | None
    more: bool
    changes: Sequence[Change]
    ended: int | None = None
    events: Sequence[EventFields] = ()
    answered_ns: int | None = None

    @property
    def keep_alive(self) -> bool:
        """Whether the message only says that the subscription lives."""
        return not self.changes and not self.events and self.ended is None


def next_sequence(sequence: int) -> int:
    """Return the number after `sequence`; zero is never used (OPC 10000-4, 7.9)."""
    return FIRST_SEQUENCE if sequence >= LAST_SEQUENCE else sequence + 1


def sequence_behind(sequence: int, count: int) -> int:
    """Return the number that comes `count` before `sequence`."""
    return (sequence - FIRST_SEQUENCE - count) % LAST_SEQUENCE + FIRST_SEQUENCE


def sequences_ahead(expected: int, got: int) -> int:
    """Return how many messages lie between, negative when `got` was seen before."""
    period = LAST_SEQUENCE
    ahead = (got - expected) % period
    return ahead if ahead < period // 2 else ahead - period
