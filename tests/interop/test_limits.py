"""Several subscriptions carry one publishing interval of node-opcua; faults cost them nothing."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until
from tests.faults.agent_files import AgentFiles, ended, first_value, last_run
from tests.faults.proxy import FaultProxy
from tests.faults.witness import find
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

TAGS = tuple("abcdefgh")
EVER = 2**63 - 1
LIMITS = {"maxMonitoredItemsPerSubscription": 3}
EACH_WAY = pytest.mark.parametrize("hidden", [False, True], ids=["told", "only refused"])


def _subscriptions(data: Path) -> list[int]:
    """Return how many tags each subscription has."""
    reading: dict[str, Any] = status_of(data).get("reading", {})
    return [each["tags"] for each in reading.get("subscriptions", ())]


@EACH_WAY
def test_two_lost_connections_lose_no_value(tmp_path: Path, hidden: bool) -> None:
    need_node_opcua()

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        mill = NodeMachine(TAGS, tmp_path / "pki", period_ms=100, limits=LIMITS, hidden=hidden)
        async with mill, FaultProxy(mill.port) as proxy:
            read = plant(machine(OpcUaMachine.url_at(proxy.port), [tag(name) for name in TAGS]))
            async with agent(read, historian, data):
                await until(lambda: _subscriptions(data) == [3, 3, 2])
                for cut in (1, 2):
                    proxy.cut()
                    await asyncio.sleep(1.5)
                    proxy.restore()
                    await until(lambda cut=cut: status_of(data).get("reconnects") == cut)  # type: ignore[misc]
                    await asyncio.sleep(0.7)
                healed = status_of(data)["healed_by"]
                await mill.stop()
                await asyncio.sleep(0.5)
        gaps = historian.gaps("mill-1", 0, EVER)
        # What a stopped server had not published yet was never on its way.
        last = min(max(at for of, at in historian.stored if of.tag == name) for name in TAGS)
        begun = max(gap.end_ns for gap in gaps)
        read_time = [sent for sent in mill.ledger if begun <= sent.source_ns <= last]
        assert {gap.cause for gap in gaps} == {"agent-started"}
        assert len(read_time) > 150
        assert lost(read_time, historian) == []
        assert undeclared(read_time, historian) == []
        assert healed == {"republished": 6}
        assert historian.writes == len(historian.stored), "a point was delivered twice"

    asyncio.run(work())


@EACH_WAY
def test_killed_agents_and_a_restarted_server_lose_nothing_acknowledged(
    tmp_path: Path, hidden: bool
) -> None:
    need_node_opcua()

    async def work() -> None:
        mill = NodeMachine(
            TAGS, tmp_path / "pki", period_ms=100, resting=True, limits=LIMITS, hidden=hidden
        )
        async with mill:
            files = AgentFiles(tmp_path, mill)
            async with mill.writing():
                for _ in range(2):
                    with files.running() as process:
                        await first_value(mill, process)
                        await asyncio.sleep(0.7)
                        await ended(process, signal.SIGKILL)
            with files.running() as process:
                await mill.stop()
                await mill.start()
                async with mill.writing():
                    await first_value(mill, process)
                    await asyncio.sleep(0.5)
                await ended(process, signal.SIGKILL)
            await last_run(files)
            with files.historian() as historian:
                fault = "agent killed, server restarted, tags in three subscriptions"
                find(mill, historian, files.plant, fault, server="node-opcua").need()
                causes = {gap.cause for gap in historian.gaps("mill-1", 0, EVER)}
        assert causes <= {"agent-started", "agent-stopped", "server-restarted"}

    asyncio.run(work())


def test_tags_beyond_all_room_are_polled(tmp_path: Path) -> None:
    need_node_opcua()
    limits = LIMITS | {"maxSubscriptionsPerSession": 2}

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        mill = NodeMachine(TAGS, tmp_path / "pki", period_ms=100, limits=limits)
        read = plant(machine(mill.url, [tag(name) for name in TAGS]))
        async with mill, agent(read, historian, data):
            await until(lambda: _subscriptions(data) == [3, 3])
            await until(lambda: status_of(data)["reading"]["polled"] == 2)
            await until(lambda: {of.tag for of, _ in historian.stored} == set(TAGS))

    asyncio.run(work())
