"""An agent that was away takes up the session it left: nothing is lost, nothing is declared."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from pilotline_edge.connection.session import SessionSettings
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until

TAGS = ("a", "b", "c")
EVER = 2**63 - 1


def _sessions(data: Path) -> list[Path]:
    return list((data / "sessions").glob("*.json"))


async def _connected(data: Path) -> None:
    await until(lambda: status_of(data).get("connected") is True)


def test_what_a_machine_sends_while_the_agent_is_away_is_not_lost(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS) as mill:
            tags = [tag(name, publishing_ms=200 if name == "c" else 100) for name in TAGS]
            read = plant(machine(mill.url, tags))
            async with agent(read, historian, tmp_path):
                await _connected(tmp_path)
                writing = asyncio.ensure_future(mill.run(0.05))
                await asyncio.sleep(1.0)
            for _ in range(2):
                await asyncio.sleep(1.5)
                async with agent(read, historian, tmp_path):
                    await asyncio.sleep(1.0)
                    await _connected(tmp_path)
                    healed = status_of(tmp_path)["healed_by"]
            async with agent(read, historian, tmp_path):
                writing.cancel()
                await until(lambda: lost(mill.ledger, historian) == [])
        assert len(mill.ledger) > 150
        assert healed == {"republished": 2}
        assert historian.gaps("mill-1", 0, EVER) == []
        assert historian.writes == len(historian.stored), "a point was delivered twice"

    asyncio.run(work())


def test_another_run_of_the_server_is_not_taken_for_the_one_left(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await _connected(tmp_path)
                await mill.write("a", 1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
            await mill.stop()
            await mill.start()
            await mill.write("a", 2.0)
            await mill.write("a", 3.0)
            async with agent(read, historian, tmp_path):
                await until(lambda: lost(mill.ledger[-1:], historian) == [])
                await until(lambda: bool(historian.gaps("mill-1", 0, EVER)))
        assert "agent-stopped" in {gap.cause for gap in historian.gaps("mill-1", 0, EVER)}
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_other_tags_are_read_anew_and_the_absence_is_declared(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS) as mill:
            async with agent(plant(machine(mill.url, [tag("a")])), historian, tmp_path):
                await _connected(tmp_path)
                await mill.write("a", 1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
            await mill.write("a", 2.0)
            await mill.write("a", 3.0)
            read = plant(machine(mill.url, [tag("b"), tag("a")]))
            async with agent(read, historian, tmp_path):
                await until(lambda: lost(mill.ledger[-1:], historian) == [])
                await until(lambda: bool(historian.gaps("mill-1", 0, EVER)))
                values = {
                    (series.tag, sample.value) for (series, _), sample in historian.stored.items()
                }
        assert ("b", 3.0) not in values, "a value passed for another tag's"
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_a_session_that_the_server_ended_costs_a_declared_gap(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await _connected(tmp_path)
                await mill.write("a", 1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
            (kept,) = _sessions(tmp_path)
            content = json.loads(kept.read_text())
            for subscription in content["subscriptions"]:
                subscription["subscription_id"] += 1000
            kept.write_text(json.dumps(content))
            await mill.write("a", 2.0)
            await mill.write("a", 3.0)
            async with agent(read, historian, tmp_path):
                await until(lambda: lost(mill.ledger[-1:], historian) == [])
                await until(lambda: bool(historian.gaps("mill-1", 0, EVER)))
        (gap,) = [gap for gap in historian.gaps("mill-1", 0, EVER) if gap.tag is None]
        assert gap.cause == "agent-stopped"
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_a_damaged_session_file_stops_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a",)) as mill:
            read = plant(machine(mill.url, [tag("a")]))
            async with agent(read, historian, tmp_path):
                await _connected(tmp_path)
                await mill.write("a", 1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
            (kept,) = _sessions(tmp_path)
            damages = ("", "{}", '{"subscriptions": 3}', kept.read_text()[:-9])
            for value, damage in enumerate(damages, start=2):
                kept.write_text(damage)
                async with agent(read, historian, tmp_path):
                    await _connected(tmp_path)
                    await mill.write("a", float(value))
                    await until(lambda: lost(mill.ledger[-1:], historian) == [])
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def test_only_the_agents_user_can_read_a_session(tmp_path: Path) -> None:
    async def work() -> None:
        async with OpcUaMachine(("a",)) as mill:
            read = plant(machine(mill.url, [tag("a")], name="mill/1"))
            settings = SessionSettings(request_timeout_s=2.0)
            async with agent(read, MemoryHistorian(), tmp_path, session=settings):
                await until(lambda: status_of(tmp_path, "mill/1").get("connected") is True)
                await until(lambda: bool(_sessions(tmp_path)))
        (kept,) = _sessions(tmp_path)
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700

    asyncio.run(work())


def test_what_the_server_did_not_monitor_is_declared_though_the_session_is_taken_up(
    tmp_path: Path,
) -> None:
    """A tag that was polled for want of room has no queue at the server."""
    service: list[Any] = []

    async def no_room_for_c(server: Server) -> None:
        service.append(server.iserver.subscription_service)
        create = service[0].create_monitored_items

        async def limited(params: ua.CreateMonitoredItemsParameters) -> list[Any]:
            asked, refused = params.ItemsToCreate, ua.MonitoredItemCreateResult()
            code: Any = StatusCodes.BadTooManyMonitoredItems
            refused.StatusCode = ua.StatusCode(code)
            params.ItemsToCreate = [
                each for each in asked if each.ItemToMonitor.NodeId.Identifier != "c"
            ]
            results = iter(await create(params))
            return [next(results) if each in params.ItemsToCreate else refused for each in asked]

        service[0].create_monitored_items = limited

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(TAGS, prepare=no_room_for_c) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("reading", {}).get("polled") == 1)
                for name in TAGS:
                    await mill.write(name, 1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
                await asyncio.sleep(0.5)
            del service[0].create_monitored_items
            for value in (2.0, 3.0, 4.0):
                for name in TAGS:
                    await mill.write(name, value)
                    await asyncio.sleep(0.03)
            async with agent(read, historian, tmp_path):
                await until(lambda: lost(mill.ledger[-3:], historian) == [])
                await until(lambda: status_of(tmp_path)["gaps_waiting"] == 0)
                await asyncio.sleep(0.5)
        assert {sent.tag for sent in lost(mill.ledger, historian)} == {"c"}
        assert undeclared(mill.ledger, historian) == []
        away = [gap for gap in historian.gaps("mill-1", 0, EVER) if gap.cause == "agent-stopped"]
        assert {gap.tag for gap in away} == {"c"}

    asyncio.run(work())
