"""A machine with two servers is read from one of them, whichever fails or falls behind."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import ua

from pilotline_edge import MetricsAddress
from pilotline_historian import Series
from pilotline_plant import Plant
from tests.edge import plants
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine, Sent, free_port
from tests.edge.running import agent, status_of, undeclared, until
from tests.edge.test_metrics import ask, figures

TAGS = ("speed", "power")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVEL: Any = 2267


class Pair:
    """Two servers of one machine, which say the same with the same source times."""

    def __init__(self) -> None:
        self.servers = (OpcUaMachine(TAGS), OpcUaMachine(TAGS))
        self.ledger: list[Sent] = []
        self._up = [False, False]

    async def start(self, *which: int) -> None:
        for number in which:
            await self.servers[number].start()
            self._up[number] = True

    async def stop(self, *which: int) -> None:
        for number in which:
            self._up[number] = False
            await self.servers[number].stop()

    async def level(self, number: int, level: int) -> None:
        value = ua.DataValue(ua.Variant(level, ua.VariantType.Byte))
        server: Any = self.servers[number]._server
        await server.write_attribute_value(ua.NodeId(_LEVEL), value)

    async def write(self, value: float) -> None:
        """Write to every tag of every server that runs, as one controller behind both would."""
        now = datetime.now(UTC)
        for tag in TAGS:
            self.ledger.append(Sent(tag, (now - _EPOCH) // datetime.resolution * 1000, value))
            for number, machine in enumerate(self.servers):
                if self._up[number]:
                    await put(machine, tag, value, now)

    async def run(self) -> None:
        value = 0.0
        while True:
            value += 1.0
            await self.write(value)
            await asyncio.sleep(0.05)

    @property
    def plant(self) -> Plant:
        first, second = (each.url for each in self.servers)
        one = plants.machine(first, [plants.tag(each) for each in TAGS])
        endpoint = dataclasses.replace(one.endpoint, also=(second,))
        return plants.plant(dataclasses.replace(one, endpoint=endpoint))


async def put(machine: OpcUaMachine, tag: str, value: float, at: datetime) -> None:
    held: Any = ua.DataValue(ua.Variant(value, ua.VariantType.Double))
    held.SourceTimestamp = held.ServerTimestamp = at
    name: Any = tag
    server: Any = machine._server
    await server.write_attribute_value(ua.NodeId(name, ua.Int16(2)), held)


@asynccontextmanager
async def written(pair: Pair) -> AsyncIterator[None]:
    writing = asyncio.ensure_future(pair.run())
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


@asynccontextmanager
async def read(
    pair: Pair,
    historian: MemoryHistorian,
    data: Path,
    **settings: Any,  # noqa: ANN401 - fields of AgentSettings
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Read both servers; gives what stops the agent before the block ends."""
    async with AsyncExitStack() as stack:
        await pair.start(0, 1)
        stack.push_async_callback(pair.stop, 0, 1)
        reading = AsyncExitStack()
        await reading.enter_async_context(agent(pair.plant, historian, data, **settings))
        stack.push_async_exit(reading)
        await stack.enter_async_context(written(pair))
        await until(lambda: at(pair, data) == 0)
        await until(lambda: standbys(data) == [255])
        yield reading.aclose


def at(pair: Pair, data: Path) -> int | None:
    """Return which server is read, None while none is."""
    told = status_of(data)
    if not told or not told["connected"]:
        return None
    return [each.url for each in pair.servers].index(told["endpoint"])


def standbys(data: Path) -> list[int | None]:
    return [each["service_level"] for each in status_of(data)["servers"] if not each["in_use"]]


def causes(historian: MemoryHistorian) -> list[str]:
    return [gap.cause for gap in historian.gaps("mill-1", 0, 2**63 - 1)]


async def arrived(pair: Pair, historian: MemoryHistorian) -> None:
    """Wait until something written from now on is in the historian."""
    begun = time.time_ns()
    await until(lambda: any(at > begun for _, at in historian.stored))


