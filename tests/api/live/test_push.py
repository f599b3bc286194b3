"""What the API takes from an edge agent, and what it refuses."""

import json
from typing import Any

import pytest

from pilotline_api.live.push import MAX_CONDITIONS, EdgePush, PushError, RefusedItem
from pilotline_api.live.push_decoding import decode_push
from tests.api.live.floor import GOOD, NOON_NS, body, push

HOT = ["ns=2;i=7", "Overtemperature", "Spindle", 700, "too hot", NOON_NS]


def taken(**change: object) -> tuple[EdgePush, tuple[RefusedItem, ...]]:
    """A push with something else in it, and what was refused of it."""
    sent: dict[str, Any] = {**json.loads(body([], {"press": True})), **change}
    sound, refused = decode_push(json.dumps(sent).encode())
    return sound, tuple(refused)


@pytest.mark.parametrize(
    "value", [None, True, -(2**63), 2**64 - 1, 1.5, "text", "NaN", "Infinity", "line\nbreak"]
)
def test_every_value_an_opc_ua_tag_can_hold_is_taken_as_it_is(value: object) -> None:
    sound = push([("mixer", "speed", NOON_NS, value, GOOD)])

    assert sound.values[0][3] == value
    assert type(sound.values[0][3]) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        ["mixer", "speed", NOON_NS, 1.0],
        ["mixer", "speed", NOON_NS, 1.0, GOOD, "more"],
        ["mixer", "speed", "noon", 1.0, GOOD],
        ["mixer", "speed", -1, 1.0, GOOD],
        ["mixer", "speed", 2**63, 1.0, GOOD],
        ["mixer", "speed", NOON_NS, [1.0], GOOD],
        ["mixer", "speed", NOON_NS, {"a": 1}, GOOD],
        ["mixer", "speed", NOON_NS, 2**64, GOOD],
        ["mixer", "speed", NOON_NS, 1.0, -1],
        ["mixer", "speed", NOON_NS, 1.0, 2**32],
        ["m" * 129, "speed", NOON_NS, 1.0, GOOD],
        ["mixer", 5],
        [],
        {"machine": "mixer"},
        None,
    ],
)
def test_a_wrong_value_costs_no_other_and_is_named(value: object) -> None:
    good = [["mixer", "speed", NOON_NS, 1.0, GOOD], ["press", "speed", NOON_NS, 2.0, GOOD]]

    sound, refused = taken(values=[good[0], value, good[1]], conditions={"press": [HOT]})

    assert [list(each) for each in sound.values] == good
    assert [each.pointer for each in refused] == ["/values/1"]
    assert refused[0].reason
    assert sound.connections["press"].connected
    assert sound.conditions["press"].whole


def test_a_wrong_value_is_named_by_its_tag_as_far_as_it_can_be_read() -> None:
    long = "m" * 999
    values = [["mixer", "speed", -1, 1.0, GOOD], [long, "t", 1, 1.0, GOOD], [1, 2, 3], 7]

    _, refused = taken(values=values)

    assert [each.about for each in refused] == [
        "mixer.speed",
        f"{long[:64]}….t",
        "/values/2",
        "/values/3",
    ]


@pytest.mark.parametrize(
    "connection",
    [
        {"connected": 1, "since_ms": 1},
        {"connected": True},
        {"connected": True, "since_ms": -1},
        {"connected": True, "since_ms": 1, "cause": "x" * 257},
        {"connected": True, "since_ms": 1, "secret": 1},
        7,
    ],
)
def test_a_wrong_connection_costs_no_other(connection: object) -> None:
    good = {"connected": True, "since_ms": 1, "cause": None}

    sound, refused = taken(connections={"a/b": connection, "press": good, "m" * 129: good})

    assert list(sound.connections) == ["press"]
    assert [each.pointer for each in refused] == ["/connections/a~1b", f"/connections/{'m' * 64}…"]


@pytest.mark.parametrize(
    "row",
    [
        ["", "a", "b", 1, "c", 1],
        ["i", "a", "b", 0, "c", 1],
        ["i", "a", "b", 1_001, "c", 1],
        ["i", "x" * 257, "b", 1, "c", 1],
        ["i", "a", "b", 1, "x" * 257, 1],
        ["i", "a", "b", 1, "c", 2**63],
        ["i", "a", "b", 1, "c"],
        None,
    ],
)
def test_a_wrong_condition_costs_no_other_and_leaves_open_what_else_holds(row: object) -> None:
    sound, refused = taken(conditions={"mixer": [row, HOT], "press": [HOT], "oven": 5})

    assert [list(each) for each in sound.conditions["mixer"].conditions] == [HOT]
    assert not sound.conditions["mixer"].whole
    assert sound.conditions["press"].whole
    assert "oven" not in sound.conditions
    assert [each.pointer for each in refused] == ["/conditions/mixer/0", "/conditions/oven"]


def test_the_first_conditions_of_too_many_are_taken() -> None:
    rows = [[f"i{number}", *HOT[1:]] for number in range(MAX_CONDITIONS + 5)]

    sound, refused = taken(conditions={"mixer": rows})

    assert len(sound.conditions["mixer"].conditions) == MAX_CONDITIONS
    assert not sound.conditions["mixer"].whole
    assert [each.pointer for each in refused] == [f"/conditions/mixer/{MAX_CONDITIONS}"]


def test_an_alarm_of_a_machine_with_a_wrong_clock_is_taken() -> None:
    sound, refused = taken(conditions={"mixer": [[*HOT[:5], -(10**18)]]})

    assert len(sound.conditions["mixer"].conditions) == 1
    assert refused == ()


@pytest.mark.parametrize(
    "change",
    [
        {"agent": ""},
        {"agent": "x" * 65},
        {"sent_ms": "now"},
        {"connections": [1]},
        {"values": {"mixer": 1}},
        {"conditions": [1]},
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
        body([("mixer", "speed", NOON_NS, "x", GOOD)]).replace(b'"x"', b'"\\ud800"'),
    ],
)
def test_what_is_no_json_is_refused_without_harm(text: bytes) -> None:
    with pytest.raises(PushError):
        decode_push(text)


@pytest.mark.parametrize("text", [b"1e999", b'"\xff"'])
def test_what_json_can_write_and_nothing_can_hold_costs_no_other_value(text: bytes) -> None:
    good = ("press", "speed", NOON_NS, 2.0, GOOD)
    sent = body([("mixer", "speed", NOON_NS, 1.0, GOOD), good]).replace(b"1.0", text)

    sound, (refused,) = decode_push(sent)

    assert list(sound.values) == [good]
    assert refused.about == "mixer.speed"


def test_the_refusal_names_the_place() -> None:
    _, (refused,) = taken(values=[["mixer", "speed", NOON_NS, 1.0, "good"]])

    assert "$[4]" in refused.reason
