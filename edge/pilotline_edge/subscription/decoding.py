"""Decoding: from the bytes of a publish response to a publication.

A fast path reads numbers, arrays of them, texts and byte strings with `struct`, about ten times as
fast as asyncua's generic decoder and to the full 100 ns of an OPC UA time; values of other types
are read by `variants`. Anything but values is left to asyncua, which keeps microseconds and reads
picoseconds where the standard does not put them.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription.publication import (
    LATEST_TICKS,
    TICKS_1970,
    Change,
    ChangeColumns,
    Changes,
    DataValue,
    EventFields,
    Publication,
    Unsupported,
)
from pilotline_edge.subscription.values import (
    MOST_ELEMENTS,
    MOST_TEXT_BYTES,
    array_of,
    byte_string,
    long_array,
    long_text,
    value_of,
)
from pilotline_edge.subscription.variants import read_variant
from pilotline_historian import Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_PUBLISH_RESPONSE = b"\x01\x00\x3d\x03"
_REPUBLISH_RESPONSE = b"\x01\x00\x43\x03"
_NO_RESULTS = b"\xff\xff\xff\xff\xff\xff\xff\xff"
_READ_RESPONSE = b"\x01\x00\x7a\x02"
_DATA_CHANGE = b"\x01\x00\x2b\x03\x01"
_NO_HEADER_EXTENSION = b"\x00\x00\x00"

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

_SCALARS: dict[int, tuple[Callable[..., tuple[Any, ...]], int]] = {
    number: (struct.Struct(f"<{layout}").unpack_from, struct.calcsize(f"<{layout}"))
    for number, layout in _LAYOUTS.items()
}

LEAST_ROWS = 64
"""Values in a message from which they are read at once where they are of one layout."""

MOST_CHANGES = 100_000
"""Most values of one message that are looked at, ten times what servers are asked to send."""

MOST_GENERIC_BYTES = 512 * 1024
"""Longest message asyncua decodes: it takes up to four microseconds and seventy bytes for each."""

MOST_STRUCTURED_BYTES = 2 * 1024 * 1024
"""Longest message whose structures are read."""


class _NotPlain(Exception):  # noqa: N818 - control flow within this module
    """The message holds something that the fast path does not read."""


def decode(body: bytes) -> Publication:
    """Decode a publish response.

    Raises:
        UndecodableMessage: neither path understands the bytes.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    try:
        return _fast(body)
    except (_NotPlain, struct.error, IndexError):
        return decode_generic(body)


def decode_republished(body: bytes, subscription_id: int) -> Publication:
    """Decode a republish response, whose message is laid out like that of a publish response.

    Read by asyncua, a value sent again would have another source time than the value itself.

    Raises:
        UndecodableMessage: the bytes cannot be understood.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    if body[:4] == _REPUBLISH_RESPONSE and not _header_extends(body):
        head = struct.pack("<Ii?", subscription_id, 0, True)
        return decode(_PUBLISH_RESPONSE + body[4:28] + head + body[28:] + _NO_RESULTS)
    _need_generic(body)
    try:
        response = struct_from_binary(ua.RepublishResponse, Buffer(body))
    except Exception as error:  # asyncua raises whatever its fields raise
        raise UndecodableMessage(
            f"a republish response of {len(body)} bytes cannot be read: {error!r}"
        ) from error
    response.ResponseHeader.ServiceResult.check()
    return from_message(subscription_id, response.NotificationMessage, more=True)


def _need_generic(body: bytes) -> None:
    if len(body) > MOST_GENERIC_BYTES:
        raise UndecodableMessage(
            f"a publish response of {len(body)} bytes holds more than plain values, and is above "
            f"the {MOST_GENERIC_BYTES} bytes up to which that is read"
        )


def decode_generic(body: bytes) -> Publication:
    """Decode a publish response with asyncua.

    Raises:
        UndecodableMessage: asyncua does not understand the bytes, or there are too many of them.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    _need_generic(body)
    try:
        response = struct_from_binary(ua.PublishResponse, Buffer(body))
    except Exception as error:  # asyncua raises whatever its fields raise
        raise UndecodableMessage(
            f"a publish response of {len(body)} bytes cannot be read: {error!r}"
        ) from error
    response.ResponseHeader.ServiceResult.check()
    result = response.Parameters
    return from_message(
        result.SubscriptionId,
        result.NotificationMessage,
        more=bool(result.MoreNotifications),
        answered=response.ResponseHeader.Timestamp,
    )


