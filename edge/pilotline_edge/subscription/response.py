"""Response: what a server's answers to all services have in common."""

import struct
from typing import TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

import pilotline_edge.asyncua_guards  # noqa: F401 - before anything is decoded
from pilotline_edge.errors import UndecodableMessage

_Response = TypeVar("_Response", ua.PublishResponse, ua.ReadResponse, ua.RepublishResponse)

_NO_HEADER_EXTENSION = b"\x00\x00\x00"

_u32 = struct.Struct("<I").unpack_from
_i32 = struct.Struct("<i").unpack_from


def header_extends(body: bytes) -> bool:
    """Return whether a response's header says more than that all is well.

    It is: time, request handle, service result, diagnostics, strings, extension.
    """
    return bool(
        _u32(body, 16)[0]
        or body[20]
        or _i32(body, 21)[0] > 0
        or body[25:28] != _NO_HEADER_EXTENSION
    )


def read_response(kind: type[_Response], body: bytes, name: str) -> _Response:
    """Read a response with asyncua.

    Args:
        kind: class of the response.
        body: its bytes.
        name: name of its service, for a person.

    Raises:
        UndecodableMessage: asyncua does not understand the bytes.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    try:
        response: _Response = struct_from_binary(kind, Buffer(body))
    except Exception as error:  # asyncua raises whatever its fields raise
        raise UndecodableMessage(
            f"a {name} response of {len(body)} bytes cannot be read: {error!r}"
        ) from error
    response.ResponseHeader.ServiceResult.check()
    return response
