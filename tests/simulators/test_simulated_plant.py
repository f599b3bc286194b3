"""Engineers start a plant in a test, look at it by OPC UA, and break it."""

import asyncio
import dataclasses
import math
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client

from pilotline_plant import Limits, Machine, PackMLState
from pilotline_simulators import (
    BAD_SENSOR_FAILURE,
    Command,
    CommandRefusedError,
    Emission,
    EndpointError,
    EndpointInUseError,
    LedgerError,
    SimulatedMachine,
    SimulatedPlant,
    UnknownMachineError,
    UnknownTagError,
    read_ledger,
)
from tests.simulators.listener import by_tag, listening, node_of
from tests.simulators.plants import example, machine_with, plant_of, tag

BENCH = example("bench")


async def _until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - asyncua tells a listener by a plain call
            await asyncio.sleep(0.02)


def test_a_client_sees_exactly_what_the_ledger_says(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    async def play() -> dict[str, list[tuple[int, object, int]]]:
        plant = SimulatedPlant(
            BENCH, machines=["mill-1"], speed=None, any_port=True, ledger=ledger, incidents=False
        )
        async with plant as simulated:
            mill = simulated.machine("mill-1")
            filters = {
                each.id: ua.DataChangeFilter(
                    Trigger=ua.DataChangeTrigger.StatusValue,
                    DeadbandType=ua.DeadbandType.Absolute,
                    DeadbandValue=each.deadband,
                )
                for each in BENCH.machine_by_id["mill-1"].tags
                if each.deadband
            }
            async with listening(mill.url, BENCH.machine_by_id["mill-1"], filters) as listener:
                await simulated.advance(20)
                mill.set_bad("vibration")
                await simulated.advance(20)
                mill.abort()
                await simulated.advance(20)
                emitted = sum(1 for _ in read_ledger(ledger))
                await _until(lambda: len(listener.told) >= emitted)
                return by_tag(listener.told)

    seen = asyncio.run(play())
    written = by_tag((e.tag, e.source_time_ns, e.value, e.status) for e in read_ledger(ledger))
    assert seen == written
    assert len(written["spindle_speed"]) > 10
    assert written["vibration"][-1][1:] == (None, BAD_SENSOR_FAILURE)
    assert PackMLState.ABORTED in {value for _, value, _ in written["state"]}


def test_time_passes_by_itself_at_the_speed_asked_for(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    async def play() -> float:
        begun = time.monotonic()
        plant = SimulatedPlant(BENCH, speed=20.0, any_port=True, ledger=ledger)
        async with plant as simulated:
            await asyncio.sleep(1.0)
            assert len(simulated.machines) == 3
        return time.monotonic() - begun

    real_s = asyncio.run(play())
    times = sorted(entry.source_time_ns for entry in read_ledger(ledger))
    assert 10 < (times[-1] - times[0]) / 1e9 <= 20 * real_s


def test_a_commanded_machine_goes_its_way_and_waits_there() -> None:
    async def play() -> list[PackMLState]:
        plant = SimulatedPlant(
            BENCH, machines=["oven-1"], speed=None, any_port=True, incidents=False
        )
        async with plant as simulated:
            oven = simulated.machine("oven-1")
            oven.abort()
            seen = [oven.state]
            await simulated.advance(600)
            seen.append(oven.state)
            oven.clear()
            await simulated.advance(60)
            seen.append(oven.state)
            oven.leave_to_attendant()
            await simulated.advance(3600)
            seen.append(oven.state)
            assert oven.value("state") == oven.state
            return seen

    aborting, aborted, stopped, later = asyncio.run(play())
    assert (aborting, aborted, stopped) == (
        PackMLState.ABORTING,
        PackMLState.ABORTED,
        PackMLState.STOPPED,
    )
    assert later not in {PackMLState.STOPPED, PackMLState.ABORTED}


def test_every_command_has_a_method(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Command] = []

    async def play() -> None:
        plant = SimulatedPlant(BENCH, machines=["oven-1"], speed=None, any_port=True)
        async with plant as simulated:
            oven = simulated.machine("oven-1")
            monkeypatch.setattr(oven, "command", calls.append)
            for method in (
                *(oven.reset, oven.start, oven.complete, oven.hold, oven.unhold),
                *(oven.suspend, oven.unsuspend, oven.halt, oven.abort, oven.clear),
            ):
                method()

    asyncio.run(play())
    assert calls == list(Command)


def test_a_command_that_the_state_refuses_is_refused_and_changes_nothing() -> None:
    async def play() -> None:
        plant = SimulatedPlant(BENCH, machines=["oven-1"], speed=None, any_port=True, warm=False)
        async with plant as simulated:
            oven = simulated.machine("oven-1")
            with pytest.raises(CommandRefusedError, match="allowed: reset, abort"):
                oven.start()
            await simulated.advance(600)
            assert oven.state is not PackMLState.STOPPED

    asyncio.run(play())


def test_faults_show_at_the_next_step_and_go_again() -> None:
    machine = machine_with(tag("speed", unit="1/min", limits=Limits(high=1500.0)), tag("load"))

    async def play() -> None:
        async with SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated:
            one = simulated.machine("m-1")
            one.force("speed", 77.0)
            one.force("load", math.nan)
            await simulated.advance(0.1)
            assert one.value("speed") == 77.0
            assert math.isnan(float(one.value("load") or 0))
            one.set_bad("speed")
            await simulated.advance(0.1)
            assert one.value("speed") is None
            one.release("speed")
            await simulated.advance(0.1)
            assert one.value("speed") not in {None, 77.0}
            one.freeze()
            frozen = one.value("speed")
            await simulated.advance(30)
            assert one.value("speed") == frozen
            one.thaw()
            assert one.raise_alarm("speed", hold_s=60)
            await simulated.advance(40)
            assert float(one.value("speed") or 0) >= 1500.0
            assert not one.raise_alarm("load")

    asyncio.run(play())


def test_unknown_names_are_told_with_the_known_ones() -> None:
    async def play() -> None:
        async with SimulatedPlant(BENCH, machines=["oven-1"], any_port=True) as simulated:
            with pytest.raises(UnknownMachineError, match="'mill-1'; there are: oven-1"):
                simulated.machine("mill-1")
            with pytest.raises(UnknownTagError, match="no tag 'heat'; it has: state, job"):
                simulated.machine("oven-1").set_bad("heat")

    asyncio.run(play())
    with pytest.raises(UnknownMachineError, match="'furnace'"):
        SimulatedPlant(BENCH, machines=["furnace"])
    with pytest.raises(UnknownMachineError, match="'furnace'"):
        SimulatedPlant(BENCH, replays={"furnace": None})  # type: ignore[dict-item]


def test_only_a_plant_without_own_time_is_advanced_by_hand() -> None:
    async def play() -> None:
        async with SimulatedPlant(BENCH, machines=["oven-1"], any_port=True) as simulated:
            with pytest.raises(RuntimeError, match="speed=None"):
                await simulated.advance(1)

    asyncio.run(play())


def test_a_machine_is_switched_off_and_on_at_the_same_endpoint() -> None:
    oven = BENCH.machine_by_id["oven-1"]

    async def temperature(url: str) -> ua.DataValue:
        async with Client(url, timeout=5) as client:
            read: ua.DataValue = await (
                await node_of(client, oven, "temperature")
            ).read_data_value()
            return read

    async def play() -> None:
        async with SimulatedPlant(
            BENCH, machines=["oven-1"], speed=None, any_port=True
        ) as simulated:
            machine = simulated.machine("oven-1")
            before, url = await temperature(machine.url), machine.url
            await machine.switch_off()
            with pytest.raises(ConnectionRefusedError):
                await temperature(url)
            await simulated.advance(30)
            await machine.switch_on()
            await machine.switch_on()
            assert machine.url == url
            after = await temperature(url)
            assert (after.Value, after.SourceTimestamp) == (before.Value, before.SourceTimestamp)
            await simulated.advance(1)
            assert machine.value("temperature") is not None

    asyncio.run(play())


def test_connections_are_cut_without_a_goodbye() -> None:
    async def play() -> None:
        async with SimulatedPlant(BENCH, machines=["oven-1"], any_port=True) as simulated:
            oven = simulated.machine("oven-1")
            assert oven.drop_connections() == 0
            client = Client(oven.url, timeout=1)
            lost = asyncio.Event()
            client.connection_lost_callback = _set(lost)
            await client.connect()
            assert oven.drop_connections() == 1
            await asyncio.wait_for(lost.wait(), 5)
            await client.disconnect()

    asyncio.run(play())


def _set(event: asyncio.Event) -> Callable[[Exception], Coroutine[Any, Any, None]]:
    async def lost(error: Exception) -> None:
        del error
        event.set()

    return lost


def test_a_port_in_use_is_told_by_machine_and_port_and_nothing_is_left_running() -> None:
    async def play(port: int) -> None:
        machine = machine_with(tag("speed"))
        busy = machine_with(tag("speed"))
        busy = _renamed(busy, "busy-1", f"opc.tcp://127.0.0.1:{port}/busy-1")
        with pytest.raises(EndpointInUseError, match=rf"'busy-1' .* port {port} of 127.0.0.1 is"):
            await SimulatedPlant(plant_of(machine, busy)).start()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        asyncio.run(play(taken.getsockname()[1]))


def _renamed(machine: Machine, machine_id: str, url: str) -> Machine:
    return dataclasses.replace(
        machine, id=machine_id, endpoint=dataclasses.replace(machine.endpoint, url=url)
    )


def test_a_foreign_address_is_told_with_what_to_write_instead() -> None:
    machine = _renamed(machine_with(tag("speed")), "far-1", "opc.tcp://192.0.2.7:4840/far-1")

    async def play() -> None:
        with pytest.raises(EndpointError, match=r"write 127\.0\.0\.1 in the plant file"):
            await SimulatedPlant(plant_of(machine)).start()

    asyncio.run(play())


def test_stopping_with_clients_connected_is_quick_and_leaves_no_task() -> None:
    async def play() -> float:
        loop = asyncio.get_running_loop()
        simulated = SimulatedPlant(BENCH, any_port=True)
        await simulated.start()
        oven = BENCH.machine_by_id["oven-1"]
        async with listening(simulated.machine("oven-1").url, oven):
            begun = loop.time()
            await simulated.stop()
            took = loop.time() - begun
            mine = {task for task in asyncio.all_tasks() if "asyncua/client" not in repr(task)}
            await asyncio.sleep(0.05)
        left = mine - {asyncio.current_task()}
        assert not [task for task in left if not task.done()]
        return took

    assert asyncio.run(play()) < 1.0


def test_a_full_disk_stops_the_machines_before_they_emit_what_is_not_in_the_ledger() -> None:
    async def play() -> None:
        with pytest.raises(LedgerError, match="No space left on device"):
            await SimulatedPlant(BENCH, any_port=True, ledger=Path("/dev/full")).start()

    asyncio.run(play())


def test_the_last_values_reach_the_client_before_the_machines_stop(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    async def play() -> dict[str, list[tuple[int, object, int]]]:
        simulated = SimulatedPlant(
            BENCH, machines=["mill-1"], speed=None, any_port=True, ledger=ledger
        )
        await simulated.start()
        mill = simulated.machine("mill-1")
        async with listening(mill.url, BENCH.machine_by_id["mill-1"]) as listener:
            await simulated.advance(2)
            await simulated.stop()
            await asyncio.sleep(0.1)
        return by_tag(listener.told)

    seen = asyncio.run(play())
    written = by_tag((e.tag, e.source_time_ns, e.value, e.status) for e in read_ledger(ledger))
    assert seen == written


def _let_fail(machine: SimulatedMachine) -> None:
    def fail(time_ns: int) -> list[Emission]:
        raise LedgerError(f"no room at {time_ns}")

    machine._program.step = fail  # type: ignore[method-assign]


def test_what_fails_later_is_told_to_who_waits() -> None:
    async def play() -> None:
        async with SimulatedPlant(BENCH, machines=["oven-1"], any_port=True) as simulated:
            _let_fail(simulated.machine("oven-1"))
            with pytest.raises(LedgerError, match="no room"):
                await asyncio.wait_for(simulated.wait(), 5)

    asyncio.run(play())


def test_what_fails_later_is_told_at_the_end_when_nobody_waits() -> None:
    async def play() -> None:
        async with SimulatedPlant(BENCH, machines=["oven-1"], any_port=True) as simulated:
            _let_fail(simulated.machine("oven-1"))
            await asyncio.sleep(1.2)

    with pytest.raises(LedgerError, match="no room"):
        asyncio.run(play())
