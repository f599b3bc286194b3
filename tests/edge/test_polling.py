"""Tags are polled where a server has no subscription for them, and where the plant file says so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from hypothesis import example, given
from hypothesis import strategies as st

from pilotline_edge.polling.poll import LastRead
from pilotline_edge.polling.schedule import PollSchedule
from pilotline_edge.subscription.publication import Change
from tests.edge.history_machine import HistoryMachine
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.faults.proxy import FaultProxy

FAST: dict[str, Any] = {"sampling_ms": 150, "publishing_ms": 150}
BAD = 0x8000_0000
EVER = 2**63 - 1
USUAL = {"agent-started", "polls-missed"}
"""Causes of gaps where nothing was lost: a busy test machine does miss polls, and says so."""


def refuse_subscriptions(code: int) -> Any:  # noqa: ANN401 - see OpcUaMachine.prepare
    """Return what makes a server answer CreateSubscription with a status code."""

    async def prepare(server: Server) -> None:
        async def refused(*_: object, **__: object) -> None:
            raise ServiceError(code)

        service: Any = server.iserver.subscription_service
        service.create_subscription = refused

    return prepare


def kept(historian: MemoryHistorian, name: str) -> list[Any]:
    found = sorted((at, s.value) for (of, at), s in historian.stored.items() if of.tag == name)
    return [value for _, value in found]


def causes(historian: MemoryHistorian) -> Counter[str]:
    return Counter(gap.cause for gap in historian.gaps(None, 0, EVER))


def reading(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = status_of(data).get("reading", {})
    return found


def learnt(data: Path) -> dict[str, int]:
    """Return the sizes of calls that the agent had to find out."""
    found: dict[str, int] = (status_of(data).get("server") or {}).get("learnt", {})
    return found


@asynccontextmanager
async def polled_machine(
    tmp_path: Path, *tags: str, code: int = StatusCodes.BadServiceUnsupported
) -> AsyncIterator[tuple[OpcUaMachine, MemoryHistorian, Path]]:
    """Run an agent on a machine without subscriptions until every tag was read."""
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with OpcUaMachine(tags, prepare=refuse_subscriptions(code)) as mill:
        read = plant(machine(mill.url, [tag(name, **FAST) for name in tags]))
        async with agent(read, historian, data):
            await until(lambda: {s.tag for s, _ in historian.stored} == set(tags))
            yield mill, historian, data


@pytest.mark.parametrize(
    "code", [StatusCodes.BadServiceUnsupported, StatusCodes.BadTooManySubscriptions]
)
def test_a_server_without_subscriptions_is_polled(tmp_path: Path, code: int) -> None:
    """Only what changed is kept, each value with the source time the machine gave it."""

    async def work() -> None:
        async with polled_machine(tmp_path, "a", "b", code=code) as (mill, historian, data):
            for n in range(1, 6):
                await mill.write("a", float(n))
                await until(lambda n=n: float(n) in kept(historian, "a"), 5.0)  # type: ignore[misc]
            await until(lambda: reading(data).get("polled") == 2)
            status = reading(data)
            assert status["subscribed"] == 0
            (reason,) = status["polled_instead"]
            assert "no subscription" in reason
            assert status["polls"][0]["interval_ms"] == 150
            sent = {(each.tag, each.source_ns): each.value for each in mill.ledger}
            for (series, at), sample in historian.stored.items():
                if sample.value:
                    assert sent[(series.tag, at)] == sample.value
            assert kept(historian, "b") == [0.0], "a value that stays is kept once"
            assert status_of(data)["connected"]
            assert historian.writes == len(historian.stored)
        assert set(causes(historian)) <= USUAL

    asyncio.run(work())


def test_polled_and_subscribed_tags_of_one_machine_are_read_side_by_side(tmp_path: Path) -> None:
    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with OpcUaMachine(("polled", "told")) as mill:
            tags = [tag("polled", reading="poll", deadband=2.0, **FAST), tag("told", **FAST)]
            async with agent(plant(machine(mill.url, tags)), historian, data):
                await until(lambda: len(historian.stored) == 2)
                for n in range(1, 7):
                    await mill.write("polled", float(n))
                    await mill.write("told", float(n))
                    await asyncio.sleep(0.4)
                await until(lambda: 6.0 in kept(historian, "polled") + kept(historian, "told"))
                await until(lambda: reading(data).get("subscribed") == 1)
                assert (reading(data)["polled"], reading(data)["polled_instead"]) == (1, {})
        assert kept(historian, "told") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        assert kept(historian, "polled") == [0.0, 3.0, 6.0], "the agent applies its deadband"

    asyncio.run(work())


def test_an_outage_is_a_gap_up_to_the_value_that_came_of_it(tmp_path: Path) -> None:
    """A tag that stayed as it was has none: its value says since when it holds."""

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with OpcUaMachine(("moves", "stays")) as mill, FaultProxy(mill.port) as proxy:
            tags = [tag(name, reading="poll", **FAST) for name in mill.tags]
            read = plant(machine(mill.url_at(proxy.port), tags))
            async with agent(read, historian, data):
                await until(lambda: len(historian.stored) == 2)
                await mill.write("moves", 1.0)
                await until(lambda: 1.0 in kept(historian, "moves"))
                proxy.cut()
                await until(lambda: not status_of(data).get("connected"))
                unseen = await mill.write("moves", 2.0)
                last = await mill.write("moves", 3.0)
                await asyncio.sleep(1.0)
                proxy.restore()
                await until(lambda: 3.0 in kept(historian, "moves"))
                after = await mill.write("stays", 7.0)
                await until(lambda: 7.0 in kept(historian, "stays"))
        assert 2.0 not in kept(historian, "moves")
        (gap,) = [g for g in historian.gaps(None, 0, EVER) if g.cause == "connection-lost"]
        assert gap.start_ns < unseen.source_ns <= gap.end_ns == last.source_ns
        assert ("stays", after.source_ns) in {(s.tag, at) for s, at in historian.stored}

    asyncio.run(work())


def test_history_fills_what_polls_missed(tmp_path: Path) -> None:
    """Also what came and went between the polls, while none was made."""

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with HistoryMachine(("moves",)) as mill, FaultProxy(mill.port) as proxy:
            read = plant(machine(mill.url_at(proxy.port), [tag("moves", reading="poll", **FAST)]))
            async with agent(read, historian, data):
                await until(lambda: len(historian.stored) == 1)
                await mill.write("moves", 1.0)
                await until(lambda: 1.0 in kept(historian, "moves"))
                proxy.cut()
                await until(lambda: not status_of(data).get("connected"))
                for n in range(2, 6):
                    await mill.write("moves", float(n))
                    await asyncio.sleep(0.05)
                proxy.restore()
                await until(lambda: kept(historian, "moves") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
                await until(lambda: status_of(data)["gaps_waiting"] == 0)
        assert set(causes(historian)) <= USUAL

    asyncio.run(work())


def test_one_node_that_is_not_there_stops_no_other_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_edge.polling.group._RETRY_FIRST_S", 0.3)

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with OpcUaMachine(("good",)) as mill:
            names = ("good", "late", "nowhere")
            tags = [tag(name, reading="poll", **FAST) for name in names]
            tags[2] = tag("nowhere", reading="poll", node_id="nsu=urn:absent;s=x", **FAST)
            async with agent(plant(machine(mill.url, tags)), historian, data):
                await until(lambda: {"late", "nowhere"} == set(status_of(data).get("bad_tags", ())))
                await mill.write("good", 1.0)
                await until(lambda: 1.0 in kept(historian, "good"))
                problems = status_of(data)["bad_tags"]
                assert "BadNodeIdUnknown" in problems["late"]
                assert "no namespace" in problems["nowhere"]
                await mill.add("late")
                await until(lambda: kept(historian, "late") == [0.0])
                await until(lambda: {"nowhere"} == set(status_of(data)["bad_tags"]))

    asyncio.run(work())


def test_a_server_that_takes_few_at_once_is_read_in_parts(tmp_path: Path) -> None:
    """What it takes in a call is learnt, and told in the status."""

    async def few(server: Server) -> None:
        session_type: Any = type(server.iserver.isession)
        original = session_type.read

        async def read(self: Any, params: ua.ReadParameters) -> list[ua.DataValue]:  # noqa: ANN401
            if len(params.NodesToRead) > 12 and self is not server.iserver.isession:
                raise ServiceError(StatusCodes.BadTooManyOperations)
            answers: list[ua.DataValue] = await original(self, params)
            return answers

        monkeypatch.setattr(session_type, "read", read)

    monkeypatch = pytest.MonkeyPatch()

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        names = tuple(f"t{n}" for n in range(50))
        async with OpcUaMachine(names, prepare=few) as mill:
            tags = [tag(name, reading="poll", **FAST) for name in names]
            async with agent(plant(machine(mill.url, tags)), historian, data):
                await until(lambda: {s.tag for s, _ in historian.stored} == set(names))
                await until(lambda: "read" in learnt(data))
                assert 6 <= learnt(data)["read"] <= 12

    try:
        asyncio.run(work())
    finally:
        monkeypatch.undo()


def test_polling_goes_on_where_a_former_agent_ended(tmp_path: Path) -> None:
    """A value that did not change while no agent ran leaves no gap; another one does."""

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("moves", "stays")) as mill:
            read = plant(
                machine(mill.url, [tag(name, reading="poll", **FAST) for name in mill.tags])
            )
            for run in range(2):
                await mill.write("moves", float(run))
                async with agent(read, historian, tmp_path / "data"):
                    await until(lambda run=run: float(run) in kept(historian, "moves"))  # type: ignore[misc]
                    await asyncio.sleep(0.3)
        stopped = [gap for gap in historian.gaps(None, 0, EVER) if gap.cause == "agent-stopped"]
        assert [gap.end_ns for gap in stopped] == [mill.ledger[-1].source_ns]

    asyncio.run(work())


def test_a_server_that_answers_too_late_is_said_to(tmp_path: Path) -> None:
    """Missed polls are counted, and one gap until polls are made in time again."""

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with OpcUaMachine(("a",)) as mill, FaultProxy(mill.port) as proxy:
            read = plant(machine(mill.url_at(proxy.port), [tag("a", reading="poll", **FAST)]))
            async with agent(read, historian, data):
                await until(lambda: len(historian.stored) == 1)
                proxy.freeze()
                await asyncio.sleep(1.0)
                proxy.thaw()
                await mill.write("a", 1.0)
                await until(lambda: 1.0 in kept(historian, "a"))
                await until(lambda: "polls-missed" in causes(historian))
                await until(lambda: reading(data)["polls"][0]["skipped"] >= 3)
                assert status_of(data)["reconnects"] == 0
        late = [g for g in historian.gaps(None, 0, EVER) if g.cause == "polls-missed"]
        assert max(gap.end_ns - gap.start_ns for gap in late) > 0.8e9, "one gap for all of them"

    asyncio.run(work())


# -- what is known without a server ---------------------------------------------------------


@given(
    st.integers(1, 5000),
    st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=50),
)
@example(100, [1.0, 0.0, 0.0])  # the tenth poll is due at the instant the late one is made
def test_polls_neither_drift_nor_pile_up(interval_ms: int, delays: list[float]) -> None:
    interval = interval_ms / 1000
    schedule, now, instants = PollSchedule(interval), 1000.0, list[float]()
    schedule.begin(now)
    for delay in delays:
        now += schedule.wait_s(now)
        schedule.take(now)
        instants.append(now)
        now += delay
    for instant, later in pairwise(instants):
        assert later > instant
    made_or_skipped = schedule.polls + schedule.skipped
    assert abs((instants[-1] - 1000.0) / interval - (made_or_skipped - 1)) <= 1 + 1e-6


def test_a_poll_that_is_late_is_made_once() -> None:
    schedule = PollSchedule(1.0)
    schedule.begin(10.0)
    assert schedule.take(10.0) == 0
    assert schedule.wait_s(10.4) == pytest.approx(0.6)
    assert schedule.take(14.7) == 3
    assert schedule.wait_s(14.7) == pytest.approx(0.3)
    assert (schedule.polls, schedule.skipped) == (2, 3)


NOW = 1_700_000_000_000_000_000
moments = st.sampled_from([None, NOW, NOW + 1000, NOW + 2000])
reads = st.tuples(
    st.just(1),
    st.sampled_from([1.0, 2.0, float("nan"), None]),
    st.sampled_from([0, BAD]),
    moments,
    st.none(),
)


@given(st.lists(reads, min_size=1, max_size=30))
def test_no_new_value_takes_the_place_of_one_before(stream: list[Change]) -> None:
    """Two values in a row never have one source time, whatever the server says."""
    last, at, former = LastRead(), NOW, None
    for change in stream:
        at += 50_000_000
        source, is_new = last.take(change, at)
        _, value, status, sent, _ = change
        if former is None:
            assert is_new
        else:
            unchanged = repr((value, status)) == repr(former[0])
            assert is_new or unchanged
            if is_new and (unchanged or sent is None or sent == former[2]):
                assert source != former[1] or not unchanged
            if is_new and sent == former[2]:
                assert source != former[1]
        if is_new:
            former = (value, status), source, sent


def test_a_server_without_source_times_is_kept_by_the_time_of_the_poll() -> None:
    last = LastRead()
    assert last.take((1, 5.0, 0, None, NOW + 7), NOW) == (NOW + 7, True)
    assert last.take((1, 5.0, 0, None, NOW + 9), NOW + 2) == (NOW + 7, False)
    assert last.take((1, 6.0, 0, None, None), NOW + 20) == (NOW + 20, True)


async def _crowded(tmp_path: Path, *, limit: int | None, planted: int | None) -> dict[str, Any]:
    """Read five tags of a machine that says, or only has, so many monitored items."""
    historian, data = MemoryHistorian(), tmp_path / "data"
    names = tuple("abcde")

    async def few(server: Server) -> None:
        if limit is not None:
            node = server.get_node(ua.NodeId(_MOST_ITEMS))
            await node.write_value(ua.Variant(limit, ua.VariantType.UInt32))
        if planted is not None:
            _plant_room(server, planted)

    async with OpcUaMachine(names, prepare=few) as mill:
        tags = [tag(name, sampling_ms=150 + n, publishing_ms=150) for n, name in enumerate(names)]
        async with agent(plant(machine(mill.url, tags)), historian, data):
            await until(lambda: {s.tag for s, _ in historian.stored} == set(names))
            for name in names:
                await mill.write(name, 1.0)
            await until(lambda: all(1.0 in kept(historian, name) for name in names))
            await until(lambda: reading(data).get("polled") == 2)
            return reading(data)


def _plant_room(server: Server, room: int) -> None:
    """Have a server refuse monitored items beyond `room` without having said so."""
    service: Any = server.iserver.subscription_service
    original = service.create_monitored_items
    left = room

    async def create(params: ua.CreateMonitoredItemsParameters) -> list[Any]:
        nonlocal left
        given, params.ItemsToCreate = params.ItemsToCreate, params.ItemsToCreate[:left]
        results: list[Any] = await original(params)
        left -= len(results)
        refused: Any = ua.MonitoredItemCreateResult()
        refused.StatusCode = ua.StatusCode(ua.UInt32(StatusCodes.BadTooManyMonitoredItems))
        return results + [refused] * (len(given) - len(results))

    service.create_monitored_items = create


_MOST_ITEMS: Any = ObjectIds.Server_ServerCapabilities_MaxMonitoredItems


@pytest.mark.parametrize(("limit", "planted"), [(3, None), (None, 3)])
def test_tags_beyond_a_servers_room_are_polled_the_slowest_first(
    tmp_path: Path, limit: int | None, planted: int | None
) -> None:
    status = asyncio.run(_crowded(tmp_path, limit=limit, planted=planted))
    assert status["subscribed"] == 3
    (reason,) = status["polled_instead"]
    assert "monitored items" in reason or "monitors no more items" in reason
    if limit is not None:
        assert [group["interval_ms"] for group in status["polls"]] == [153, 154]


def test_a_subscription_that_was_refused_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polling only stands in: an agent that was killed may have left the subscriptions used up."""
    monkeypatch.setattr("pilotline_edge.subscription.subscription._RETRY_FIRST_S", 0.5)

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        service: list[Any] = []

        async def refuse(server: Server) -> None:
            service.append(server.iserver.subscription_service)
            await refuse_subscriptions(StatusCodes.BadTooManySubscriptions)(server)

        async with (
            OpcUaMachine(("a",), prepare=refuse) as mill,
            agent(plant(machine(mill.url, [tag("a", **FAST)])), historian, data),
        ):
            await until(lambda: reading(data).get("polled") == 1)
            await mill.write("a", 1.0)
            await until(lambda: 1.0 in kept(historian, "a"))
            del service[0].create_subscription
            await until(lambda: reading(data).get("subscribed") == 1)
            await mill.write("a", 2.0)
            await until(lambda: 2.0 in kept(historian, "a"))
            assert reading(data)["polled"] == 0
        assert set(causes(historian)) <= USUAL

    asyncio.run(work())


def test_a_queue_that_was_granted_shallower_is_told(tmp_path: Path) -> None:
    """What it cannot hold is declared when it is full; that it may be is said before."""

    async def shallow(server: Server) -> None:
        server.iserver.max_monitored_item_queue_size = 4

    async def work() -> dict[str, Any]:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with (
            OpcUaMachine(("a",), prepare=shallow) as mill,
            agent(plant(machine(mill.url, [tag("a", **FAST)])), historian, data),
        ):
            await until(lambda: reading(data).get("subscribed") == 1)
            return reading(data)

    status = asyncio.run(work())
    assert (status["shallow_queues"], status["shallowest_queue"]) == (1, 4)