def test_another_server_takes_over_and_the_first_only_once_both_were_down(tmp_path: Path) -> None:
    pair, historian, port = Pair(), MemoryHistorian(), free_port()

    async def work() -> None:
        async with read(pair, historian, tmp_path, metrics=MetricsAddress(port)):
            await asyncio.sleep(0.5)
            await pair.stop(0)
            await until(lambda: at(pair, tmp_path) == 1, 15.0)
            await pair.start(0)
            await arrived(pair, historian)
            await until(lambda: standbys(tmp_path) == [255])
            assert at(pair, tmp_path) == 1, "it goes back only when it must"
            _, text = await asyncio.to_thread(ask, port, "/metrics")
            told = figures(text)
            assert told["pilotline_edge_machine_server", "mill-1"] == 2
            assert told["pilotline_edge_machine_service_level", "mill-1"] == 255
            assert told["pilotline_edge_machine_servers_reached", "mill-1"] == 2
            assert told["pilotline_edge_machine_server_changes_total", "mill-1"] == 1
            await pair.stop(0, 1)
            await until(lambda: at(pair, tmp_path) is None)
            await pair.start(0)
            await until(lambda: at(pair, tmp_path) == 0)
            await arrived(pair, historian)

    asyncio.run(work())
    assert undeclared(pair.ledger[:-8], historian) == []
    assert causes(historian) == ["agent-started", "server-changed", "server-changed"]


def test_a_server_that_falls_behind_is_left_for_good_and_the_next_agent_goes_on_at_the_other(
    tmp_path: Path,
) -> None:
    pair, historian = Pair(), MemoryHistorian()

    async def work() -> None:
        async with read(pair, historian, tmp_path) as stopped:
            await pair.level(0, 150)
            await until(lambda: at(pair, tmp_path) == 1, 15.0)
            await arrived(pair, historian)
            left: Any = pair.servers[0]._server
            await until(lambda: not left.iserver.subscription_service.subscriptions)
            await stopped()
            async with agent(pair.plant, historian, tmp_path):
                await until(lambda: status_of(tmp_path)["healed_by"] == {"republished": 1})
                assert at(pair, tmp_path) == 1
                await arrived(pair, historian)

    asyncio.run(work())
    assert undeclared(pair.ledger[:-8], historian) == []
    # Between two writes the change costs nothing, and is no gap.
    assert causes(historian) in (["agent-started"], ["agent-started", "server-changed"])


def test_a_server_that_repeats_older_values_makes_none_of_them_new(tmp_path: Path) -> None:
    pair, historian = Pair(), MemoryHistorian()
    speed = Series("aarhus", "mill-1", "speed")

    async def work() -> None:
        async with read(pair, historian, tmp_path):
            await asyncio.sleep(0.5)
        # Now the second server alone, standing at a value that was read from the first before.
        old = [sent for sent in pair.ledger if (speed, sent.source_ns) in historian.stored][2]
        kept = historian.stored[speed, old.source_ns]
        await pair.start(1)
        try:
            before = _EPOCH + datetime.resolution * (old.source_ns // 1000)
            await put(pair.servers[1], "speed", float(old.value), before)
            async with agent(pair.plant, historian, tmp_path):
                await until(lambda: at(pair, tmp_path) == 1)
                await until(lambda: status_of(tmp_path)["values"] > 0)
        finally:
            await pair.stop(1)
        assert historian.stored[speed, old.source_ns] == kept

    asyncio.run(work())
    written_ns = {sent.source_ns for sent in pair.ledger}
    stored = [each for (series, _), each in historian.stored.items() if series == speed]
    assert [each for each in stored if each.value and each.source_time_ns not in written_ns] == []
    assert [
        gap
        for gap in historian.gaps("mill-1", 0, 2**63 - 1)
        if gap.tag == "speed" and gap.cause != "agent-started"
    ] == []
