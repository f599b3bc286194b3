"""What a broker says of conditions: newest wins, and nothing that ended shows as new."""

import asyncio
import json
import time
from itertools import permutations
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from structlog.testing import capture_logs

from pilotline_api.accounts.models import Role
from pilotline_api.alarms import machine_conditions, monitor
from pilotline_api.live import broker_feed, plant_image
from pilotline_api.live.broker_conditions import MOST_HELD
from pilotline_api.live.broker_messages import Topics
from pilotline_api.live.broker_picture import BrokerPicture
from pilotline_api.live.push import MAX_CONDITIONS, Holding, PushError
from pilotline_edge.live.feed import ConditionRow, LinkState
from pilotline_edge.mqtt import BrokerSession, MqttFeed, condition_key, instant
from tests.api.live.floor import NOON_NS, bench, machine, plant, tag
from tests.api.live.running import RunningApi, running
from tests.api.live.test_broker_feed import Replica, background
from tests.edge.broker import Broker, mosquitto
from tests.edge.running import until

MIXER = "pilotline/v1/north/mixer"
AGENT = "pilotline/v1/_agent/edge-1"
HOT: ConditionRow = ("ns=2;i=7", "Overtemperature", "Spindle", 700, "too hot", NOON_NS)
LOW: ConditionRow = ("ns=2;i=8", "Level", "Tank", 400, "low", NOON_NS)
RUN = instant(NOON_NS)


def picture() -> BrokerPicture:
    return BrokerPicture(Topics("pilotline/v1", bench()))


def agent(*, online: bool = True, started: str = RUN) -> tuple[str, bytes]:
    return AGENT, json.dumps({"online": online, "started": started}).encode()


def of(row: ConditionRow, **other: Any) -> tuple[str, bytes]:  # noqa: ANN401 - JSON values
    names = ("id", "name", "source", "severity", "message")
    said = {**dict(zip(names, row, strict=False)), "time": instant(row[5]), **other}
    return f"{MIXER}/_condition/{condition_key(row[0])}", json.dumps(said).encode()


def listed(*rows: ConditionRow, number: int = 1, **other: Any) -> tuple[str, bytes]:  # noqa: ANN401
    active = [condition_key(row[0]) for row in rows]
    said = {"agent": "edge-1", "started": RUN, "number": number, "active": active, **other}
    return f"{MIXER}/_condition", json.dumps(said).encode()


def seen(*messages: tuple[str, bytes]) -> BrokerPicture:
    into = picture()
    for message in messages:
        assert into.take(*message)
    return into


def told(into: BrokerPicture, *messages: tuple[str, bytes]) -> Holding | None:
    for message in messages:
        into.take(*message)
    return into.conditions(everything=True).get("mixer")


def test_what_holds_is_known_in_whatever_order_a_broker_tells_it() -> None:
    for messages in permutations((agent(), of(HOT), of(LOW), listed(HOT, LOW))):
        into = picture()
        for message in messages:
            held = told(into, message)
        assert held == Holding([HOT, LOW])


def test_nothing_is_known_whole_until_each_condition_of_the_list_has_come() -> None:
    into = seen(agent(), listed(HOT, LOW), of(HOT))
    assert told(into) == Holding([HOT], whole=False)
    assert told(into, of(LOW)) == Holding([HOT, LOW])


def test_a_condition_that_ended_holds_no_longer_though_the_broker_still_has_it() -> None:
    into = seen(agent(), of(HOT), of(LOW), listed(LOW))
    assert told(into) == Holding([LOW])


def test_a_change_is_told_at_once_and_the_rest_in_its_turn() -> None:
    into = seen(agent(), of(HOT), listed(HOT))
    assert into.conditions(everything=False) == {"mixer": Holding([HOT])}
    assert into.conditions(everything=False) == {}
    into.take(*listed(number=2))
    assert into.conditions(everything=False) == {"mixer": Holding([])}
    assert into.conditions(everything=True) == {"mixer": Holding([])}


def test_older_messages_and_duplicates_change_nothing() -> None:
    newer = (*HOT[:4], "hotter", HOT[5] + 1)
    into = seen(agent(), of(newer), listed(HOT, number=7))
    into.conditions(everything=True)
    for late in (of(HOT), listed(number=6), listed(number=7), listed(LOW, number=1)):
        assert told(into, late) == Holding([newer])


