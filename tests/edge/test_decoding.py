"""The fast decoder says what asyncua says, to the full resolution of an OPC UA time."""

import math
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.polling.read_response import decode_read
from pilotline_edge.subscription import decoding
from pilotline_edge.subscription.generic import decode_generic
from pilotline_edge.subscription.publication import (
    LAST_SEQUENCE,
    ChangeColumns,
    Changes,
    Publication,
    next_sequence,
    sequences_ahead,
)

instants = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001 - aware below
    lambda naive: naive.replace(tzinfo=UTC)
)
variants = st.one_of(
    st.floats().map(lambda v: ua.Variant(v, ua.VariantType.Double)),
    st.floats(width=32).map(lambda v: ua.Variant(v, ua.VariantType.Float)),
    st.booleans().map(lambda v: ua.Variant(v, ua.VariantType.Boolean)),
    st.integers(-(2**15), 2**15 - 1).map(lambda v: ua.Variant(v, ua.VariantType.Int16)),
    st.integers(0, 2**16 - 1).map(lambda v: ua.Variant(v, ua.VariantType.UInt16)),
    st.integers(-(2**31), 2**31 - 1).map(lambda v: ua.Variant(v, ua.VariantType.Int32)),
    st.integers(0, 2**32 - 1).map(lambda v: ua.Variant(v, ua.VariantType.UInt32)),
    st.integers(-(2**63), 2**63 - 1).map(lambda v: ua.Variant(v, ua.VariantType.Int64)),
    st.integers(0, 2**64 - 1).map(lambda v: ua.Variant(v, ua.VariantType.UInt64)),
    st.text().map(lambda v: ua.Variant(v, ua.VariantType.String)),
    st.binary(max_size=8).map(lambda v: ua.Variant(v, ua.VariantType.ByteString)),
    st.lists(st.floats(allow_nan=False), max_size=3).map(
        lambda v: ua.Variant(v, ua.VariantType.Double, is_array=True)
    ),
    st.lists(st.integers(0, 255), max_size=3).map(
        lambda v: ua.Variant(v, ua.VariantType.Byte, is_array=True)
    ),
    st.lists(st.text(max_size=4), max_size=3).map(
        lambda v: ua.Variant(v, ua.VariantType.String, is_array=True)
    ),
    st.text(max_size=4).map(lambda v: ua.Variant(ua.LocalizedText(v))),
    st.uuids().map(lambda v: ua.Variant(v, ua.VariantType.Guid)),
    st.just(ua.Variant(None, ua.VariantType.Null)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)).map(
        lambda size: ua.Variant([[1.5] * size[1]] * size[0], ua.VariantType.Double)
    ),
    st.builds(ua.Range, st.floats(allow_nan=False), st.floats(allow_nan=False)).map(ua.Variant),
    st.lists(st.builds(ua.Range), max_size=3).map(
        lambda v: ua.Variant(v, ua.VariantType.ExtensionObject, is_array=True)
    ),
    st.builds(
        ua.ExtensionObject,
        st.builds(
            ua.NodeId,
            st.integers(30_000, 2**32 - 1) | st.text(min_size=1, max_size=4) | st.uuids(),
            st.just(ua.Int16(2)),
        ),
        st.binary(max_size=8).map(ua.ByteString),
    ).map(lambda v: ua.Variant(v, ua.VariantType.ExtensionObject)),
)


@st.composite
def data_values(draw: st.DrawFn) -> ua.DataValue:
    value: Any = ua.DataValue(draw(variants))
    value.StatusCode = ua.StatusCode(ua.UInt32(draw(st.sampled_from([0, 0x480, 0x80000000]))))
    value.SourceTimestamp = draw(st.none() | instants)
    value.ServerTimestamp = draw(st.none() | instants)
    return value  # type: ignore[no-any-return]


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    response: Any = ua.PublishResponse()
    result = response.Parameters
    result.SubscriptionId = draw(st.integers(1, 2**32 - 1))
    result.AvailableSequenceNumbers = draw(st.lists(st.integers(1, 2**32 - 1), max_size=4))
    result.MoreNotifications = draw(st.booleans())
    result.NotificationMessage.SequenceNumber = draw(st.integers(1, 2**32 - 1))
    result.NotificationMessage.PublishTime = draw(instants)
    result.NotificationMessage.NotificationData = []
    for values in draw(st.lists(st.lists(data_values(), max_size=5), max_size=2)):
        part: Any = ua.DataChangeNotification()
        for handle, value in enumerate(values, start=1):
            item: Any = ua.MonitoredItemNotification()
            item.ClientHandle, item.Value = handle, value
            part.MonitoredItems.append(item)
        result.NotificationMessage.NotificationData.append(part)
    return struct_to_binary(response)


