"""Simulated machines raise alarms of their own, which clients see come, stand and go."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from pilotline_historian import EVENTS, ConditionState, Event
from pilotline_plant import EventSource, Limits, Machine
from pilotline_simulators import EndpointError, SimulatedPlant
from pilotline_simulators.alarms import AlarmKind, ControllerAlarms
from pilotline_simulators.emission import BAD_SENSOR_FAILURE, GOOD, Emission
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.running import agent, status_of, until
from tests.simulators.plants import machine_with, plant_of, tag

TEMPERATURE = tag("temperature", limits=Limits(high=100.0, high_high=110.0))


def _machine(source: EventSource | None) -> Machine:
    return dataclasses.replace(machine_with(TEMPERATURE, tag("speed")), events=source)


def _said(*emissions: Emission, deviations: dict[str, bool] | None = None) -> list[Any]:
    return [
        (alarm.kind, alarm.active, alarm.severity)
        for alarm in ControllerAlarms(_machine(EventSource())).step(deviations or {}, emissions)
    ]


def test_an_alarm_comes_once_and_goes_once() -> None:
    alarms = ControllerAlarms(_machine(EventSource()))
    bad = Emission("speed", 1, None, BAD_SENSOR_FAILURE)
    good = Emission("speed", 2, 1.0, GOOD)
    (failed,) = alarms.step({}, [bad, bad])
    assert (failed.kind, failed.active) == (AlarmKind.SENSOR, True)
    assert alarms.step({}, []) == []
    (mended,) = alarms.step({}, [good, good])
    assert (mended.kind, mended.active) == (AlarmKind.SENSOR, False)
    assert alarms.step({}, [good]) == []


def test_a_deviation_that_grows_is_told_again() -> None:
    alarms = ControllerAlarms(_machine(EventSource()))
    told = [
        (alarm.active, alarm.severity)
        for deviations in ({"temperature": False}, {"temperature": True}, {})
        for alarm in alarms.step(deviations, [])
    ]
    assert told == [(True, 400), (True, 800), (False, 800)]


def test_a_machine_in_order_raises_nothing() -> None:
    assert _said(Emission("speed", 1, 1.0, GOOD)) == []


def _conditions(historian: MemoryHistorian, name: str) -> list[Event]:
    return [
        event
        for event in historian.events("m-1", 0, 2**63 - 1)
        if event.condition is not None and event.condition.name == name
    ]


async def _sensor_fails(data: Path) -> MemoryHistorian:
    historian = MemoryHistorian()
    simulated = SimulatedPlant(plant_of(_machine(EventSource())), any_port=True, incidents=False)
    async with simulated:
        mill = simulated.machine("m-1")
        mill.set_bad("speed")
        await asyncio.sleep(0.5)
        async with agent(simulated.plant, historian, data):
            # It stood before anybody looked: only a refresh can tell.
            await until(lambda: len(_conditions(historian, "SensorFailure")) == 1)
            await until(lambda: status_of(data, "m-1")["conditions"] == 1)
            mill.release("speed")
            await until(lambda: len(_conditions(historian, "SensorFailure")) == 2)
            mill.raise_alarm("temperature", severe=True, hold_s=0.0)
            await until(lambda: len(_conditions(historian, "Deviation")) == 1)
    return historian


def test_a_client_sees_alarms_that_stood_before_it_came(tmp_path: Path) -> None:
    historian = asyncio.run(_sensor_fails(tmp_path))
    failed, mended = _conditions(historian, "SensorFailure")
    (deviation,) = _conditions(historian, "Deviation")
    assert failed.condition is not None
    assert failed.condition == ConditionState(
        failed.condition.id, "SensorFailure", True, None, None, True
    )
    assert mended.condition == dataclasses.replace(failed.condition, active=False, retain=False)
    assert (failed.source_name, failed.severity) == ("speed", 500)
    assert failed.message == "speed: sensor failure"
    assert (deviation.type_name, deviation.severity) == ("ExclusiveDeviationAlarmType", 800)
    assert [gap.tag for gap in historian.declared.values() if gap.tag == EVENTS] == [EVENTS]


def _refused(work: Callable[[], Coroutine[Any, Any, None]]) -> str:
    with pytest.raises(EndpointError) as told:
        asyncio.run(work())
    return str(told.value)


def test_events_of_another_node_are_refused_in_a_sentence() -> None:
    async def start() -> None:
        source = EventSource(node_id="ns=2;s=Mill")
        async with SimulatedPlant(plant_of(_machine(source)), any_port=True):
            raise AssertionError("it started")

    assert "write events = true" in _refused(start)
