"""Tags that do not fit into one subscription come to several, and lose no more than in one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua.ua.status_codes import StatusCodes

from pilotline_edge.link.coverage import Coverage
from pilotline_edge.subscription.key import interval_of, key_of, part_of
from pilotline_plant import EventSource, Machine, Plant
from pilotline_plant.reading import read_plant
from tests.edge.agent_process import plant_text
from tests.edge.crowded_machine import Room
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until
from tests.faults.proxy import FaultProxy

TAGS = tuple("abcdefgh")
EVER = 2**63 - 1
TOLD = Room(of_one=3, told=True)
REFUSES_ITEMS = Room(of_one=3)
REFUSES_CALLS = Room(of_one=3, whole=StatusCodes.BadTooManyMonitoredItems)
OPERATIONS = Room(of_one=3, whole=StatusCodes.BadTooManyOperations)


def reading(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = status_of(data).get("reading", {})
    return found


def read_at(url: str, tags: tuple[str, ...] = TAGS, **fields: Any) -> Plant:  # noqa: ANN401
    """Return a plant whose tags are the slower the later they come."""
    return plant(
        machine(url, [tag(each, sampling_ms=50 + n, **fields) for n, each in enumerate(tags)])
    )


@asynccontextmanager
async def crowded(room: Room) -> AsyncIterator[tuple[OpcUaMachine, FaultProxy]]:
    async with OpcUaMachine(TAGS, prepare=room.furnish) as mill, FaultProxy(mill.port) as proxy:
        yield mill, proxy


@asynccontextmanager
async def writing(mill: OpcUaMachine) -> AsyncIterator[None]:
    """Have every tag change all the time while the block runs."""
    running = asyncio.ensure_future(mill.run(0.05))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def every_tag_read(data: Path, subscribed: int = len(TAGS)) -> None:
    await until(lambda: status_of(data).get("connected") is True)
    await until(lambda: reading(data).get("subscribed") == subscribed)


@pytest.mark.parametrize(
    "room",
    [TOLD, REFUSES_ITEMS, REFUSES_CALLS, OPERATIONS],
    ids=["told", "refuses items", "refuses calls", "refuses any operation"],
)
def test_tags_beyond_the_room_of_a_subscription_come_to_further_ones(
    tmp_path: Path, room: Room
) -> None:
    async def work() -> None:
        async with (
            OpcUaMachine(TAGS, prepare=room.furnish) as mill,
            agent(read_at(mill.url), MemoryHistorian(), tmp_path),
        ):
            await every_tag_read(tmp_path)
            status = reading(tmp_path)
            assert room.taken == [3, 3, 2]
        assert [each["tags"] for each in status["subscriptions"]] == [3, 3, 2]
        assert status["polled"] == 0

    asyncio.run(work())


def test_a_cut_that_the_queues_bridge_costs_nothing_in_any_subscription(tmp_path: Path) -> None:
    async def work() -> None:
        historian, room = MemoryHistorian(), REFUSES_ITEMS
        async with crowded(room) as (mill, proxy):
            async with agent(read_at(mill.url_at(proxy.port)), historian, tmp_path):
                await every_tag_read(tmp_path)
                async with writing(mill):
                    await asyncio.sleep(0.7)
                    proxy.cut()
                    await asyncio.sleep(1.0)
                    proxy.restore()
                    await until(lambda: status_of(tmp_path).get("reconnects") == 1)
                    await asyncio.sleep(0.3)
                await until(lambda: lost(mill.ledger, historian) == [])
                healed = status_of(tmp_path)["healed_by"]
            assert room.taken == [3, 3, 2]
        assert healed == {"republished": 3}
        assert {gap.cause for gap in historian.gaps(None, 0, EVER)} <= {"agent-started"}
        assert historian.writes == len(historian.stored), "a point was delivered twice"

    asyncio.run(work())


def test_a_restarted_server_leaves_one_gap_and_every_tag_comes_back(tmp_path: Path) -> None:
    """Also where it says only now how much room a subscription has, and that it is less."""

    async def work() -> None:
        historian, room = MemoryHistorian(), Room(of_one=4)
        async with (
            OpcUaMachine(TAGS, prepare=room.furnish) as mill,
            agent(read_at(mill.url), historian, tmp_path),
        ):
            await every_tag_read(tmp_path)
            async with writing(mill):
                await until(lambda: len(historian.stored) > 50)
            await mill.stop()
            room.of_one, room.told = 3, True
            await mill.start()
            async with writing(mill):
                await until(lambda: status_of(tmp_path).get("reconnects") == 1)
                await every_tag_read(tmp_path)
                await asyncio.sleep(0.5)
            await until(lambda: lost(mill.ledger[-len(TAGS) :], historian) == [])
            assert sorted(room.taken) == [2, 3, 3]
            healed = status_of(tmp_path)["healed_by"]
        (gap,) = [g for g in historian.gaps(None, 0, EVER) if g.cause == "server-restarted"]
        assert gap.tag is None
        assert healed == {"recreated": 3}
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_an_agent_that_was_away_goes_on_with_every_subscription(tmp_path: Path) -> None:
    async def work() -> None:
        historian, room = MemoryHistorian(), REFUSES_CALLS
        async with crowded(room) as (mill, proxy):
            read = read_at(mill.url_at(proxy.port))
            async with agent(read, historian, tmp_path):
                await every_tag_read(tmp_path)
            async with writing(mill):
                for _ in range(2):
                    await asyncio.sleep(0.5)
                    async with agent(read, historian, tmp_path):
                        await every_tag_read(tmp_path)
                        await asyncio.sleep(0.5)
                        healed = status_of(tmp_path)["healed_by"]
            async with agent(read, historian, tmp_path):
                await until(lambda: lost(mill.ledger, historian) == [])
            assert room.taken == [3, 3, 2]
        assert healed == {"republished": 3}
        assert {gap.cause for gap in historian.gaps(None, 0, EVER)} <= {"agent-started"}
        assert historian.writes == len(historian.stored), "a point was delivered twice"

    asyncio.run(work())


def test_a_subscription_that_the_server_ended_costs_only_its_own_tags(tmp_path: Path) -> None:
    room = Room(of_one=3)

    async def work() -> None:
        historian = MemoryHistorian()
        async with (
            crowded(room) as (mill, proxy),
            agent(read_at(mill.url_at(proxy.port)), historian, tmp_path),
        ):
            await every_tag_read(tmp_path)
            async with writing(mill):
                await until(lambda: len(historian.stored) > 50)
                await room.end(1)
                proxy.cut()
                proxy.restore()
                await until(lambda: status_of(tmp_path).get("reconnects") == 1)
                await every_tag_read(tmp_path)
                await asyncio.sleep(0.5)
            await until(lambda: lost(mill.ledger[-len(TAGS) :], historian) == [])
            healed = status_of(tmp_path)["healed_by"]
        gaps = [gap for gap in historian.gaps(None, 0, EVER) if gap.cause != "agent-started"]
        assert healed == {"republished": 2, "recreated": 1}
        assert {gap.tag for gap in gaps} == {"d", "e", "f"}
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


@pytest.mark.parametrize("told", [True, False])
def test_tags_without_room_in_any_subscription_are_polled_the_slowest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    """And they are subscribed once the server has room, be it that another client left."""
    monkeypatch.setattr("pilotline_edge.subscription.subscription._RETRY_FIRST_S", 0.3)
    monkeypatch.setattr("pilotline_edge.subscription.subscription._RETRY_CAP_S", 0.3)
    room = Room(of_one=3, subscriptions=2, told=told)

    async def work() -> None:
        historian = MemoryHistorian()
        async with (
            OpcUaMachine(TAGS, prepare=room.furnish) as mill,
            agent(read_at(mill.url), historian, tmp_path),
        ):
            await every_tag_read(tmp_path, subscribed=6)
            status = reading(tmp_path)
            assert status["polled"] == 2
            assert [each["interval_ms"] for each in status["polls"]] == [56, 57]
            await mill.write("h", 1.0)
            await until(lambda: lost(mill.ledger, historian) == [])
            if not told:
                room.subscriptions = 3
                await every_tag_read(tmp_path)

    asyncio.run(work())


@pytest.mark.parametrize("told", [True, False])
def test_where_the_server_as_a_whole_is_full_no_subscription_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    monkeypatch.setattr("pilotline_edge.subscription.items._RETRY_FIRST_S", 0.3)
    monkeypatch.setattr("pilotline_edge.subscription.items._RETRY_CAP_S", 0.3)
    room = Room(items=5, told=told)

    async def work() -> None:
        historian = MemoryHistorian()
        async with (
            OpcUaMachine(TAGS, prepare=room.furnish) as mill,
            agent(read_at(mill.url), historian, tmp_path),
        ):
            await every_tag_read(tmp_path, subscribed=5)
            await until(lambda: reading(tmp_path)["polled"] == 3)
            assert [each["interval_ms"] for each in reading(tmp_path)["polls"]] == [55, 56, 57]
            await until(lambda: room.taken == [5])
            if not told:
                room.items = 8
                await every_tag_read(tmp_path)
                assert room.taken == [8]

    asyncio.run(work())


def test_tags_that_come_or_go_find_room_and_the_others_lose_nothing(tmp_path: Path) -> None:
    room, file, data = Room(of_one=3), tmp_path / "plant.toml", tmp_path / "data"

    def write(url: str, tags: str) -> None:
        draft = file.with_suffix(".new")
        draft.write_text(plant_text({"mill-1": url}, tags), encoding="utf-8")
        draft.replace(file)

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS, prepare=room.furnish) as mill:
            write(mill.url, "abcdef")
            async with agent(read_plant(file), historian, data, plant_file=file):
                await every_tag_read(data, subscribed=6)
                async with writing(mill):
                    write(mill.url, "bcdefgh")
                    await every_tag_read(data, subscribed=7)
                    await asyncio.sleep(0.5)
                stayed = [sent for sent in mill.ledger if sent.tag in "bcdef"]
                await until(lambda: lost(stayed, historian) == [])
                await until(lambda: lost(mill.ledger[-2:], historian) == [])
                assert status_of(data)["reconnects"] == 0
            assert room.taken == [3, 3, 1]

    asyncio.run(work())


def test_room_is_left_for_events(tmp_path: Path) -> None:
    """Tags can be polled instead; events cannot."""
    room = Room(of_one=4, items=8, subscriptions=3, told=True)

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS, prepare=room.furnish) as mill:
            tags = [tag(each, sampling_ms=50 + n) for n, each in enumerate(TAGS)]
            read = machine(mill.url, tags)
            with_events = Machine(**{**_fields(read), "events": EventSource()})
            async with agent(plant(with_events), historian, tmp_path):
                await until(lambda: reading(tmp_path).get("polled") == 1)
                await until(lambda: sorted(room.taken) == [1, 3, 4])
                assert status_of(tmp_path)["bad_tags"] == {}

    asyncio.run(work())


def _fields(read: Machine) -> dict[str, Any]:
    return {name: getattr(read, name) for name in read.__dataclass_fields__}


# -- what is known without a server ---------------------------------------------------------


@pytest.mark.parametrize("interval_ms", [1, 100, 3_600_000])
def test_a_subscription_is_known_by_its_interval_and_its_part(interval_ms: int) -> None:
    assert key_of(interval_ms, 0) == interval_ms, "as before there were further ones"
    for part in range(4):
        key = key_of(interval_ms, part)
        assert (interval_of(key), part_of(key)) == (interval_ms, part)


def _covered(join: Callable[[Coverage], None]) -> int:
    """Return how far a tag is known that comes to another subscription."""
    coverage = Coverage("aarhus", "mill-1", {"stays": 100, "moves": 100}, {100: 0})
    coverage.begin(1_000_000_000)
    coverage.known.assign(["stays"], key_of(100, 1))
    coverage.received(key_of(100, 1), 9_000_000_000, True, [])
    join(coverage)
    again = Coverage.from_json(
        "aarhus", "mill-1", {"stays": 100, "moves": 100}, {100: 0}, coverage.to_json()
    )
    for each in ("stays", "moves"):
        assert again.covered_ns(each) <= coverage.covered_ns(each), "a restart knows nothing more"
    return coverage.covered_ns("moves")


def test_what_a_subscription_published_before_says_nothing_of_a_tag_that_comes_to_it() -> None:
    key = key_of(100, 1)
    assert _covered(lambda coverage: coverage.known.assign(["moves"], key)) == 1_000_000_000

    def join_and_hear(coverage: Coverage) -> None:
        coverage.known.assign(["moves"], key)
        coverage.received(key, 9_500_000_000, True, [])

    assert _covered(join_and_hear) == 9_400_000_000