def _comparable(publication: Publication) -> tuple[object, ...]:
    changes = [
        (handle, "NaN" if isinstance(value, float) and math.isnan(value) else value, *rest)
        for handle, value, *rest in publication.changes
    ]
    kinds = [type(change[1]) for change in publication.changes]
    return (
        publication.subscription_id,
        publication.sequence,
        publication.published_ns,
        publication.more,
        changes,
        kinds,
        publication.ended,
    )


@settings(max_examples=150, deadline=None)
@given(responses())
def test_both_decoders_agree(body: bytes) -> None:
    assert _comparable(decoding.decode(body)) == _comparable(decode_generic(body))


@settings(max_examples=100, deadline=None)
@given(st.lists(data_values(), max_size=6), instants)
def test_what_is_read_says_what_would_be_published(
    values: list[ua.DataValue], answered: datetime
) -> None:
    read, published, part = ua.ReadResponse(), ua.PublishResponse(), ua.DataChangeNotification()
    read.ResponseHeader.Timestamp = answered
    read.Results = values
    for value in values:
        item: Any = ua.MonitoredItemNotification()
        item.Value = value
        part.MonitoredItems.append(item)
    message: Any = published.Parameters.NotificationMessage
    message.PublishTime, message.NotificationData = answered, [part]
    told = decoding.decode(struct_to_binary(published))
    at_ns, held = decode_read(struct_to_binary(read))
    changes: Any = [(0, *each) for each in held]
    polled = replace(told, published_ns=at_ns, changes=changes)
    assert _comparable(polled) == _comparable(told)


@settings(max_examples=100, deadline=None)
@given(responses())
def test_a_message_sent_again_is_the_message_itself(body: bytes) -> None:
    first = decoding.decode(body)
    again = _again(body, first)
    assert _comparable(replace(first, more=True)) == _comparable(again)


def _again(body: bytes, first: Publication) -> Publication:
    """Decode the republish response with the message of a publish response."""
    response: Any = ua.RepublishResponse()
    sent = struct_from_binary(ua.PublishResponse, Buffer(body)).Parameters
    response.NotificationMessage = sent.NotificationMessage
    return decoding.decode_republished(struct_to_binary(response), first.subscription_id)


@st.composite
def rows(draw: st.DrawFn) -> bytes:
    """A message of many values, most of them in rows of one layout."""
    kind = draw(st.integers(1, 11))
    masks = st.sampled_from([0x0D, 0x0F, 0x3D, 0x3F, 0x1D, 0x05, 0x01, 0x02, 0x4D])
    usual, odd = draw(masks), draw(st.booleans())
    ticks = st.integers(116_444_736_000_000_001, 116_444_736_000_000_000 + 2**56)
    written: list[bytes] = []
    for handle in range(draw(st.integers(1, 20))):
        mask = draw(masks) if odd and draw(st.booleans()) else usual
        row = handle.to_bytes(4, "little") + bytes((mask,))
        if mask & 0x01:
            width = struct.calcsize("?bBhHiIqQfd"[kind - 1])
            row += bytes((kind,)) + draw(st.binary(min_size=width, max_size=width))
        row += draw(st.binary(min_size=4, max_size=4)) if mask & 0x02 else b""
        for time, pico in ((0x04, 0x10), (0x08, 0x20)):
            row += draw(ticks).to_bytes(8, "little") if mask & time else b""
            row += draw(st.integers(0, 9999)).to_bytes(2, "little") if mask & pico else b""
        written.append(row)
    response: Any = ua.PublishResponse()
    parts = [ua.DataChangeNotification() for _ in range(draw(st.integers(1, 2)))]
    response.Parameters.NotificationMessage.NotificationData = parts
    empty = struct_to_binary(response)
    at = empty.index(b"\x01\x00\x2b\x03\x01") + 5
    content = len(written).to_bytes(4, "little") + b"".join(written)
    length = int.from_bytes(empty[at : at + 4], "little") + len(content) - 4
    return empty[:at] + length.to_bytes(4, "little") + content + empty[at + 8 :]


@settings(max_examples=150, deadline=None)
@given(rows())
def test_rows_read_together_say_what_each_says_alone(body: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "LEAST_ROWS", 2)
        together = _outcome(body)
        patch.setattr(decoding, "LEAST_ROWS", 2**31)
        assert together == _outcome(body)


