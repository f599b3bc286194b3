"""What a broker says becomes pushes: newest wins, hostile messages change nothing."""

import json
from typing import Any

import pytest

from pilotline_api.live.broker_messages import Topics
from pilotline_api.live.broker_picture import MAX_AGENTS, BrokerPicture
from pilotline_api.live.push import PushedConnection, PushError
from pilotline_edge.mqtt import instant, instant_ns
from tests.api.live.floor import NOON_MS, NOON_NS, bench

SPEED = "pilotline/v1/north/mixer/speed"
MIXER = "pilotline/v1/north/mixer"
AGENT = "pilotline/v1/_agent/edge-1"


def picture() -> BrokerPicture:
    return BrokerPicture(Topics("pilotline/v1", bench()))


def value(**other: Any) -> bytes:  # noqa: ANN401 - JSON values
    said = {"value": 1.5, "status": 0, "source_time": instant(NOON_NS), **other}
    return json.dumps(said).encode()


def connection(agent: str = "edge-1", *, connected: bool = True) -> bytes:
    said = {"connected": connected, "since": instant(NOON_NS), "cause": None, "agent": agent}
    return json.dumps(said).encode()


def online(state: bool) -> bytes:
    return json.dumps({"online": state, "started": instant(NOON_NS)}).encode()


@pytest.mark.parametrize("ns", [0, 1, 1_772_450_000_123_456_789, 2**63 - 1])
def test_an_instant_keeps_its_nanoseconds(ns: int) -> None:
    assert instant_ns(instant(ns)) == ns


def test_the_newest_value_of_a_tag_is_passed_on_once() -> None:
    seen = picture()
    for after_ns, held in ((0, 1.0), (7, 3.0), (2, 2.0)):
        seen.take(SPEED, value(value=held, source_time=instant(NOON_NS + after_ns)))
    assert seen.values(10) == [("mixer", "speed", NOON_NS + 7, 3.0, 0)]
    assert seen.values(10) == []


def test_a_machine_is_there_only_while_the_agent_that_has_it_is() -> None:
    seen = picture()
    seen.take(MIXER, connection())
    assert seen.connections(NOON_MS, everything=True) == {}, "a message of a dead agent stays too"
    seen.take(AGENT, online(True))
    there = {"mixer": PushedConnection(True, NOON_MS, None)}
    assert seen.connections(NOON_MS, everything=False) == there
    assert seen.connections(NOON_MS, everything=False) == {}
    assert seen.connections(NOON_MS, everything=True) == there
    seen.take(AGENT, online(False))
    lost = {"mixer": PushedConnection(False, NOON_MS + 5, "edge-silent")}
    assert seen.connections(NOON_MS + 5, everything=False) == lost
    assert seen.connections(NOON_MS + 9, everything=True) == {}


def test_a_machine_that_another_agent_took_over_outlives_the_first() -> None:
    seen = picture()
    seen.take(AGENT, online(True))
    seen.take("pilotline/v1/_agent/edge-2", online(True))
    seen.take(MIXER, connection("edge-1"))
    seen.take(MIXER, connection("edge-2"))
    seen.take(AGENT, online(False))
    assert seen.connections(NOON_MS, everything=True)["mixer"].connected


def test_a_cleared_topic_is_forgotten() -> None:
    seen = picture()
    seen.take(AGENT, online(True))
    seen.take(MIXER, connection())
    for topic in (SPEED, MIXER, AGENT):
        assert seen.take(topic, b"")
    assert seen.connections(NOON_MS, everything=True) == {}
    assert seen.values(10) == []


@pytest.mark.parametrize(
    "topic",
    [
        "pilotline/v1/south/mixer/speed",
        "pilotline/v1/north/mixer/colour",
        "pilotline/v1/north/mixer/speed/deeper",
        "pilotline/v1/north/ghost",
        "pilotline/v2/north/mixer/speed",
        "other/pilotline/v1/north/mixer/speed",
        "pilotline/v1/_agent/",
        f"pilotline/v1/_agent/{'x' * 65}",
    ],
)
def test_a_topic_of_something_else_is_none_of_ours(topic: str) -> None:
    seen = picture()
    assert not seen.take(topic, value())
    assert seen.values(10) == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (SPEED, b"\xff\xfe"),
        (SPEED, b"[" * 10_000),
        (SPEED, b"{}"),
        (SPEED, b"1.5"),
        (SPEED, value(value=[1])),
        (SPEED, value(value={"a": 1})),
        (SPEED, value(value=2**64)),
        (SPEED, value(status=-1)),
        (SPEED, value(status=2**32)),
        (SPEED, value(source_time="yesterday")),
        (SPEED, value(source_time="1969-12-31T23:59:59.9Z")),
        (SPEED, value(source_time="2026-13-01T00:00:00Z")),
        (SPEED, value(source_time="9999-01-01T00:00:00Z")),
        (SPEED, value(source_time="2026-01-01T00:00:00Z" + "0" * 999)),
        (MIXER, b'{"connected": "yes"}'),
        (MIXER, connection("x" * 65)),
        (MIXER, connection("")),
        (AGENT, b"{}"),
        (AGENT, b'{"online": 1}'),
    ],
)
def test_a_wrong_message_is_refused_and_changes_nothing(topic: str, payload: bytes) -> None:
    seen = picture()
    seen.take(AGENT, online(True))
    seen.take(MIXER, connection())
    seen.take(SPEED, value())
    with pytest.raises(PushError):
        seen.take(topic, payload)
    assert seen.connections(NOON_MS, everything=True)["mixer"].connected
    assert seen.values(10) == [("mixer", "speed", NOON_NS, 1.5, 0)]


def test_agents_beyond_a_bound_are_not_remembered() -> None:
    seen = picture()
    for number in range(MAX_AGENTS):
        seen.take(f"pilotline/v1/_agent/a{number}", online(True))
    with pytest.raises(PushError, match="agents"):
        seen.take("pilotline/v1/_agent/one-more", online(True))