@pytest.mark.parametrize("gone", [agent(online=False), agent(started=instant(NOON_NS + 1))])
def test_nothing_is_known_of_conditions_whose_agent_is_gone(gone: tuple[str, bytes]) -> None:
    into = seen(agent(), of(HOT), listed(HOT))
    assert told(into, gone) is None
    assert told(into, agent()) == Holding([HOT])


def test_the_list_of_a_former_run_does_not_replace_that_of_the_present_one() -> None:
    former = instant(NOON_NS - 1)
    into = seen(agent(), of(HOT), of(LOW), listed(HOT))
    assert told(into, listed(LOW, number=99, started=former)) == Holding([HOT])
    assert told(picture(), agent(), of(LOW), listed(LOW, started=former)) is None


def test_a_machine_that_is_read_no_more_is_not_told_of() -> None:
    into = seen(agent(), of(HOT), listed(HOT))
    assert told(into, (f"{MIXER}/_condition", b"")) is None


@pytest.mark.parametrize(
    "message",
    [
        of(HOT, severity=0),
        of(HOT, severity=1001),
        of(HOT, id=""),
        of(HOT, id="ns=2;i=8"),
        of(HOT, name="x" * 257),
        of(HOT, message=None),
        of(HOT, time="yesterday"),
        listed(HOT, number=-1),
        listed(HOT, active=["x"]),
        listed(HOT, active=["0" * 32] * (MAX_CONDITIONS + 1)),
        listed(HOT, agent=""),
        (listed()[0], b"[" * 5_000),
        (of(HOT)[0], b"\xff"),
    ],
)
def test_what_is_no_condition_is_refused_and_changes_nothing(message: tuple[str, bytes]) -> None:
    into = seen(agent(), of(HOT), listed(HOT))
    with pytest.raises(PushError):
        into.take(*message)
    assert told(into) == Holding([HOT])


@pytest.mark.parametrize("key", ["", "x", "0" * 31, "G" * 32, "0" * 32 + "/x"])
def test_a_topic_that_names_no_condition_is_unknown(key: str) -> None:
    assert not picture().take(f"{MIXER}/_condition/{key}", b"{}")


def test_a_flood_of_conditions_without_a_list_is_refused() -> None:
    into = seen(agent(), of(HOT))
    for number in range(MOST_HELD - 1):
        into.take(*of((f"i{number}", *HOT[1:])))
    with pytest.raises(PushError, match="before their list"):
        into.take(*of(LOW))
    assert told(into, listed(HOT)) == Holding([HOT])