def _outcome(body: bytes) -> object:
    try:
        return _comparable(decoding.decode(body))
    except UndecodableMessage:
        return UndecodableMessage


def test_rows_can_be_looked_at_one_by_one() -> None:
    held = ChangeColumns([1, 2, 3], [1.0, 2.0, 3.0], [0, 0, 0], [7, 8, 9], [7, 8, 9])
    changes = Changes(held)
    assert changes[1] == (2, 2.0, 0, 8, 8)
    assert changes[1:] == list(changes)[1:]
    assert len(changes) == 3


@settings(max_examples=150, deadline=None)
@given(responses(), st.data())
def test_a_damaged_message_is_decoded_or_refused_but_never_breaks(
    body: bytes, data: st.DataObject
) -> None:
    broken = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)))
    try:
        decoding.decode(bytes(broken[:cut]))
    except (UndecodableMessage, ua.uaerrors.UaStatusCodeError):
        return


def test_a_source_time_keeps_its_hundred_nanoseconds() -> None:
    response: Any = ua.PublishResponse()
    part: Any = ua.DataChangeNotification()
    item: Any = ua.MonitoredItemNotification()
    item.ClientHandle = 7
    item.Value = ua.DataValue(ua.Variant(1.5, ua.VariantType.Double))
    item.Value.SourceTimestamp = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    part.MonitoredItems.append(item)
    response.Parameters.NotificationMessage.NotificationData = [part]
    body = bytearray(struct_to_binary(response))
    exact = (
        (item.Value.SourceTimestamp - datetime(1601, 1, 1, tzinfo=UTC))
        // timedelta(microseconds=1)
        * 10
    )
    at = body.index(exact.to_bytes(8, "little"))
    body[at : at + 8] = (exact + 3).to_bytes(8, "little")
    ((_, value, _, source_ns, _),) = decoding.decode(bytes(body)).changes
    assert value == 1.5
    assert source_ns is not None
    assert source_ns % 1000 == 300
    again = b"\x01\x00\x43\x03" + bytes(body[4:28] + body[37:-8])
    (change,) = decoding.decode_republished(again, 1).changes
    assert change[3] == source_ns, "sent again, it is the same point"


def test_picoseconds_are_read_where_the_standard_puts_them() -> None:
    """OPC 10000-6, 5.2.2.17: each picosecond field follows its time; asyncua has them last."""
    ticks = 116_444_736_000_000_000 + 10_000_000
    value = b"".join(
        (
            (7).to_bytes(4, "little"),
            bytes((0x3D,)),
            bytes((1, 1)),
            ticks.to_bytes(8, "little"),
            (4200).to_bytes(2, "little"),
            (ticks + 5).to_bytes(8, "little"),
            (900).to_bytes(2, "little"),
        )
    )
    response: Any = ua.PublishResponse()
    part: Any = ua.DataChangeNotification()
    response.Parameters.NotificationMessage.NotificationData = [part]
    empty = struct_to_binary(response)
    at = empty.index(b"\x01\x00\x2b\x03\x01") + 5
    length = int.from_bytes(empty[at : at + 4], "little")
    list_end = at + 8
    body = b"".join(
        (
            empty[:at],
            (length + len(value)).to_bytes(4, "little"),
            (1).to_bytes(4, "little"),
            value,
            empty[list_end:],
        )
    )
    ((handle, held, _, source_ns, server_ns),) = decoding.decode(body).changes
    assert (handle, held) == (7, True)
    assert source_ns == 1_000_000_042
    assert server_ns == 1_000_000_509


def test_the_end_of_a_subscription_is_read() -> None:
    response: Any = ua.PublishResponse()
    ending: Any = ua.StatusChangeNotification()
    ending.Status = ua.StatusCode(ua.UInt32(0x800A0000))
    response.Parameters.NotificationMessage.NotificationData = [ending]
    assert decoding.decode(struct_to_binary(response)).ended == 0x800A0000


@pytest.mark.parametrize(
    ("expected", "got", "ahead"),
    [(5, 5, 0), (5, 8, 3), (5, 4, -1), (LAST_SEQUENCE, 1, 1), (1, LAST_SEQUENCE, -1)],
)
def test_sequence_numbers_wrap_past_zero(expected: int, got: int, ahead: int) -> None:
    assert sequences_ahead(expected, got) == ahead
    assert next_sequence(LAST_SEQUENCE) == 1
