"""DataValues: values with status and times, read with `struct` to the full 100 ns of their times.

About ten times as fast as asyncua's generic decoder; values of other types than numbers, arrays of
them, texts and byte strings are read by `variants`.
"""

import struct
from collections.abc import Callable
from typing import Any

from asyncua import ua

from pilotline_edge.subscription.generic import MOST_GENERIC_BYTES
from pilotline_edge.subscription.packed_array import PackedArray
from pilotline_edge.subscription.publication import (
    LATEST_TICKS,
    TICKS_1970,
    DataValue,
    Unsupported,
)
from pilotline_edge.subscription.values import (
    MOST_ELEMENTS,
    MOST_TEXT_BYTES,
    array_of,
    byte_string,
    long_array,
    long_text,
)
from pilotline_edge.subscription.variants import read_variant
from pilotline_historian import Value

_u32 = struct.Struct("<I").unpack_from
_i32 = struct.Struct("<i").unpack_from
_i64 = struct.Struct("<q").unpack_from
_u16 = struct.Struct("<H").unpack_from

_STRING = 12
_BYTE_STRING = 15
_EXTENSION_OBJECT = 22
_ARRAY = 0x80
_LAYOUTS = dict(enumerate("?bBhHiIqQfd", start=1))
"""OPC UA built-in types with a fixed width (OPC 10000-6, 5.1.2) as `struct` writes them."""

SCALARS: dict[int, tuple[Callable[..., tuple[Any, ...]], int]] = {
    number: (struct.Struct(f"<{layout}").unpack_from, struct.calcsize(f"<{layout}"))
    for number, layout in _LAYOUTS.items()
}
"""Reader and width of each of them."""

MOST_STRUCTURED_BYTES = 2 * 1024 * 1024
"""Longest message whose structures are read."""


class NotPlain(Exception):  # noqa: N818 - control flow within decoding
    """The message holds something that the fast path does not read."""


def read_data_value(body: bytes, at: int) -> tuple[DataValue, int]:
    """Read a DataValue (OPC 10000-6, 5.2.2.17) and return it with the offset behind it."""
    mask = body[at]
    at += 1
    value: Value | Unsupported | None = None
    if mask & 0x01:
        value, at = _read_value(body, at)
    status, source, server = 0, None, None
    if mask & 0x02:
        (status,) = _u32(body, at)
        at += 4
    if mask & 0x04:
        source = ns_of_ticks(_i64(body, at)[0])
        at += 8
    if mask & 0x10:
        source = source and source + _u16(body, at)[0] // 100
        at += 2
    if mask & 0x08:
        server = ns_of_ticks(_i64(body, at)[0])
        at += 8
    if mask & 0x20:
        server = server and server + _u16(body, at)[0] // 100
        at += 2
    return (value, status, source, server), at


def _read_value(  # noqa: PLR0911 - one return per sort of value, in the order of their frequency
    body: bytes, at: int
) -> tuple[Value | Unsupported | None, int]:
    kind = body[at]
    plain = SCALARS.get(kind)
    if plain is not None:
        read, width = plain
        return read(body, at + 1)[0], at + 1 + width
    if kind not in (_STRING, _BYTE_STRING) and kind ^ _ARRAY not in SCALARS:
        return _read_further(body, at)
    (length,) = _i32(body, at + 1)
    if kind & _ARRAY:
        return _read_array(body, at + 5, kind ^ _ARRAY, length)
    if length < 0:
        return None, at + 5
    end = at + 5 + length
    if end > len(body):
        raise NotPlain
    if kind == _BYTE_STRING:
        return byte_string(body[at + 5 : end]), end
    if length > MOST_TEXT_BYTES:
        return long_text(length), end
    return body[at + 5 : end].decode("utf-8", "replace"), end


def _read_further(body: bytes, at: int) -> tuple[Value | Unsupported | None, int]:
    structure = body[at] & ~_ARRAY == _EXTENSION_OBJECT
    if len(body) > (MOST_STRUCTURED_BYTES if structure else MOST_GENERIC_BYTES):
        raise NotPlain
    try:
        return read_variant(body, at)
    except Exception as error:  # asyncua raises whatever its fields raise
        raise NotPlain from error


def _read_array(
    body: bytes, at: int, kind: int, length: int
) -> tuple[Value | Unsupported | None, int]:
    if length < 0:
        return None, at
    end = at + length * SCALARS[kind][1]
    if end > len(body):
        raise NotPlain
    name = ua.VariantType(kind).name
    if length > MOST_ELEMENTS:
        return long_array(name, length), end
    return array_of(name, PackedArray(body[at:end], _LAYOUTS[kind])), end


def ns_of_ticks(ticks: int) -> int | None:
    """Return an OPC UA time in ns UTC, or None where ns cannot say it."""
    return (ticks - TICKS_1970) * 100 if TICKS_1970 < ticks <= LATEST_TICKS else None