def test_a_flood_of_conditions_displaces_none_that_counts() -> None:
    into = seen(agent(), of(HOT), listed(HOT))
    for number in range(2 * MOST_HELD):
        into.take(*of((f"i{number}", *HOT[1:])))
    assert told(into) == Holding([HOT])


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let silence and calm last for a fraction of what they do otherwise."""
    monkeypatch.setattr(plant_image, "EDGE_SILENCE_S", 1.5)
    monkeypatch.setattr(broker_feed, "CONNECTIONS_PERIOD_S", 0.3)
    monkeypatch.setattr(machine_conditions, "CALM_S", 0.3)
    monkeypatch.setattr(monitor, "CONNECTION_LOST_S", 1.5)


def test_more_conditions_than_a_broker_holds_for_a_reader_are_all_read(tmp_path: Path) -> None:
    large = plant(*(machine(f"m{number}", tag("speed")) for number in range(12)))
    rows = [(f"ns=2;i={number}", *HOT[1:]) for number in range(100)]
    told = {each.id: rows for each in large.machines}
    states = {each: ("north", LinkState(True, time.time_ns() // 10**6, None)) for each in told}

    async def work(broker: Broker) -> None:
        live = MqttFeed(broker.url, "edge-1", lambda: states, {}, conditions=lambda: told)
        replica, seen = Replica(broker.url, large), dict[str, Holding]()
        replica.watcher.changed = lambda applied, now: seen.update(applied.conditions)  # type: ignore[method-assign]
        async with background(live.run):
            await until(lambda: live.problem is None)
            async with replica.reading():
                await until(lambda: sum(each.whole for each in seen.values()) == len(told))
        assert {len(each.conditions) for each in seen.values()} == {100}

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


def test_a_replica_that_may_not_read_conditions_reads_values_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = BrokerSession.subscribe

    async def subscribe(self: BrokerSession, topics: str, **more: Any) -> None:  # noqa: ANN401
        if "_condition" in topics:
            raise aiomqtt.MqttError(f"planted: no reading of {topics}")
        await allowed(self, topics, **more)

    async def work(broker: Broker) -> None:
        states = {"mixer": ("north", LinkState(True, time.time_ns() // 10**6, None))}
        told = {"mixer": [HOT]}
        live = MqttFeed(broker.url, "edge-1", lambda: states, {}, conditions=lambda: told)
        live.put("mixer", "speed", 1, 1.0, 0)
        replica = Replica(broker.url, bench())
        async with background(live.run):
            await until(lambda: live.pushed == 2)
            monkeypatch.setattr(BrokerSession, "subscribe", subscribe)
            with capture_logs() as logs:
                async with replica.reading():
                    await until(lambda: replica.value("mixer", "speed") == 1.0)
                    await until(lambda: "live.conditions_unreadable" in {e["event"] for e in logs})
                    assert replica.feed.problem is None

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))


class Line:
    """An agent with one machine, whose conditions a test sets, and replicas that read of it."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker = broker
        self.folder = folder
        self.told: dict[str, list[ConditionRow]] = {"mixer-1": []}
        self.states = {"mixer-1": ("bench", LinkState(True, time.time_ns() // 10**6, None))}

    def agent(self) -> MqttFeed:
        states, told = self.states, self.told
        return MqttFeed(self.broker.url, "edge-1", lambda: states, {}, conditions=lambda: told)

    def replica(self, name: str) -> Any:  # noqa: ANN401 - a context manager of a RunningApi
        return running(self.folder / name, live_url=self.broker.url)


async def alarms(api: RunningApi) -> list[dict[str, Any]]:
    """The machine's own alarms that are open, as operators read them."""

    def read() -> list[dict[str, Any]]:
        answer = api.browser(Role.OPERATOR).get("/alarms?state=active&machine=mixer-1")
        items = answer.json()["items"]
        return [each for each in items if "Overtemperature" in each["message"]]

    return await asyncio.to_thread(read)


async def open_kinds(api: RunningApi, since: dict[str, Any] | None) -> set[str]:
    """Kinds of the machine's open alarms that rose no earlier than another one."""
    assert since is not None
    answer = await asyncio.to_thread(
        api.browser(Role.OPERATOR).get, "/alarms?state=active&machine=mixer-1"
    )
    items = answer.json()["items"]
    return {each["kind"] for each in items if each["raised_at"] >= since["raised_at"]}


async def shown(api: RunningApi, count: int, *, stale: bool = False) -> dict[str, Any] | None:
    """Wait until so many of the machine's own alarms are open; return the first."""
    deadline = time.monotonic() + 20.0
    while True:
        found = await alarms(api)
        if len(found) == count and all(each["stale"] is stale for each in found):
            return found[0] if found else None
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.1)


@pytest.mark.usefixtures("hurry")
def test_a_replica_that_starts_late_knows_what_holds_and_sees_it_end(tmp_path: Path) -> None:
    async def work(line: Line) -> None:
        line.told["mixer-1"] = [HOT]
        async with background(line.agent().run):
            with line.replica("early") as early:
                raised = await shown(early, 1)
                assert raised is not None
                assert raised["severity"] == "critical"
                with line.replica("late") as late:
                    await shown(late, 1)
                    line.told["mixer-1"] = []
                    await asyncio.gather(shown(early, 0), shown(late, 0))

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(Line(broker, tmp_path)))


@pytest.mark.usefixtures("hurry")
def test_a_replica_without_its_broker_shows_what_held_as_stale_and_then_the_truth(
    tmp_path: Path,
) -> None:
    async def work(line: Line) -> None:
        line.told["mixer-1"] = [HOT]
        async with background(line.agent().run):
            with line.replica("one") as api:
                first = await shown(api, 1)
                await asyncio.to_thread(line.broker.stop)
                stale = await shown(api, 1, stale=True)
                await asyncio.sleep(3.0)
                assert await open_kinds(api, first) == {"event"}
                assert first is not None
                assert stale is not None
                assert stale["id"] == first["id"]
                line.told["mixer-1"] = []
                await asyncio.to_thread(line.broker.start)
                await shown(api, 0)

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(Line(broker, tmp_path)))


@pytest.mark.usefixtures("hurry")
def test_an_alarm_that_ended_while_no_agent_ran_clears_once_one_runs(tmp_path: Path) -> None:
    async def work(line: Line) -> None:
        line.told["mixer-1"] = [HOT]
        with line.replica("one") as api:
            async with background(line.agent().run):
                await shown(api, 1)
            await shown(api, 1, stale=True)
            line.told["mixer-1"] = []
            async with background(line.agent().run):
                await shown(api, 0)

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(Line(broker, tmp_path)))