def from_message(
    subscription_id: int,
    message: ua.NotificationMessage,
    *,
    more: bool,
    answered: datetime | None = None,
) -> Publication:
    """Return asyncua's notification message as a publication."""
    changes: list[Change] = []
    events: list[EventFields] = []
    ended: int | None = None
    for part in message.NotificationData or ():
        if isinstance(part, ua.DataChangeNotification):
            changes.extend(_change(item) for item in part.MonitoredItems or ())
        elif isinstance(part, ua.EventNotificationList):
            events.extend(_fields(item) for item in part.Events or ())
        elif isinstance(part, ua.StatusChangeNotification):
            ended = int(part.Status.value)
    return Publication(
        subscription_id=int(subscription_id),
        sequence=int(message.SequenceNumber),
        published_ns=_ns_of(message.PublishTime),
        more=more,
        changes=changes,
        ended=ended,
        events=events,
        answered_ns=_ns_of(answered),
    )


def _fields(item: ua.EventFieldList) -> EventFields:
    return tuple(field.Value for field in item.EventFields or ())


def decode_read(body: bytes) -> tuple[int | None, list[DataValue]]:
    """Decode a read response: when the server gave it, ns UTC, and what it read.

    Raises:
        UndecodableMessage: neither path understands the bytes.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    try:
        return _fast_read(body)
    except (_NotPlain, struct.error, IndexError):
        pass
    try:
        response = struct_from_binary(ua.ReadResponse, Buffer(body))
    except Exception as error:  # asyncua raises whatever its fields raise
        raise UndecodableMessage(
            f"a read response of {len(body)} bytes cannot be read: {error!r}"
        ) from error
    response.ResponseHeader.ServiceResult.check()
    answered = _ns_of(response.ResponseHeader.Timestamp)
    return answered, [_held(data) for data in response.Results or ()]


def _change(item: ua.MonitoredItemNotification) -> Change:
    return (int(item.ClientHandle), *_held(item.Value))


def _held(data: ua.DataValue) -> DataValue:
    return (
        value_of(data.Value),
        int(data.StatusCode.value) if data.StatusCode is not None else 0,
        _ns_of(data.SourceTimestamp),
        _ns_of(data.ServerTimestamp),
    )


def _ns_of(instant: datetime | None) -> int | None:
    if instant is None:
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    ns = (aware - _EPOCH) // _MICROSECOND * 1000
    return ns if 0 < ns < 2**63 else None


def _fast(body: bytes) -> Publication:
    if body[:4] != _PUBLISH_RESPONSE or _header_extends(body):
        raise _NotPlain
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
            raise _NotPlain
        (length,) = _i32(body, at + 5)
        at += 9
        if length < 8 or at + length > len(body):
            raise _NotPlain
        piece, end = _read_changes(body, at, MOST_CHANGES - read)
        if end > at + length:
            raise _NotPlain
        pieces.append(piece)
        read += len(piece)
        at += length
    changes = pieces[0] if len(pieces) == 1 else list(chain.from_iterable(pieces))
    return Publication(subscription_id, sequence, _ns_of_ticks(published), more, changes)


def _fast_read(body: bytes) -> tuple[int | None, list[DataValue]]:
    if body[:4] != _READ_RESPONSE or _header_extends(body):
        raise _NotPlain
    (answered,) = _i64(body, 4)
    (count,) = _i32(body, 28)
    values: list[DataValue] = []
    at = 32
    for _ in range(count):
        held, at = _read_data_value(body, at)
        values.append(held)
    return _ns_of_ticks(answered), values


def _header_extends(body: bytes) -> bool:
    """Return whether a response's header says more than that all is well.

    It is: time, request handle, service result, diagnostics, strings, extension.
    """
    return bool(
        _u32(body, 16)[0]
        or body[20]
        or _i32(body, 21)[0] > 0
        or body[25:28] != _NO_HEADER_EXTENSION
    )


def _ns_of_ticks(ticks: int) -> int | None:
    return (ticks - TICKS_1970) * 100 if TICKS_1970 < ticks <= LATEST_TICKS else None


def _read_changes(body: bytes, at: int, most: int) -> tuple[Sequence[Change], int]:
    """Read a DataChangeNotification's values and return them with the offset behind them."""
    (count,) = _i32(body, at)
    at += 4
    if count > most:
        raise UndecodableMessage(
            f"a publish response of {len(body)} bytes holds more than the {MOST_CHANGES} values "
            "up to which one is read"
        )
    if count >= LEAST_ROWS and (found := _read_rows(body, at, count)):
        return Changes(found[0]), found[1]
    changes: list[Change] = []
    for _ in range(count):
        (handle,) = _u32(body, at)
        held, at = _read_data_value(body, at + 4)
        changes.append((handle, *held))
    return changes, at


