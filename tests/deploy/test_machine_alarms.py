"""A machine's own alarm, from its controller to the operator and the historian, and its end."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

from pilotline_api.accounts.models import Role
from pilotline_historian import open_historian
from pilotline_plant import EventSource
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from pilotline_simulators import SimulatedPlant
from tests.api.live.running import EDGE_TOKEN, RunningApi, running
from tests.edge.running import agent


def _alarms(api: RunningApi, state: str) -> list[dict[str, Any]]:
    found = api.browser(Role.OPERATOR).get(f"/alarms?state={state}&machine=mill-1").json()
    return [each for each in found["items"] if "SensorFailure" in each["message"]]


async def _within(api: RunningApi, state: str, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(40.0):
        while len(found := await asyncio.to_thread(_alarms, api, state)) != count:  # noqa: ASYNC110 - it is asked by HTTP
            await asyncio.sleep(0.2)
    return found


async def _play(api: RunningApi, data: Path) -> list[str]:
    bench = read_plant(example_plant("bench"))
    machine = bench.machine_by_id["mill-1"]
    mill = dataclasses.replace(
        machine,
        endpoint=dataclasses.replace(machine.endpoint, security="None", user=None),
        events=EventSource(),
    )
    plant = dataclasses.replace(bench, machines=(mill,))
    tag = next(each for each in mill.tags if each.role == "value")
    historian = open_historian(f"sqlite:///{data}/historian.sqlite")
    live = {"live_url": api.address, "live_token": EDGE_TOKEN}
    try:
        async with (
            SimulatedPlant(plant, any_port=True, incidents=False) as simulated,
            agent(simulated.plant, historian, data, **live),
        ):
            simulated.machine("mill-1").set_bad(tag.id)
            (alarm,) = await _within(api, "active", 1)
            assert (alarm["severity"], alarm["tag"]) == ("warning", None)
            assert alarm["message"].endswith(f"{tag.name}: sensor failure")
            simulated.machine("mill-1").release(tag.id)
            await _within(api, "active", 0)
            (over,) = await _within(api, "all", 1)
            assert over["cleared_at"] is not None
            assert over["acknowledged_at"] is None
        return [event.message for event in historian.events("mill-1", 0, 2**63 - 1)]
    finally:
        historian.close()


def test_a_machines_own_alarm_reaches_operator_and_historian_and_ends(tmp_path: Path) -> None:
    with running(tmp_path / "api") as api:
        messages = asyncio.run(_play(api, tmp_path))
    assert len(messages) == 2
    assert messages[0].endswith("sensor failure")
    assert messages[1].endswith("sensor works again")
