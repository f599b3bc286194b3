"""Decodes pushes of edge agents: whole where they are sound, else item by item."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from pilotline_api.live.push import (
    MAX_CONDITIONS,
    EdgePush,
    Holding,
    MachineId,
    PushedCondition,
    PushedConnection,
    PushedValue,
    PushError,
    RefusedItem,
    UnixMs,
    check_width,
)

_Agent = Annotated[str, Meta(min_length=1, max_length=64)]
_MOST_SHOWN: Final = 64
_MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_T = TypeVar("_T")


class _Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agent: _Agent
    sent_ms: UnixMs
    connections: dict[MachineId, PushedConnection]
    values: list[PushedValue]
    conditions: dict[
        MachineId, Annotated[list[PushedCondition], Meta(max_length=MAX_CONDITIONS)]
    ] = {}


class _Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agent: _Agent
    sent_ms: UnixMs
    connections: dict[str, msgspec.Raw]
    values: list[msgspec.Raw]
    conditions: dict[str, msgspec.Raw] = {}


_whole: Final = msgspec.json.Decoder(_Whole)
_items: Final = msgspec.json.Decoder(_Items)
_names: Final = msgspec.json.Decoder(list[msgspec.Raw])
_text: Final = msgspec.json.Decoder(str)
_value: Final = msgspec.json.Decoder(PushedValue)
_connection: Final = msgspec.json.Decoder(PushedConnection)
_condition: Final = msgspec.json.Decoder(PushedCondition)
_machine: Final = msgspec.json.Decoder(MachineId)


def decode_push(body: bytes) -> tuple[EdgePush, Sequence[RefusedItem]]:
    """Decode and check one push; an item that is wrong costs no other.

    Returns:
        What is sound, and what is not.

    Raises:
        PushError: the body is not JSON, or not a push.
    """
    try:
        push = _whole.decode(body)
        for machine, tag, _, value, _ in push.values:
            check_width(machine, tag, value)
    except (*_MALFORMED, PushError):
        return _decode_items(body)
    conditions = {machine: Holding(told) for machine, told in push.conditions.items()}
    return EdgePush(push.agent, push.sent_ms, push.connections, push.values, conditions), ()


def _decode_items(body: bytes) -> tuple[EdgePush, Sequence[RefusedItem]]:
    try:
        push = _items.decode(body)
    except _MALFORMED as error:
        raise PushError(f"this is no push of an edge agent: {error}") from error
    refused: list[RefusedItem] = []
    values = [
        value
        for index, raw in enumerate(push.values)
        if (value := _taken(_checked_value, raw, f"/values/{index}", _named(raw), refused))
    ]
    connections = {}
    for machine, raw in push.connections.items():
        pointer = f"/connections/{_escaped(machine)}"
        if told := _taken(
            _of_machine(machine, _connection.decode), raw, pointer, _shown(machine), refused
        ):
            connections[machine] = told
    conditions = dict(_holdings(push.conditions, refused))
    return EdgePush(push.agent, push.sent_ms, connections, values, conditions), refused


def _holdings(
    pushed: Mapping[str, msgspec.Raw], refused: list[RefusedItem]
) -> Iterator[tuple[str, Holding]]:
    """Yield what each machine says of its conditions, which is not all where one is refused."""
    for machine, raw in pushed.items():
        pointer = f"/conditions/{_escaped(machine)}"
        rows = _taken(_of_machine(machine, _names.decode), raw, pointer, _shown(machine), refused)
        if rows is None:
            continue
        before = len(refused)
        told = [
            row
            for index, each in enumerate(rows[:MAX_CONDITIONS])
            if (
                row := _taken(
                    _condition.decode, each, f"{pointer}/{index}", _shown(machine), refused
                )
            )
        ]
        if len(rows) > MAX_CONDITIONS:
            reason = f"more than {MAX_CONDITIONS} conditions; the first ones are taken"
            refused.append(RefusedItem(f"{pointer}/{MAX_CONDITIONS}", _shown(machine), reason))
        yield machine, Holding(told, whole=len(refused) == before)


def _taken(
    decode: Callable[[msgspec.Raw], _T],
    raw: msgspec.Raw,
    pointer: str,
    about: str,
    refused: list[RefusedItem],
) -> _T | None:
    """Return a decoded item, or None once it is noted why it is refused."""
    try:
        return decode(raw)
    except (*_MALFORMED, PushError) as error:
        refused.append(RefusedItem(pointer, about or pointer, str(error)))
        return None


def _checked_value(raw: msgspec.Raw) -> PushedValue:
    pushed: PushedValue = _value.decode(raw)
    machine, tag, _, value, _ = pushed
    check_width(machine, tag, value)
    return pushed


def _of_machine(machine: str, decode: Callable[[msgspec.Raw], _T]) -> Callable[[msgspec.Raw], _T]:
    """Return a decoder that looks at the machine's id first."""

    def decoded(raw: msgspec.Raw) -> _T:
        _machine.decode(msgspec.json.encode(machine))
        return decode(raw)

    return decoded


def _named(raw: msgspec.Raw) -> str:
    """Return machine and tag of a value that may be anything, or nothing."""
    try:
        machine, tag, *_ = (_text.decode(each) for each in _names.decode(raw)[:2])
    except (*_MALFORMED, ValueError):
        return ""
    return f"{_shown(machine)}.{_shown(tag)}"


def _shown(name: str) -> str:
    return name if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]}…"


def _escaped(name: str) -> str:
    """Return a name as a part of a JSON pointer (RFC 6901)."""
    return _shown(name).replace("~", "~0").replace("/", "~1")
