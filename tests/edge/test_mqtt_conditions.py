"""Conditions reach a real MQTT broker: retained while they hold, taken back when they ended."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from structlog.testing import capture_logs

from pilotline_edge.live.feed import ConditionRow, LinkState
from pilotline_edge.mqtt import BrokerSession, MqttFeed, condition_key
from pilotline_edge.mqtt import feed as feed_module
from pilotline_edge.mqtt.conditions import MOST_LEFT_OVER, ConditionBoards
from pilotline_historian import EVENTS
from tests.edge.broker import Broker, mosquitto
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.reporting_machine import ReportingMachine, watched
from tests.edge.running import agent, status_of, until
from tests.edge.test_mqtt import holds, running

MACHINES = {"mill-1": ("aarhus", LinkState(True, 5, None))}
SITES = {"mill-1": "aarhus"}
HOT: ConditionRow = ("ns=2;i=7", "Overtemperature", "Spindle", 700, "too hot", 10**18)
LOW: ConditionRow = ("ns=2;s=a/b+#", "Level", "Tank", 400, "low", -(10**18))
ABOVE = "pilotline/v1/aarhus/mill-1/_condition"

Told = dict[str, list[ConditionRow]]


def feed(url: str, told: Told, machines: Mapping[str, Any] = MACHINES) -> MqttFeed:
    return MqttFeed(url, "edge-1", lambda: machines, {}, conditions=lambda: told)


def topic(row: ConditionRow) -> str:
    return f"{ABOVE}/{condition_key(row[0])}"


def active(held: dict[str, Any]) -> set[str]:
    """Topics of conditions that the list names."""
    return {f"{ABOVE}/{key}" for key in held.get(ABOVE, {}).get("active", ())}


def kept(held: dict[str, Any]) -> set[str]:
    """Topics of conditions that are retained."""
    return {each for each in held if each.startswith(f"{ABOVE}/")}


def test_a_condition_is_retained_while_it_holds_and_the_list_names_it(tmp_path: Path) -> None:
    told: Told = {"mill-1": [HOT, LOW]}

    async def work(broker: Broker) -> None:
        async with running(feed(broker.url, told)):
            held = await holds(broker, lambda held: len(active(held)) == 2)
            assert kept(held) == active(held) == {topic(HOT), topic(LOW)}
            assert held[topic(HOT)] == {
                "id": "ns=2;i=7",
                "name": "Overtemperature",
                "source": "Spindle",
                "severity": 700,
                "message": "too hot",
                "time": "2001-09-09T01:46:40.000000000Z",
            }
            assert held[ABOVE]["agent"] == "edge-1"
            assert held[ABOVE]["started"] == held["pilotline/v1/_agent/edge-1"]["started"]
            told["mill-1"] = [(*HOT[:4], "hotter", HOT[5] + 1)]
            held = await holds(broker, lambda held: len(kept(held)) == 1)
            assert active(held) == {topic(HOT)}
            assert held[topic(HOT)]["message"] == "hotter"

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_what_ended_while_no_agent_ran_is_taken_back_by_the_next_one(tmp_path: Path) -> None:
    machines = dict(MACHINES) | {"mill-2": ("aarhus", LinkState(True, 5, None))}
    other = "pilotline/v1/aarhus/mill-9/_condition/" + "0" * 32

    async def work(broker: Broker) -> None:
        async with running(feed(broker.url, {"mill-1": [HOT, LOW], "mill-2": [HOT]}, machines)):
            await holds(broker, lambda held: len(active(held)) == 2)
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.publish(other, "{}", retain=True)
        async with running(feed(broker.url, {"mill-1": [LOW], "mill-2": []}, machines)):
            held = await holds(broker, lambda held: kept(held) == {topic(LOW)})
            assert active(held) == {topic(LOW)}
            await holds(broker, lambda held: not any("mill-2/_condition/" in at for at in held))
            assert other in held

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_a_broker_that_comes_back_without_memory_is_told_every_condition_again(
    tmp_path: Path,
) -> None:
    told: Told = {"mill-1": [HOT, LOW]}

    async def work(broker: Broker) -> None:
        live = feed(broker.url, told)
        async with running(live):
            await holds(broker, lambda held: len(active(held)) == 2)
            await asyncio.to_thread(broker.stop)
            await until(lambda: live.problem is not None)
            told["mill-1"] = [LOW]
            await asyncio.to_thread(broker.start)
            held = await holds(broker, lambda held: len(active(held)) == 1)
            assert kept(held) == active(held) == {topic(LOW)}

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_values_do_not_wait_until_every_condition_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MAX_CONDITIONS", 10)
    many = [(f"ns=2;i={number}", *HOT[1:]) for number in range(30)]

    async def work(broker: Broker) -> None:
        await broker.topics(0.0)
        live = feed(broker.url, {"mill-1": many})
        live.put("mill-1", "speed", 1, 1.0, 0)
        seen: list[str] = []
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.subscribe("#", qos=1)
            async with running(live), asyncio.timeout(40.0):
                async for message in client.messages:
                    seen.append(str(message.topic))
                    if seen[-1] == ABOVE:
                        break
        assert len(kept(dict.fromkeys(seen))) == len(many)
        assert "pilotline/v1/aarhus/mill-1/speed" in seen

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_an_agent_that_may_only_write_publishes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: BrokerSession, topics: str, *, qos: int = 1, own: bool = True) -> None:
        raise aiomqtt.MqttError(f"planted: no reading of {topics}")

    async def work(broker: Broker) -> None:
        monkeypatch.setattr(BrokerSession, "subscribe", refuse)
        with capture_logs() as logs:
            async with running(feed(broker.url, {"mill-1": [HOT]})):
                await holds(broker, lambda held: active(held) == kept(held) == {topic(HOT)})
        assert [each["event"] for each in logs].count("edge.broker_unreadable") == 1

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_an_alarm_of_a_machine_is_at_the_broker_for_as_long_as_it_holds(tmp_path: Path) -> None:
    async def work(broker: Broker) -> None:
        historian = MemoryHistorian()
        async with ReportingMachine(("a",)) as mill:
            plant = watched(mill.url)
            async with agent(plant, historian, tmp_path / "data", live_url=broker.url):
                await until(lambda: status_of(tmp_path / "data").get("connected") is True)
                await until(lambda: any(gap.tag == EVENTS for gap in historian.declared.values()))
                await mill.alarm("too hot", active=True)
                held = await holds(broker, lambda held: len(active(held)) == 1)
                (said,) = (held[each] for each in active(held))
                assert (said["message"], said["severity"]) == ("too hot", 700)
                await mill.alarm("cool again", active=False)
                await holds(
                    broker, lambda held: ABOVE in held and kept(held) == active(held) == set()
                )

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def published(boards: ConditionBoards, told: Told, sites: Mapping[str, str] = SITES) -> list[Any]:
    return [
        (at, None if payload is None else json.loads(payload))
        for at, payload in boards.changes(sites, told)
    ]


def test_only_what_changed_is_published_and_the_list_lies_between_births_and_deaths() -> None:
    boards = ConditionBoards("edge-1", "then")
    above, hot, low = ("aarhus/mill-1/_condition", *(condition_key(row[0]) for row in (HOT, LOW)))
    first = published(boards, {"mill-1": [HOT]})
    assert [at for at, _ in first] == [f"{above}/{hot}", above]
    assert published(boards, {"mill-1": [HOT]}) == []
    second = published(boards, {"mill-1": [LOW]})
    assert [at for at, _ in second] == [f"{above}/{low}", above, f"{above}/{hot}"]
    assert second[1][1] == {"agent": "edge-1", "started": "then", "number": 2, "active": [low]}
    assert second[2][1] is None
    assert published(boards, {"mill-1": [LOW]}, {}) == [(above, None), (f"{above}/{low}", None)]


def test_a_machine_without_conditions_says_so_once() -> None:
    boards = ConditionBoards("edge-1", "then")
    ((_, said),) = published(boards, {"mill-1": []})
    assert said["active"] == []
    assert published(boards, {"mill-1": []}) == []
    boards.all_again()
    assert len(published(boards, {"mill-1": []})) == 1


@pytest.mark.parametrize("again", [False, True])
def test_what_holds_is_not_taken_back_because_it_was_retained_before(again: bool) -> None:
    boards = ConditionBoards("edge-1", "then")
    at = f"aarhus/mill-1/_condition/{condition_key(HOT[0])}"
    published(boards, {"mill-1": [HOT]})
    if again:
        boards.all_again()
    boards.found(at)
    assert (at, None) not in published(boards, {"mill-1": [HOT]})
    assert (at, None) in published(boards, {"mill-1": []})


def test_what_a_broker_retains_cannot_fill_the_memory() -> None:
    boards = ConditionBoards("edge-1", "then")
    for number in range(MOST_LEFT_OVER + 10):
        boards.found(f"aarhus/mill-1/_condition/{number}")
    taken_back = [at for at, said in published(boards, {"mill-1": []}) if said is None]
    assert len(taken_back) == MOST_LEFT_OVER
