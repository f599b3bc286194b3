"""What an outage cost is recovered from node-opcua, a server that shares no code with asyncua."""

import asyncio
import shutil
from pathlib import Path

import pytest

from pilotline_plant import Plant
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

TAGS = ("a", "b", "c")
EVER = 2**63 - 1


async def _agent_restarts(read: Plant, mill: NodeMachine, data: Path) -> None:
    historian = MemoryHistorian()
    for run in range(3):
        async with agent(read, historian, data):
            await until(lambda: status_of(data).get("connected") is True)
            await asyncio.sleep(1.5)
            if run:
                assert status_of(data)["healed_by"] == {"republished": 1}
        await asyncio.sleep(1.5)
    gaps = historian.gaps("mill-1", 0, EVER)
    begun = max((gap.end_ns for gap in gaps), default=0)
    last = min(max(at for series, at in historian.stored if series.tag == name) for name in TAGS)
    read_time = [sent for sent in mill.sampled if begun <= sent.source_ns <= last]
    assert [gap.cause for gap in gaps if gap.cause != "agent-started"] == []
    assert len(read_time) > 100
    assert lost(read_time, historian) == []
    assert undeclared(read_time, historian) == []
    assert historian.writes == len(historian.stored), "a point was delivered twice"


def test_an_agent_that_was_away_goes_on_where_it_was(tmp_path: Path) -> None:
    need_node_opcua()

    async def work() -> None:
        async with NodeMachine(TAGS, tmp_path / "pki", period_ms=100) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            await _agent_restarts(read, mill, tmp_path / "data")

    asyncio.run(work())


def test_so_it_does_on_an_encrypted_connection_with_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_node_opcua()
    monkeypatch.setenv("PILOTLINE_OPCUA_PASSWORD_MILL_1", "planted-secret")

    async def work() -> None:
        data = tmp_path / "data"
        async with NodeMachine(TAGS, tmp_path / "pki", period_ms=100, secure=True) as mill:
            read = plant(
                machine(
                    mill.url,
                    [tag(name) for name in TAGS],
                    security="Basic256Sha256",
                    user="edge",
                )
            )
            async with agent(read, MemoryHistorian(), data):
                await until(lambda: any((data / "pki" / "rejected").glob("mill-1-*.der")))
            (waiting,) = (data / "pki" / "rejected").iterdir()
            waiting.rename(data / "pki" / "trusted" / waiting.name)
            await _agent_restarts(read, mill, data)

    asyncio.run(work())


def test_history_fills_what_was_missed_when_the_session_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_node_opcua()
    monkeypatch.setattr("pilotline_edge.backfill.archive._MOST_VALUES", 30)
    monkeypatch.setattr("pilotline_edge.backfill.archive._LEAST_VALUES", 10)

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with NodeMachine(TAGS, tmp_path / "pki", period_ms=100, history=True) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, data):
                await until(lambda: len(historian.stored) > 30)
            shutil.rmtree(data / "sessions")
            await asyncio.sleep(3.0)
            async with agent(read, historian, data):
                await until(lambda: status_of(data).get("gaps_healed") == 1)
                await asyncio.sleep(1.0)
                status = status_of(data)
        gaps = historian.gaps("mill-1", 0, EVER)
        begun = max((gap.end_ns for gap in gaps), default=0)
        newest = [max(at for of, at in historian.stored if of.tag == name) for name in TAGS]
        read_time = [sent for sent in mill.sampled if begun <= sent.source_ns <= min(newest)]
        assert {gap.cause for gap in gaps} <= {"agent-started"}
        assert status["values_backfilled"] > 60
        assert read_time
        assert lost(read_time, historian) == []

    asyncio.run(work())
