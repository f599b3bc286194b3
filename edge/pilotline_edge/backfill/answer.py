"""Answer: from the bytes of a history read response to recorded values.

Times are read to the full 100 ns; asyncua would cut them to microseconds, and a value of history
would pass for another one than the same value read live.
"""

import struct
from typing import NamedTuple

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import (
    Primitives,
    nodeid_from_binary,
    struct_from_binary,
    variant_from_binary,
)

import pilotline_edge.asyncua_guards  # noqa: F401 - before anything is decoded
from pilotline_edge.backfill.evidence import Recorded
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription.data_values import SCALARS, ns_of_ticks
from pilotline_edge.subscription.generic import MOST_GENERIC_BYTES
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.response import header_extends
from pilotline_edge.subscription.values import value_of
from pilotline_historian import Value

_HISTORY = {
    ObjectIds.HistoryData_Encoding_DefaultBinary,
    ObjectIds.HistoryModifiedData_Encoding_DefaultBinary,
}
_BODY = 0x01
_MOST_BYTES = 4 * 1024 * 1024
_MOST_POINT_BYTES = 8 * 1024
_PLAIN_HEADER_BYTES = 28
_LAYOUTS = ((0x02, struct.Struct("<I")), (0x04, struct.Struct("<q")), (0x10, struct.Struct("<H")))
_SERVER = ((0x08, struct.Struct("<q")), (0x20, struct.Struct("<H")))


class Answer(NamedTuple):
    """What a server answered for one node.

    Attributes:
        status: status code of the operation.
        continuation: where to ask on, or None at the end.
        recorded: values, at most as many as were asked for.
    """

    status: int
    continuation: bytes | None
    recorded: list[Recorded]


def read_answers(body: bytes, nodes: int, most: int) -> list[Answer]:
    """Return the answers in a history read response.

    Args:
        body: its bytes.
        nodes: number of nodes asked for.
        most: values asked for of each node; a server that sends more is not read further.

    Raises:
        UndecodableMessage: the bytes are no such response, or more than may be read.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    try:
        return _read(body, nodes, most)
    except uaerrors.UaStatusCodeError:
        raise
    except Exception as error:  # asyncua raises whatever its fields raise
        raise UndecodableMessage(
            f"a history response of {len(body)} bytes cannot be read: {error!r}"
        ) from error


def _read(body: bytes, nodes: int, most: int) -> list[Answer]:
    buffer = _behind_header(body)
    count = Primitives.Int32.unpack(buffer)
    if count != nodes:
        raise ValueError(f"{count} answers for {nodes} nodes")
    return [_answer(buffer, most, generic=len(body)) for _ in range(nodes)]


def _behind_header(body: bytes) -> Buffer:
    """Return what follows the response header, which asyncua reads where it is no plain one."""
    if len(body) > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES} bytes")
    if not header_extends(body):
        return Buffer(body, _PLAIN_HEADER_BYTES)
    if len(body) > MOST_GENERIC_BYTES:
        raise ValueError("its header is not plain")
    buffer = Buffer(body)
    nodeid_from_binary(buffer)
    struct_from_binary(ua.ResponseHeader, buffer).ServiceResult.check()
    return buffer


def _answer(buffer: Buffer, most: int, generic: int) -> Answer:
    status = int(Primitives.UInt32.unpack(buffer))
    continuation = Primitives.ByteString.unpack(buffer)
    kind = nodeid_from_binary(buffer)
    data = b""
    if buffer.read(1)[0] & _BODY:
        data = bytes(buffer.read(max(Primitives.Int32.unpack(buffer), 0)))
    if len(continuation or b"") > _MOST_POINT_BYTES:
        raise ValueError(f"a continuation point of more than {_MOST_POINT_BYTES} bytes")
    if kind.Identifier not in _HISTORY or not data:
        return Answer(status, continuation or None, [])
    (count,) = struct.unpack_from("<i", data)
    if count > most:
        # Where it goes on lies behind what is not read.
        continuation = None
    recorded: list[Recorded] = []
    at = 4
    for _ in range(min(count, most)):
        each, at = _value(data, at, generic)
        if each is not None:
            recorded.append(each)
    return Answer(status, continuation or None, recorded)


def _value(data: bytes, at: int, generic: int) -> tuple[Recorded | None, int]:
    """Read one DataValue (OPC 10000-6, 5.2.2.17) and return the offset behind it."""
    mask = data[at]
    at += 1
    value: Value | Unsupported | None = None
    if mask & 0x01:
        value, at = _variant(data, at, generic)
    fields = {0x02: 0, 0x04: 0, 0x10: 0, 0x08: 0, 0x20: 0}
    for bit, layout in (*_LAYOUTS, *_SERVER):
        if mask & bit:
            (fields[bit],) = layout.unpack_from(data, at)
            at += layout.size
    source_ns = _ns(fields[0x04], fields[0x10])
    server_ns = _ns(fields[0x08], fields[0x20])
    time_ns = source_ns or server_ns
    if time_ns is None:
        return None, at
    return Recorded(time_ns, value, fields[0x02], server_ns), at


def _variant(data: bytes, at: int, generic: int) -> tuple[Value | Unsupported | None, int]:
    fixed = SCALARS.get(data[at])
    if fixed is not None:
        read, width = fixed
        return read(data, at + 1)[0], at + 1 + width
    if generic > MOST_GENERIC_BYTES:
        raise ValueError(f"{generic} bytes hold more than numbers")
    buffer = Buffer(data, at)
    value = value_of(variant_from_binary(buffer))
    return value, len(data) - len(buffer)


def _ns(ticks: int, picoseconds_10: int) -> int | None:
    whole = ns_of_ticks(ticks)
    return None if whole is None else whole + picoseconds_10 // 100
