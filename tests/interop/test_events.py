"""Alarms & conditions of node-opcua, which knows refresh, branches and acknowledgement."""

import asyncio
from pathlib import Path

import pytest

from pilotline_edge.events.conditions import VANISHED
from pilotline_historian import EVENTS, Event, Gap
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.reporting_machine import watched
from tests.edge.running import agent, status_of, until
from tests.faults.proxy import FaultProxy
from tests.interop.alarm_machine import AlarmMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

ALARM = "nsu=urn:pilotline:interop;s=level-alarm"


def _told(historian: MemoryHistorian) -> list[Event]:
    """Return what was told of the alarm itself, without its branches."""
    return [
        event
        for event in historian.events("mill-1", 0, 2**63 - 1)
        if event.condition is not None and event.condition.id == ALARM
    ]


def _gaps(historian: MemoryHistorian) -> list[Gap]:
    return [gap for gap in historian.gaps("mill-1", 0, 2**63 - 1) if gap.tag == EVENTS]


def _messages(historian: MemoryHistorian) -> list[str]:
    events = historian.events("mill-1", 0, 2**63 - 1)
    return [event.message for event in events if event.type_name == "BaseEventType"]


async def _alarms(tmp_path: Path) -> MemoryHistorian:
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with AlarmMachine(tmp_path / "pki") as tank, FaultProxy(tank.port) as proxy:
        await tank.level(85)
        async with agent(watched(OpcUaMachine.url_at(proxy.port)), historian, data):
            await until(lambda: len(_told(historian)) == 1)
            await tank.level(95)
            await until(lambda: len(_told(historian)) == 2)
            proxy.cut()
            await tank.level(50)
            await tank.report(300, "unheard until later")
            await asyncio.sleep(1.0)
            proxy.restore()
            await until(lambda: len(_messages(historian)) == 1)
            assert len(_gaps(historian)) == 1, "a gap although the server kept everything"
            await tank.level(3)
            await until(lambda: len(_told(historian)) == 4)
            await tank.stop()
            await tank.start()
            await until(lambda: _told(historian)[-1].type_name == VANISHED)
            await until(lambda: status_of(data)["conditions"] == 0)
            await tank.report(300, "after")
            await until(lambda: len(_messages(historian)) == 2)
    return historian


def test_alarms_survive_cuts_and_are_closed_when_a_restart_swallowed_their_end(
    tmp_path: Path,
) -> None:
    need_node_opcua()
    historian = asyncio.run(_alarms(tmp_path))
    high, high_high, normal, low_low, vanished = _told(historian)
    states = [(each.condition.active, each.condition.retain) for each in _told(historian)]  # type: ignore[union-attr]
    # An alarm that came and went unacknowledged is retained: somebody should look at it.
    assert states == [(True, True), (True, True), (False, True), (True, True), (False, False)]
    assert (high.severity, high.source_name) == (150, "2:Level")
    assert "HighHigh" in high_high.message
    assert normal.message == "Back to normal"
    assert "LowLow" in low_low.message
    assert _messages(historian) == ["unheard until later", "after"]
    started, restarted = _gaps(historian)
    assert started.cause == "agent-started"
    assert restarted.cause == "server-restarted"
    assert low_low.time_ns < restarted.end_ns <= vanished.time_ns
    assert restarted.end_ns - restarted.start_ns < 60e9


async def _agent_away(tmp_path: Path) -> MemoryHistorian:
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with AlarmMachine(tmp_path / "pki") as tank:
        async with agent(watched(tank.url), historian, data):
            await until(lambda: len(_gaps(historian)) == 1)
            await until(lambda: status_of(data).get("connected") is True)
            await tank.level(85)
            await until(lambda: len(_told(historian)) == 1)
        await tank.level(50)
        async with agent(watched(tank.url), historian, data):
            await until(lambda: len(_told(historian)) == 2)
    return historian


def test_an_alarm_that_ends_while_the_agent_is_away_ends_in_the_historian(tmp_path: Path) -> None:
    need_node_opcua()
    historian = asyncio.run(_agent_away(tmp_path))
    high, normal = _told(historian)
    assert high.condition is not None
    assert high.condition.active
    assert normal.condition is not None
    assert not normal.condition.active
    assert [gap.cause for gap in _gaps(historian)] == ["agent-started"]
