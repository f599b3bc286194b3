"""Live values reach a real MQTT broker: retained, newest wins, and nothing waits for them."""

import asyncio
import json
import math
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pilotline_edge.errors import BrokerUrlError
from pilotline_edge.live.feed import LinkState
from pilotline_edge.mqtt import MAX_VALUES, BrokerAddress, MqttFeed
from tests.edge.broker import PASSWORDS, Broker, mosquitto
from tests.edge.running import until

MACHINES = {"mill-1": ("aarhus", LinkState(True, 5, None))}


@asynccontextmanager
async def running(live: MqttFeed) -> AsyncIterator[None]:
    task = asyncio.ensure_future(live.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def holds(broker: Broker, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return what the broker retains once it is as it should be."""
    deadline = time.monotonic() + 40.0
    while True:
        held = {topic: json.loads(text) for topic, text in (await broker.topics()).items()}
        if condition(held):
            return held
        assert time.monotonic() < deadline, held


def test_the_newest_value_of_each_tag_is_retained_and_the_agent_says_hello_and_goodbye(
    tmp_path: Path,
) -> None:
    async def work(broker: Broker) -> None:
        live = MqttFeed(broker.url, "edge 1/hall", lambda: MACHINES)
        for source_ns, value in ((20, 2.0), (1_772_450_000_123_456_789, 3.0), (10, 1.0)):
            live.put("mill-1", "speed", source_ns, value, 0)
        live.put("mill-1", "note", 5, "x" * 999, 0x8000_0000)
        live.put("mill-1", "ratio", 5, math.nan, 0)
        async with running(live):
            held = await holds(broker, lambda held: len(held) == 5)
            assert held["pilotline/v1/aarhus/mill-1/speed"] == {
                "value": 3.0,
                "status": 0,
                "source_time": "2026-03-02T11:13:20.123456789Z",
            }
            note = held["pilotline/v1/aarhus/mill-1/note"]
            assert (len(note["value"]), note["status"]) == (256, 0x8000_0000)
            assert held["pilotline/v1/aarhus/mill-1/ratio"]["value"] == "NaN"
            assert held["pilotline/v1/aarhus/mill-1"]["connected"] is True
            assert held["pilotline/v1/_agent/edge_1_hall"]["online"] is True
            assert live.problem is None
        held = await holds(broker, lambda held: True)
        assert held["pilotline/v1/_agent/edge_1_hall"]["online"] is False

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_a_broker_that_comes_back_without_memory_gets_everything_again(tmp_path: Path) -> None:
    async def work(broker: Broker) -> None:
        live = MqttFeed(f"{broker.url}/works/7", "edge-1", lambda: MACHINES)
        live.put("mill-1", "speed", 1, 1.0, 0)
        live.put("mill-1", "still", 1, 5.0, 0)
        async with running(live):
            await holds(broker, lambda held: len(held) == 4)
            await asyncio.to_thread(broker.stop)
            await until(lambda: live.problem is not None)
            for at in range(2, 20_000):
                live.put("mill-1", "speed", at, float(at), 0)
            await asyncio.to_thread(broker.start)
            held = await holds(broker, lambda held: len(held) == 4)
            assert held["works/7/aarhus/mill-1/speed"]["value"] == 19_999.0
            assert held["works/7/aarhus/mill-1/still"]["value"] == 5.0

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_a_machine_that_is_read_no_more_leaves_nothing_at_the_broker(tmp_path: Path) -> None:
    async def work(broker: Broker) -> None:
        machines = dict(MACHINES) | {"mill-2": ("aarhus", LinkState(False, 5, "no route" * 99))}
        live = MqttFeed(broker.url, "edge-1", lambda: machines)
        for name in machines:
            live.put(name, "speed", 1, 1.0, 0)
        async with running(live):
            held = await holds(broker, lambda held: len(held) == 5)
            assert held["pilotline/v1/aarhus/mill-2"]["cause"] == "no route" * 32
            live.forget("mill-2", ["speed"])
            del machines["mill-2"]
            held = await holds(broker, lambda held: len(held) == 3)
            assert not any("mill-2" in topic for topic in held)

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_more_values_than_a_round_takes_all_arrive(tmp_path: Path) -> None:
    count = MAX_VALUES + 100

    async def work(broker: Broker) -> None:
        live = MqttFeed(broker.url, "edge-1", lambda: MACHINES)
        for number in range(count):
            live.put("mill-1", f"t{number}", 1, number, 0)
        async with running(live):
            await until(lambda: live.pushed == count + 1)

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_user_and_password_come_from_the_environment(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    access = f"allow_anonymous false\npassword_file {passwords}"

    async def work(broker: Broker) -> None:
        refused = MqttFeed(broker.url, "edge-1", lambda: MACHINES, {})
        async with running(refused):
            await until(lambda: "uthor" in (refused.problem or ""))
        own = {"PILOTLINE_MQTT_USER": "edge", "PILOTLINE_MQTT_PASSWORD": "secret"}
        live = MqttFeed(broker.url, "edge-1", lambda: MACHINES, own)
        live.put("mill-1", "speed", 1, 1.0, 0)
        async with running(live):
            await until(lambda: live.problem is None and live.pushed == 2)

    with mosquitto(tmp_path, access) as broker:
        broker.stop()
        subprocess.run([str(PASSWORDS), "-c", "-b", str(passwords), "edge", "secret"], check=True)
        broker.start()
        asyncio.run(work(broker))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mqtt://user:secret@broker", "PILOTLINE_MQTT_PASSWORD"),
        ("mqtt://", "no broker address"),
        ("mqtt://broker:99999", "no broker address"),
        ("mqtt://broker/a/+/b", "no broker address"),
        ("http://broker", "no broker address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(BrokerUrlError, match=reason):
        BrokerAddress.parse(url)


def test_a_password_is_not_sent_readable() -> None:
    own = {"PILOTLINE_MQTT_USER": "edge", "PILOTLINE_MQTT_PASSWORD": "secret"}
    with pytest.raises(BrokerUrlError, match="mqtts"):
        MqttFeed("mqtt://broker.example", "edge-1", lambda: MACHINES, own)
    assert MqttFeed("mqtts://broker.example", "edge-1", lambda: MACHINES, own).address == (
        "mqtts://broker.example:8883/pilotline/v1"
    )
