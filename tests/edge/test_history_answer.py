"""Answers to history questions are read as asyncua writes them, and nothing else does harm."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from pilotline_edge.backfill.answer import read_answers
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription.publication import Unsupported

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

variants = st.one_of(
    st.floats(allow_nan=False).map(lambda held: ua.Variant(held, ua.VariantType.Double)),
    st.integers(-(2**31), 2**31 - 1).map(lambda held: ua.Variant(held, ua.VariantType.Int32)),
    st.booleans().map(lambda held: ua.Variant(held, ua.VariantType.Boolean)),
    st.text(st.characters(codec="utf-8"), max_size=20).map(
        lambda held: ua.Variant(held, ua.VariantType.String)
    ),
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=4).map(
        lambda held: ua.Variant(held, ua.VariantType.Double)
    ),
    st.just(ua.Variant()),
)
values = st.tuples(
    variants,
    st.sampled_from([0, 0x80340000, 0x00A60000]),
    st.integers(0, 10**9),
    st.booleans(),
)


def _response(nodes: list[list[Any]], point: bytes | None = None) -> bytes:
    response: Any = ua.HistoryReadResponse()
    for node in nodes:
        result: Any = ua.HistoryReadResult()
        result.ContinuationPoint = point
        data: Any = ua.HistoryData()
        for variant, status, at, both in node:
            value: Any = ua.DataValue(variant)
            value.StatusCode = ua.StatusCode(status)
            value.SourceTimestamp = BEGIN + at * MICROSECOND
            value.ServerTimestamp = BEGIN if both else None
            data.DataValues.append(value)
        result.HistoryData = data
        response.Results.append(result)
    return bytes(struct_to_binary(response))


def _ns(at: int) -> int:
    since = BEGIN - datetime(1970, 1, 1, tzinfo=UTC)
    return (since // MICROSECOND + at) * 1000


@given(st.lists(st.lists(values, max_size=6), min_size=1, max_size=4))
def test_what_asyncua_writes_is_what_is_read(nodes: list[list[Any]]) -> None:
    answers = read_answers(_response(nodes, b"on"), len(nodes), 100)
    assert [answer.continuation for answer in answers] == [b"on"] * len(nodes)
    for node, answer in zip(nodes, answers, strict=True):
        assert [each.source_ns for each in answer.recorded] == [_ns(at) for _, _, at, _ in node]
        assert [each.status for each in answer.recorded] == [status for _, status, _, _ in node]
        for (variant, _, _, both), each in zip(node, answer.recorded, strict=True):
            held = each.value.elements if isinstance(each.value, Unsupported) else each.value
            sent = variant.Value
            assert held == (tuple(sent) if isinstance(sent, list) else sent)
            assert each.server_ns == (_ns(0) if both else None)


def test_times_are_read_to_a_hundred_nanoseconds() -> None:
    body = bytearray(_response([[(ua.Variant(1.0, ua.VariantType.Double), 0, 5, False)]]))
    ticks = struct.pack("<q", 116_444_736_000_000_000 + _ns(5) // 100)
    at = bytes(body).index(ticks)
    body[at : at + 8] = struct.pack("<q", 116_444_736_000_000_000 + _ns(5) // 100 + 7)
    (answer,) = read_answers(bytes(body), 1, 100)
    assert answer.recorded[0].source_ns == _ns(5) + 700


def test_more_values_than_asked_for_are_not_read_and_no_point_leads_past_them() -> None:
    node = [(ua.Variant(float(n), ua.VariantType.Double), 0, n, False) for n in range(50)]
    (answer,) = read_answers(_response([node], b"on"), 1, 10)
    assert len(answer.recorded) == 10
    assert answer.continuation is None


def test_other_answers_than_asked_for_are_refused() -> None:
    whole = _response([[], []])
    for nodes in (1, 3):
        with pytest.raises(UndecodableMessage):
            read_answers(whole, nodes, 10)
    with pytest.raises(UndecodableMessage):
        read_answers(_response([[]], b"x" * 100_000), 1, 10)


@given(st.binary(max_size=400), st.integers(0, 399))
def test_garbage_is_refused_and_does_no_harm(garbage: bytes, at: int) -> None:
    sound = _response([[(ua.Variant("text", ua.VariantType.String), 0, 1, True)] * 5])
    for body in (garbage, sound[: at % len(sound)] + garbage):
        try:
            read_answers(body, 1, 10)
        except (UndecodableMessage, uaerrors.UaStatusCodeError):
            continue
