"""What an outage costs: nothing where the server can bridge it, a declared gap where not."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from pilotline_edge import LeaseHeld, read_status
from pilotline_edge.agent import AgentSettings, EdgeAgent
from tests.edge.memory_historian import MemoryHistorian, unavailable
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until
from tests.faults.proxy import FaultProxy

TAGS = ("a", "b", "c")


def test_two_lost_connections_lose_no_value_and_deliver_none_twice(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS) as mill, FaultProxy(mill.port) as proxy:
            tags = [tag(name, publishing_ms=200 if name == "c" else 100) for name in TAGS]
            read = plant(machine(mill.url_at(proxy.port), tags))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                for cut in (1, 2):
                    await asyncio.sleep(0.7)
                    proxy.cut()
                    await asyncio.sleep(2.0)
                    proxy.restore()
                    await until(lambda cut=cut: status_of(tmp_path).get("reconnects") == cut)  # type: ignore[misc]
                writing.cancel()
                await until(lambda: lost(mill.ledger, historian) == [])
                healed = status_of(tmp_path)["healed_by"]
        assert len(mill.ledger) > 150
        assert healed == {"republished": 4}
        assert historian.gaps("mill-1", 0, 2**63 - 1) == []
        assert historian.writes == len(historian.stored)

    asyncio.run(work())


def test_a_restarted_server_leaves_a_declared_gap_and_all_items_come_back(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        mill = OpcUaMachine(TAGS)
        async with mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                await asyncio.sleep(1.0)
                writing.cancel()
                stopped_ns = time.time_ns()
                await mill.stop()
                await asyncio.sleep(0.3)
                await mill.start()
                for name in TAGS:
                    await mill.write(name, 500.0)
                    await mill.write(name, 600.0)
                writing = asyncio.ensure_future(mill.run(0.05))
                await until(lambda: status_of(tmp_path).get("reconnects") == 1)
                await asyncio.sleep(0.5)
                writing.cancel()
                again = mill.ledger[-6:]
                await until(lambda: lost(again, historian) == [])
                read_ns = time.time_ns()
                healed = status_of(tmp_path)["healed_by"]
        (gap,) = historian.gaps("mill-1", 0, 2**63 - 1)
        assert gap.cause == "server-restarted"
        assert gap.tag is None
        assert stopped_ns - 2 * 10**9 < gap.start_ns < gap.end_ns < read_ns
        assert healed == {"recreated": 1}
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_a_frozen_peer_is_noticed_and_nothing_is_lost_when_it_thaws(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS) as mill, FaultProxy(mill.port) as proxy:
            read = plant(machine(mill.url_at(proxy.port), [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                await asyncio.sleep(0.5)
                frozen = asyncio.get_running_loop().time()
                proxy.freeze()
                await until(lambda: status_of(tmp_path)["connected"] is False)
                noticed_s = asyncio.get_running_loop().time() - frozen
                assert "silent" in status_of(tmp_path)["cause"]
                proxy.cut()
                proxy.thaw()
                proxy.restore()
                await until(lambda: status_of(tmp_path)["connected"] is True)
                writing.cancel()
                await until(lambda: lost(mill.ledger, historian) == [])
        assert noticed_s < 10.0
        assert historian.gaps("mill-1", 0, 2**63 - 1) == []

    asyncio.run(work())


def test_an_absent_historian_costs_no_value(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian(away=unavailable())
        async with OpcUaMachine(TAGS) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                await asyncio.sleep(2.0)
                assert historian.stored == {}
                historian.away = None
                await until(lambda: len(historian.stored) > 60)
                await asyncio.sleep(0.5)
                writing.cancel()
                await until(lambda: lost(mill.ledger, historian) == [])
        assert historian.writes == len(historian.stored)

    asyncio.run(work())


def test_a_tag_that_does_not_exist_stops_no_other_and_is_read_once_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_edge.subscription.items._RETRY_FIRST_S", 0.5)

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a",)) as mill:
            tags = [
                tag("a"),
                tag("late"),
                tag("typo", node_id="nsu=urn:elsewhere;s=x"),
                tag("path", browse_path="0:Objects/2:nowhere"),
                tag("by-path", browse_path="2:a"),
            ]
            async with agent(plant(machine(mill.url, tags)), historian, tmp_path):
                await until(lambda: len(status_of(tmp_path).get("bad_tags", ())) == 3)
                reasons = status_of(tmp_path)["bad_tags"]
                assert "urn:elsewhere" in reasons["typo"]
                assert "BadNodeIdUnknown" in reasons["late"]
                assert "nowhere" in reasons["path"]
                await mill.write("a", 7.0)
                await until(lambda: lost(mill.ledger, historian) == [])
                assert any(series.tag == "by-path" for series, _ in historian.stored)
                await mill.add("late")
                await until(lambda: "late" not in status_of(tmp_path)["bad_tags"])
                await mill.write("late", 8.0)
                await until(lambda: lost(mill.ledger, historian) == [])

    asyncio.run(work())


def test_three_thousand_tags_in_one_publish_all_arrive(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a",)) as mill:
            tags = [
                tag(f"t{number}", node_id="ns=2;s=a", sampling_ms=500, publishing_ms=500)
                for number in range(3000)
            ]
            async with agent(plant(machine(mill.url, tags)), historian, tmp_path):
                await until(lambda: len(historian.stored) == 3000)
                sent = await mill.write("a", 1.0)
                await until(lambda: len(historian.stored) == 6000)
        arrived = {series.tag for series, at in historian.stored if at == sent.source_ns}
        assert arrived == {each.id for each in tags}
        assert historian.writes == 6000

    asyncio.run(work())


def test_a_queue_that_overflowed_at_the_server_is_a_declared_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_edge.subscription.items._MOST_QUEUE", 10)

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a",)) as mill, FaultProxy(mill.port) as proxy:
            read = plant(machine(mill.url_at(proxy.port), [tag("a")]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                await mill.write("a", -1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
                proxy.cut()
                await asyncio.sleep(0.3)
                for value in range(60):
                    await mill.write("a", float(value))
                    await asyncio.sleep(0.02)
                proxy.restore()
                await until(lambda: status_of(tmp_path).get("reconnects") == 1)
                await until(lambda: lost(mill.ledger[-1:], historian) == [])
                await until(lambda: bool(historian.gaps("mill-1", 0, 2**63 - 1)))
        (gap,) = historian.gaps("mill-1", 0, 2**63 - 1)
        assert (gap.tag, gap.cause) == ("a", "queue-overflow")
        assert lost(mill.ledger, historian), "the test must overflow the queue"
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_a_machine_that_is_not_there_delays_no_other(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a",)) as mill:
            absent = machine("opc.tcp://127.0.0.1:1/none", [tag("a")], name="oven-1")
            read = plant(absent, machine(mill.url, [tag("a")]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True, within_s=5.0)
                away = status_of(tmp_path, "oven-1")
                assert away["connected"] is False
                await until(lambda: "does not answer" in status_of(tmp_path, "oven-1")["cause"])

    asyncio.run(work())


def _journal(data: Path) -> dict[str, Any]:
    status = read_status(data)
    assert status is not None
    journal: dict[str, Any] = status["journal"]
    return journal


def test_a_full_journal_acknowledges_nothing_and_declares_what_is_lost(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian(away=unavailable())
        async with OpcUaMachine(TAGS) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path, journal_bytes=4000):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                await until(lambda: bool(_journal(tmp_path)["blocked"]))
                await asyncio.sleep(1.0)
                historian.away = None
                await until(lambda: not _journal(tmp_path)["blocked"])
                await asyncio.sleep(1.0)
                writing.cancel()
                await until(lambda: lost(mill.ledger[-3:], historian) == [])
                await asyncio.sleep(0.5)
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_a_second_agent_on_the_same_data_is_refused_by_name(tmp_path: Path) -> None:
    async def work() -> None:
        async with agent(plant(), MemoryHistorian(), tmp_path):
            await until((tmp_path / "status.json").exists)
            second = EdgeAgent(plant(), MemoryHistorian(), AgentSettings(tmp_path))
            with pytest.raises(LeaseHeld, match=r"process \d+"):
                await second.run(asyncio.Event())

    asyncio.run(work())
