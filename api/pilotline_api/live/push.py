"""What an edge agent pushes: newest values and connection states, decoded and bounded."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from pilotline_api.live.wire import MAX_TEXT, WireValue

_Id = Annotated[str, Meta(max_length=128)]
_Text = Annotated[str, Meta(max_length=MAX_TEXT)]
_UnixMs = Annotated[int, Meta(ge=0, le=2**53)]

_LEAST_INT: Final = -(2**63)
_GREATEST_INT: Final = 2**64 - 1

PushedValue = tuple[
    _Id,
    _Id,
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
    Annotated[int, Meta(ge=0, le=2**63 - 1)],
]
"""Id, name, source, severity, message and time (ns UTC) of a condition that holds at a machine."""


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
    since_ms: _UnixMs
    cause: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None


class EdgePush(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Newest values since the agent's last push, and the state of all its connections.

    Attributes:
        agent: name of the agent.
        sent_ms: the agent's clock when it sent the push, ms UTC.
        connections: state by machine id; the agent sends each at least every two seconds.
        values: newest value of each tag that changed.
        conditions: all conditions that hold at a machine, by machine id; a machine that is not
            named has not been asked.
    """

    agent: Annotated[str, Meta(min_length=1, max_length=64)]
    sent_ms: _UnixMs
    connections: dict[_Id, PushedConnection]
    values: list[PushedValue]
    conditions: dict[_Id, Annotated[list[PushedCondition], Meta(max_length=200)]] = {}


_decoder = msgspec.json.Decoder(EdgePush)


def decode_push(body: bytes) -> EdgePush:
    """Decode and check one push.

    Raises:
        PushError: the body is not JSON, or not a push.
    """
    try:
        push = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PushError(f"this is no push of an edge agent: {error}") from error
    for machine, tag, _, value, _ in push.values:
        check_width(machine, tag, value)
    return push


def check_width(machine: str, tag: str, value: WireValue) -> None:
    """Refuse an integer that no OPC UA type holds.

    Raises:
        PushError: it is too wide.
    """
    if type(value) is int and not _LEAST_INT <= value <= _GREATEST_INT:
        raise PushError(f"{machine}.{tag}: the integer is wider than OPC UA's 64 bits")
