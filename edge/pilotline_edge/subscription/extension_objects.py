"""ExtensionObjects: structures as a server sent them, their fields not yet read."""

import struct
from functools import lru_cache
from typing import Any
from uuid import UUID

from asyncua import ua
from asyncua.ua.ua_binary import extensionobject_to_binary

from pilotline_edge.subscription.publication import Encoded, Unsupported
from pilotline_historian import Value

_BINARY, _XML = 1, 2
_REMEMBERED = 1024

Read = tuple[Value | Unsupported | None, int]
"""A value and the offset behind it."""

_u16 = struct.Struct("<H").unpack_from
_u32 = struct.Struct("<I").unpack_from
_i32 = struct.Struct("<i").unpack_from


def read_structure(body: bytes, at: int) -> Read:
    """Read an ExtensionObject and leave its fields as they are.

    Raises:
        ValueError, IndexError, struct.error: the bytes are none.
    """
    type_id, at = _read_node_id(body, at)
    encoding = body[at]
    if encoding not in (_BINARY, _XML):
        return None, at + 1
    (length,) = _i32(body, at + 1)
    at += 5
    end = at + max(length, 0)
    if end > len(body):
        raise ValueError(f"a structure of {length} bytes goes beyond its message")
    name = _structure_name(type_id)
    if encoding == _XML:
        return Unsupported(f"{name} as XML"), end
    return Unsupported(name, encoded=Encoded(type_id, body[at:end])), end


def structure_of(value: object) -> Unsupported | None:
    """Return a structure that asyncua decoded as it was sent."""
    if isinstance(value, ua.ExtensionObject):
        if value.Body is None:
            return None
        name = _structure_name(value.TypeId)
        return Unsupported(name, encoded=Encoded(value.TypeId, bytes(value.Body)))
    try:
        found, _ = read_structure(extensionobject_to_binary(value), 0)
    except Exception as error:  # noqa: BLE001 - asyncua raises whatever its fields raise
        return Unsupported(f"structure {type(value).__name__}, which cannot be read: {error!r}")
    return found if isinstance(found, Unsupported) else None


def _structure_name(type_id: ua.NodeId) -> str:
    if isinstance(type_id.Identifier, int):
        return _numbered_name(type_id.NamespaceIndex, type_id.Identifier)
    return f"structure {type_id.to_string()[:80]}"


@lru_cache(maxsize=_REMEMBERED)
def _numbered_name(namespace: int, number: int) -> str:
    type_id = _numbered(namespace, number)
    if not type_id.NamespaceIndex:
        known = ua.extension_objects_by_typeid.get(type_id)
        if known is not None:
            return f"structure {known.__name__}"
    return f"structure {type_id.to_string()[:80]}"


@lru_cache(maxsize=_REMEMBERED)
def _numbered(namespace: int, number: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(number), ua.Int16(namespace))


def _read_node_id(body: bytes, at: int) -> tuple[ua.NodeId, int]:
    """Read a node id (OPC 10000-6, 5.2.2.9)."""
    encoding = body[at]
    at += 1
    if encoding == 0:
        return _numbered(0, body[at]), at + 1
    if encoding == 1:
        return _numbered(body[at], _u16(body, at + 1)[0]), at + 3
    namespace = ua.Int16(_u16(body, at)[0])
    at += 2
    if encoding == 2:
        return _numbered(namespace, _u32(body, at)[0]), at + 4
    if encoding == 4:
        guid: Any = UUID(bytes_le=body[at : at + 16])
        return ua.NodeId(guid, namespace), at + 16
    if encoding not in (3, 5):
        raise ValueError(f"there is no node id encoded as {encoding}")
    (length,) = _u32(body, at)
    end = at + 4 + length
    if end > len(body):
        raise ValueError(f"a node id of {length} bytes goes beyond its message")
    text = body[at + 4 : end]
    identifier: Any = text.decode("utf-8", "replace") if encoding == 3 else text
    return ua.NodeId(identifier, namespace), end
