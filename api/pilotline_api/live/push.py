"""What an edge agent pushes: newest values, connection states and conditions, each bounded."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from pilotline_api.live.wire import MAX_TEXT, WireValue

MachineId = Annotated[str, Meta(max_length=128)]
_Text = Annotated[str, Meta(max_length=MAX_TEXT)]
UnixMs = Annotated[int, Meta(ge=0, le=2**53)]

_LEAST_INT: Final = -(2**63)
_GREATEST_INT: Final = 2**64 - 1

PushedValue = tuple[
    MachineId,
    MachineId,
    Annotated[int, Meta(ge=0, le=2**63 - 1)],
    WireValue,
    Annotated[int, Meta(ge=0, le=2**32 - 1)],
]
"""Machine id, tag id, source time in ns UTC, value, OPC UA status code."""


PushedCondition = tuple[
    Annotated[str, Meta(min_length=1, max_length=1024)],
    _Text,
    _Text,
    Annotated[int, Meta(ge=1, le=1000)],
    _Text,
    Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
]
"""Id, name, source, severity, message and time (ns UTC) of a condition that holds at a machine.

An alarm counts however wrong the machine's clock is: any time will do.
"""

MAX_CONDITIONS: Final = 200
"""Most conditions of one machine in one push."""


class PushError(ValueError):
    """A push is not what the contract says; the message names the place within it."""


class PushedConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """State of the agent's connection to one machine.

    Attributes:
        connected: whether the machine answers.
        since_ms: instant the state began, ms UTC.
        cause: why it is not connected, or None.
    """

    connected: bool
    since_ms: UnixMs
    cause: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None


class Holding(NamedTuple):
    """What holds at a machine by its own account.

    Attributes:
        conditions: each once.
        whole: whether that is all; else others may hold too.
    """

    conditions: Sequence[PushedCondition]
    whole: bool = True


class EdgePush(NamedTuple):
    """Newest values since the agent's last push, and the state of all its connections.

    Attributes:
        agent: name of the agent.
        sent_ms: the agent's clock when it sent the push, ms UTC.
        connections: state by machine id; the agent sends each at least every two seconds.
        values: newest value of each tag that changed.
        conditions: what holds at a machine, by machine id; a machine that is not named has not been
            asked.
    """

    agent: str
    sent_ms: int
    connections: Mapping[str, PushedConnection]
    values: Sequence[PushedValue]
    conditions: Mapping[str, Holding] = {}


class RefusedItem(NamedTuple):
    """One item of a push that was not taken; the others were.

    Attributes:
        pointer: JSON pointer to it.
        about: machine, or machine and tag, as far as they can be read; else the pointer.
        reason: what is wrong with it.
    """

    pointer: str
    about: str
    reason: str


def check_width(machine: str, tag: str, value: WireValue) -> None:
    """Refuse an integer that no OPC UA type holds.

    Raises:
        PushError: it is too wide.
    """
    if type(value) is int and not _LEAST_INT <= value <= _GREATEST_INT:
        raise PushError(f"{machine}.{tag}: the integer is wider than OPC UA's 64 bits")
