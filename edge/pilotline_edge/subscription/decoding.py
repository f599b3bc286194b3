"""Decoding: from the bytes of a publish response to a publication.

What reports nothing but values is read by `data_values` and `rows`, anything else by asyncua
(`generic`).
"""

import struct
from collections.abc import Sequence
from itertools import chain

from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription.data_values import NotPlain, ns_of_ticks, read_data_value
from pilotline_edge.subscription.generic import decode_generic, decode_republished_generic
from pilotline_edge.subscription.publication import Change, Changes, Publication
from pilotline_edge.subscription.response import header_extends
from pilotline_edge.subscription.rows import read_rows

_PUBLISH_RESPONSE = b"\x01\x00\x3d\x03"
_REPUBLISH_RESPONSE = b"\x01\x00\x43\x03"
_NO_RESULTS = b"\xff\xff\xff\xff\xff\xff\xff\xff"
_DATA_CHANGE = b"\x01\x00\x2b\x03\x01"

_u32 = struct.Struct("<I").unpack_from
_i32 = struct.Struct("<i").unpack_from
_i64 = struct.Struct("<q").unpack_from

LEAST_ROWS = 64
"""Values in a message from which they are read at once where they are of one layout."""

MOST_CHANGES = 100_000
"""Most values of one message that are looked at, ten times what servers are asked to send."""


def decode(body: bytes) -> Publication:
    """Decode a publish response.

    Raises:
        UndecodableMessage: neither path understands the bytes.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    try:
        return _fast(body)
    except (NotPlain, struct.error, IndexError):
        return decode_generic(body)


def decode_republished(body: bytes, subscription_id: int) -> Publication:
    """Decode a republish response, whose message is laid out like that of a publish response.

    Read by asyncua, a value sent again would have another source time than the value itself.

    Raises:
        UndecodableMessage: the bytes cannot be understood.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    if body[:4] == _REPUBLISH_RESPONSE and not header_extends(body):
        head = struct.pack("<Ii?", subscription_id, 0, True)
        return decode(_PUBLISH_RESPONSE + body[4:28] + head + body[28:] + _NO_RESULTS)
    return decode_republished_generic(body, subscription_id)


def _fast(body: bytes) -> Publication:
    if body[:4] != _PUBLISH_RESPONSE or header_extends(body):
        raise NotPlain
    (answered,) = _i64(body, 4)
    (subscription_id,) = _u32(body, 28)
    (available,) = _i32(body, 32)
    at = 36 + 4 * max(available, 0)
    more = body[at] != 0
    (sequence,) = _u32(body, at + 1)
    (published,) = _i64(body, at + 5)
    (parts,) = _i32(body, at + 13)
    at += 17
    pieces: list[Sequence[Change]] = []
    read = 0
    for _ in range(max(parts, 0)):
        if body[at : at + 5] != _DATA_CHANGE:
            raise NotPlain
        (length,) = _i32(body, at + 5)
        at += 9
        if length < 8 or at + length > len(body):
            raise NotPlain
        piece, end = _read_changes(body, at, MOST_CHANGES - read)
        if end > at + length:
            raise NotPlain
        pieces.append(piece)
        read += len(piece)
        at += length
    changes = pieces[0] if len(pieces) == 1 else list(chain.from_iterable(pieces))
    return Publication(
        subscription_id,
        sequence,
        ns_of_ticks(published),
        more,
        changes,
        answered_ns=ns_of_ticks(answered),
    )


def _read_changes(body: bytes, at: int, most: int) -> tuple[Sequence[Change], int]:
    """Read a DataChangeNotification's values and return them with the offset behind them."""
    (count,) = _i32(body, at)
    at += 4
    if count > most:
        raise UndecodableMessage(
            f"a publish response of {len(body)} bytes holds more than the {MOST_CHANGES} values "
            "up to which one is read"
        )
    if count >= LEAST_ROWS and (found := read_rows(body, at, count)):
        return Changes(found[0]), found[1]
    changes: list[Change] = []
    for _ in range(count):
        (handle,) = _u32(body, at)
        held, at = read_data_value(body, at + 4)
        changes.append((handle, *held))
    return changes, at
