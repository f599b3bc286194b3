"""Variants: what the fast decoder leaves out, read one by one so that none hides the others.

asyncua decodes a message as a whole: one structure whose bytes it cannot read loses every value
beside it, and the structures it knows are one list for all servers, whatever their namespaces.
Here a structure stays bytes until a tag asks for a field of it.
"""

import struct

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import unpack_uatype

from pilotline_edge.asyncua_guards import MOST_DIMENSIONS, unpack_array
from pilotline_edge.subscription.extension_objects import Read, read_structure
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.values import MOST_ELEMENTS, array_of, long_array, scalar
from pilotline_historian import Value

_NUMBER = 0x3F
_ARRAY = 0x80
_MATRIX = 0x40
_EXTENSION_OBJECT = 22
_LAST_BUILT_IN = 25

_i32 = struct.Struct("<i").unpack_from


def read_variant(body: bytes, at: int) -> Read:
    """Read a variant of any type.

    Raises:
        ValueError, IndexError, struct.error, asyncua.common.utils.NotEnoughData and what else
            asyncua's readers raise: the bytes are no variant.
    """
    encoding = body[at]
    number = encoding & _NUMBER
    if number > _LAST_BUILT_IN:
        raise ValueError(f"there is no built-in type {number}")
    if number == _EXTENSION_OBJECT:
        return _read_structures(body, at + 1, encoding)
    kind = ua.VariantType(number)
    buffer = Buffer(body, at + 1)
    if not encoding & _ARRAY:
        value = unpack_uatype(kind, buffer)
        return scalar(value, kind.name), buffer.cur_pos
    elements = unpack_array(kind, buffer)
    dimensions, end = _read_dimensions(body, buffer.cur_pos, encoding)
    if elements is None:
        return None, end
    if len(elements) > MOST_ELEMENTS:
        return long_array(kind.name, len(elements)), end
    kept = tuple(scalar(each, kind.name) for each in elements)
    return array_of(kind.name, kept, dimensions), end


def _read_structures(body: bytes, at: int, encoding: int) -> Read:
    if not encoding & _ARRAY:
        return read_structure(body, at)
    (length,) = _i32(body, at)
    at += 4
    found: list[Value | Unsupported | None] = []
    for _ in range(length):
        value, at = read_structure(body, at)
        found.append(value)
    dimensions, at = _read_dimensions(body, at, encoding)
    if length < 0:
        return None, at
    if length > MOST_ELEMENTS:
        return long_array("structures", length), at
    return array_of("structures", tuple(found), dimensions), at


def _read_dimensions(body: bytes, at: int, encoding: int) -> tuple[tuple[int, ...], int]:
    if not encoding & _MATRIX:
        return (), at
    (count,) = _i32(body, at)
    at += 4
    if count < 0:
        return (), at
    if count > MOST_DIMENSIONS:
        raise ValueError(f"an array of {count} dimensions, more than {MOST_DIMENSIONS}")
    return struct.unpack_from(f"<{count}i", body, at), at + 4 * count