def _read_data_value(body: bytes, at: int) -> tuple[DataValue, int]:
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
        source = _ns_of_ticks(_i64(body, at)[0])
        at += 8
    if mask & 0x10:
        source = source and source + _u16(body, at)[0] // 100
        at += 2
    if mask & 0x08:
        server = _ns_of_ticks(_i64(body, at)[0])
        at += 8
    if mask & 0x20:
        server = server and server + _u16(body, at)[0] // 100
        at += 2
    return (value, status, source, server), at


def _read_rows(body: bytes, at: int, count: int) -> tuple[ChangeColumns, int] | None:
    from pilotline_edge.subscription.rows import read_rows

    return read_rows(body, at, count)


def _read_value(  # noqa: PLR0911 - one return per sort of value, in the order of their frequency
    body: bytes, at: int
) -> tuple[Value | Unsupported | None, int]:
    kind = body[at]
    plain = _SCALARS.get(kind)
    if plain is not None:
        read, width = plain
        return read(body, at + 1)[0], at + 1 + width
    if kind not in (_STRING, _BYTE_STRING) and kind ^ _ARRAY not in _SCALARS:
        return _read_further(body, at)
    (length,) = _i32(body, at + 1)
    if kind & _ARRAY:
        return _read_array(body, at + 5, kind ^ _ARRAY, length)
    if length < 0:
        return None, at + 5
    end = at + 5 + length
    if end > len(body):
        raise _NotPlain
    if kind == _BYTE_STRING:
        return byte_string(body[at + 5 : end]), end
    if length > MOST_TEXT_BYTES:
        return long_text(length), end
    return body[at + 5 : end].decode("utf-8", "replace"), end


def _read_further(body: bytes, at: int) -> tuple[Value | Unsupported | None, int]:
    structure = body[at] & ~_ARRAY == _EXTENSION_OBJECT
    if len(body) > (MOST_STRUCTURED_BYTES if structure else MOST_GENERIC_BYTES):
        raise _NotPlain
    try:
        return read_variant(body, at)
    except Exception as error:  # asyncua raises whatever its fields raise
        raise _NotPlain from error


def _read_array(
    body: bytes, at: int, kind: int, length: int
) -> tuple[Value | Unsupported | None, int]:
    if length < 0:
        return None, at
    end = at + length * _SCALARS[kind][1]
    if end > len(body):
        raise _NotPlain
    name = ua.VariantType(kind).name
    if length > MOST_ELEMENTS:
        return long_array(name, length), end
    elements = struct.unpack_from(f"<{length}{_LAYOUTS[kind]}", body, at)
    return array_of(name, elements), end
