"""Several replicas of the API show the same plant by way of a real MQTT broker."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from structlog.testing import capture_logs

from pilotline_api.accounts.models import Role
from pilotline_api.errors import BrokerAddressError
from pilotline_api.live.broker_feed import BrokerFeed, checked
from pilotline_api.live.clock import this_moment
from pilotline_api.live.hub import Hub
from pilotline_api.live.ingest import EdgeIngest
from pilotline_api.live.plant_image import PlantImage
from pilotline_edge.live.feed import LinkState
from pilotline_edge.mqtt import MqttFeed
from pilotline_plant import Plant
from tests.api.live.floor import bench, machine, plant, tag
from tests.api.live.running import RunningApi, running, stream, value_of
from tests.api.live.test_ingest import Desk
from tests.edge.broker import Broker, mosquitto
from tests.edge.encrypted_broker import encrypted, environment
from tests.edge.running import until

NOW_MS = time.time_ns() // 1_000_000


class Replica:
    """The live parts of one API, without its HTTP."""

    def __init__(self, url: str, seen: Plant, environment: Mapping[str, str] | None = None) -> None:
        self.image = PlantImage(seen, this_moment())
        self.watcher = Desk()
        self.watcher.changed = lambda applied, now: None  # type: ignore[method-assign]
        ingest = EdgeIngest(self.image, Hub(self.image, this_moment), self.watcher, this_moment)
        self.feed = BrokerFeed(url, seen, ingest, this_moment, environment or {})

    def value(self, machine_id: str, tag_id: str) -> object:
        return self.image.snapshot()[machine_id]["values"].get(tag_id, (None,))[0]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        async with background(self.feed.run):
            yield


@asynccontextmanager
async def background(work: Callable[[], object]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())  # type: ignore[call-overload]
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def edge(
    url: str, *machines: str, site: str = "north", environment: Mapping[str, str] | None = None
) -> MqttFeed:
    states = {each: (site, LinkState(True, NOW_MS, None)) for each in machines}
    return MqttFeed(url, "edge-1", lambda: states, environment or {})


def test_two_replicas_show_what_was_retained_before_them_and_what_comes_after(
    tmp_path: Path,
) -> None:
    started_ns = time.time_ns()

    def shown(api: RunningApi, wanted: float) -> None:
        with stream(api.browser(Role.OPERATOR)) as reader:
            frame = reader.next("snapshot")
            while value_of(frame, "mixer-1", "speed") != wanted:
                frame = reader.next("live")

    async def work(broker: Broker) -> None:
        live = edge(broker.url, "mixer-1", site="bench")
        live.put("mixer-1", "speed", started_ns, 11.5, 0)
        async with background(live.run):
            await until(lambda: live.pushed == 2)
            with (
                running(tmp_path / "one", live_url=broker.url) as one,
                running(tmp_path / "two", live_url=broker.url) as two,
            ):
                replicas = (one, two)
                await asyncio.gather(*(asyncio.to_thread(shown, api, 11.5) for api in replicas))
                live.put("mixer-1", "speed", started_ns + 1, 12.5, 0)
                await asyncio.gather(*(asyncio.to_thread(shown, api, 12.5) for api in replicas))
                for api in replicas:
                    assert api.live.image.connection("mixer-1").connected
                    parts = (await asyncio.to_thread(api.client().get, "/ready")).json()["parts"]
                    assert parts["broker"]["state"] == parts["edge"]["state"] == "ok"

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_a_machine_is_lost_with_its_agent_and_back_with_it(tmp_path: Path) -> None:
    async def work(broker: Broker) -> None:
        replica = Replica(broker.url, bench())
        async with replica.reading():
            async with background(edge(broker.url, "mixer").run):
                await until(lambda: replica.image.connection("mixer").connected)
            await until(lambda: not replica.image.connection("mixer").connected, 5.0)
            assert replica.image.connection("mixer").cause == "edge-silent"
            async with background(edge(broker.url, "mixer").run):
                await until(lambda: replica.image.connection("mixer").connected)

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_a_broker_that_restarts_without_memory_is_read_again(tmp_path: Path) -> None:
    async def work(broker: Broker) -> None:
        replica, live = Replica(broker.url, bench()), edge(broker.url, "mixer")
        live.put("mixer", "speed", 1, 1.0, 0)
        async with replica.reading(), background(live.run):
            await until(lambda: replica.value("mixer", "speed") == 1.0)
            await asyncio.to_thread(broker.stop)
            await until(lambda: replica.feed.problem is not None)
            live.put("mixer", "speed", 2, 2.0, 0)
            await asyncio.to_thread(broker.start)
            await until(lambda: replica.value("mixer", "speed") == 2.0)
            assert replica.feed.problem is None

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_hostile_messages_are_counted_logged_once_and_change_nothing(tmp_path: Path) -> None:
    speed = "pilotline/v1/north/mixer/speed"
    good = {"value": 2.5, "status": 0, "source_time": "2026-03-02T11:13:20Z"}

    async def work(broker: Broker) -> None:
        replica = Replica(broker.url, bench())
        with capture_logs() as logs:
            async with replica.reading():
                await until(lambda: replica.feed.problem is None)
                async with aiomqtt.Client("127.0.0.1", broker.port) as hostile:
                    for _ in range(20):
                        await hostile.publish(speed, b"\xff" * 100)
                        await hostile.publish(speed, b"[" * 5_000)
                        await hostile.publish("pilotline/v1/north/mixer/colour", json.dumps(good))
                        await hostile.publish("pilotline/v1/south/mixer/speed", json.dumps(good))
                        await hostile.publish("pilotline/v2/north/mixer/speed", json.dumps(good))
                    await hostile.publish(speed, b"1" * 1_000_000)
                    assert replica.value("mixer", "speed") is None
                    await hostile.publish(speed, json.dumps(good))
                    await until(lambda: replica.value("mixer", "speed") == 2.5)
                    assert replica.feed.problem is None
        refused = [each["topic"] for each in logs if each["event"] == "live.message_refused"]
        unknown = [each["topic"] for each in logs if each["event"] == "live.topic_unknown"]
        assert refused == [speed]
        assert len(unknown) == len(set(unknown)) == 2

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_the_picture_of_a_large_plant_is_whole_at_the_start(tmp_path: Path) -> None:
    tags = [tag(f"t{number}") for number in range(160)]
    large = plant(*(machine(f"m{number}", *tags) for number in range(25)))

    async def work(broker: Broker) -> None:
        live = edge(broker.url, *(each.id for each in large.machines))
        for each in large.machines:
            for one in each.tags:
                live.put(each.id, one.id, 1, 1.0, 0)
        async with background(live.run):
            await until(lambda: live.pushed == 4_025)
            replica = Replica(broker.url, large)
            async with replica.reading():
                await until(
                    lambda: (
                        sum(len(of["values"]) for of in replica.image.snapshot().values()) == 4_000
                    )
                )

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_values_are_read_encrypted_and_only_from_the_broker_that_is_meant(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        known, other = environment(tmp_path, "authority"), environment(tmp_path, "other")
        live = edge(url, "mixer", environment=known)
        live.put("mixer", "speed", 1, 1.0, 0)
        trusting, deceived = Replica(url, bench(), known), Replica(url, bench(), other)
        async with background(live.run), trusting.reading(), deceived.reading():
            await until(lambda: trusting.value("mixer", "speed") == 1.0)
            await until(lambda: "certificate verify failed" in (deceived.feed.problem or ""))
            assert deceived.value("mixer", "speed") is None

    with encrypted(tmp_path) as broker:
        asyncio.run(work(f"mqtts://127.0.0.1:{broker.port}"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://broker", "no broker address"),
        ("mqtt://user:secret@broker", "PILOTLINE_MQTT_PASSWORD"),
        ("mqtts://broker", "PILOTLINE_MQTT_CA_FILE"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_listens(
    tmp_path: Path, url: str, reason: str
) -> None:
    with pytest.raises(BrokerAddressError, match=reason):
        checked(url, {"PILOTLINE_MQTT_CA_FILE": str(tmp_path / "nowhere.pem")})
