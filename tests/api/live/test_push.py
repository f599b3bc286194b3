"""What the API takes from an edge agent, and what it refuses."""

import json

import pytest

from pilotline_api.live.push import PushError, decode_push
from tests.api.live.floor import GOOD, NOON_NS, body


@pytest.mark.parametrize(
    "value", [None, True, -(2**63), 2**64 - 1, 1.5, "text", "NaN", "Infinity", "line\nbreak"]
)
def test_every_value_an_opc_ua_tag_can_hold_is_taken_as_it_is(value: object) -> None:
    push = decode_push(body([("mixer", "speed", NOON_NS, value, GOOD)]))

    assert push.values[0][3] == value
    assert type(push.values[0][3]) is type(value)


@pytest.mark.parametrize(
    "values",
    [
        [["mixer", "speed", NOON_NS, 1.0]],
        [["mixer", "speed", NOON_NS, 1.0, GOOD, "more"]],
        [["mixer", "speed", "noon", 1.0, GOOD]],
        [["mixer", "speed", -1, 1.0, GOOD]],
        [["mixer", "speed", 2**63, 1.0, GOOD]],
        [["mixer", "speed", NOON_NS, [1.0], GOOD]],
        [["mixer", "speed", NOON_NS, {"a": 1}, GOOD]],
        [["mixer", "speed", NOON_NS, 2**64, GOOD]],
        [["mixer", "speed", NOON_NS, 1.0, -1]],
        [["mixer", "speed", NOON_NS, 1.0, 2**32]],
        [["m" * 129, "speed", NOON_NS, 1.0, GOOD]],
        [{"machine": "mixer"}],
        {"mixer": 1},
    ],
)
def test_a_push_with_a_wrong_value_is_refused(values: list[list[object]]) -> None:
    sent = json.loads(body())
    sent["values"] = values

    with pytest.raises(PushError):
        decode_push(json.dumps(sent).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"agent": ""},
        {"agent": "x" * 65},
        {"sent_ms": "now"},
        {"connections": {"mixer": {"connected": 1, "since_ms": 1}}},
        {"connections": {"mixer": {"connected": True}}},
        {"connections": {"mixer": {"connected": True, "since_ms": 1, "cause": "x" * 257}}},
        {"secret": 1},
    ],
)
def test_a_push_with_a_wrong_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(PushError):
        decode_push(json.dumps({**json.loads(body()), **change}).encode())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"[" * 100_000,
        b'{"agent": ' + b"[" * 100_000,
        b'{"x": ' + b'{"x": ' * 100_000,
        body([("mixer", "speed", NOON_NS, float("nan"), GOOD)]),
        body([("mixer", "speed", NOON_NS, float("inf"), GOOD)]),
        body([("mixer", "speed", NOON_NS, 1.0, GOOD)]).replace(b"1.0", b"1e999"),
        body([("mixer", "speed", NOON_NS, "x", GOOD)]).replace(b'"x"', b'"\xff"'),
        body([("mixer", "speed", NOON_NS, "x", GOOD)]).replace(b'"x"', b'"\\ud800"'),
    ],
)
def test_what_is_no_json_is_refused_without_harm(text: bytes) -> None:
    with pytest.raises(PushError):
        decode_push(text)


def test_the_refusal_names_the_place() -> None:
    good = ("mixer", "speed", NOON_NS, 1.0, GOOD)

    with pytest.raises(PushError, match=r"values\[1\]\[4\]"):
        decode_push(body([good, ("mixer", "speed", NOON_NS, 1.0, "good")]))
