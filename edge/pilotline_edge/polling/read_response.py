"""Read response: from its bytes to the values of the nodes that were polled."""

import struct

from asyncua import ua

from pilotline_edge.subscription.data_values import NotPlain, ns_of_ticks, read_data_value
from pilotline_edge.subscription.generic import held, ns_of
from pilotline_edge.subscription.publication import DataValue
from pilotline_edge.subscription.response import header_extends, read_response

_READ_RESPONSE = b"\x01\x00\x7a\x02"

_i32 = struct.Struct("<i").unpack_from
_i64 = struct.Struct("<q").unpack_from


def decode_read(body: bytes) -> tuple[int | None, list[DataValue]]:
    """Decode a read response: when the server gave it, ns UTC, and what it read.

    Raises:
        UndecodableMessage: neither path understands the bytes.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    try:
        return _fast_read(body)
    except (NotPlain, struct.error, IndexError):
        pass
    response = read_response(ua.ReadResponse, body, "read")
    answered = ns_of(response.ResponseHeader.Timestamp)
    return answered, [held(data) for data in response.Results or ()]


def _fast_read(body: bytes) -> tuple[int | None, list[DataValue]]:
    if body[:4] != _READ_RESPONSE or header_extends(body):
        raise NotPlain
    (answered,) = _i64(body, 4)
    (count,) = _i32(body, 28)
    values: list[DataValue] = []
    at = 32
    for _ in range(count):
        value, at = read_data_value(body, at)
        values.append(value)
    return ns_of_ticks(answered), values
