"""Simulated machines keep the last minutes, and give them as OPC 10000-11 says."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from hypothesis import given
from hypothesis import strategies as st

from pilotline_simulators import BAD_SENSOR_FAILURE, GOOD, Emission, SimulatedPlant
from pilotline_simulators.opcua.history import KEPT_S, MOST_KEPT, TagHistory
from tests.simulators.listener import source_ns
from tests.simulators.plants import machine_with, plant_of, tag

S = 1_000_000_000


def _kept(times: list[int]) -> TagHistory:
    history = TagHistory()
    for each in times:
        history.add(Emission("x", each, float(each)))
    return history


@given(
    st.lists(st.integers(0, 40), max_size=30),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(1, 7),
)
def test_page_by_page_it_is_what_was_given_out_in_that_time(
    times: list[int], start: int, length: int, most: int
) -> None:
    history, read = _kept(times), list[int]()
    begin, more = start, True
    while more:
        rows, more = history.between(begin, start + length, most, bounds=False)
        read += [at for at, _, _ in rows]
        begin = read[-1] + 1 if read else begin
    assert read == sorted({at for at in times if start <= at < start + length})


def test_bounds_are_the_values_around() -> None:
    rows, _ = _kept([10, 20, 30, 40]).between(25, 35, 9, bounds=True)
    assert [at for at, _, _ in rows] == [20, 30, 40]


def test_only_the_last_minutes_are_kept() -> None:
    slow = _kept([second * S for second in range(3 * KEPT_S)])
    fast = _kept(list(range(3 * MOST_KEPT)))
    for history, most in ((slow, KEPT_S + 512), (fast, MOST_KEPT + 512)):
        rows, more = history.between(0, 2**62, 10**6, bounds=False)
        assert KEPT_S <= len(rows) <= most
        assert not more


def test_a_client_reads_it_also_after_the_machine_was_switched_off() -> None:
    machine = machine_with(tag("x"), tag("other"))

    async def play() -> None:
        async with SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated:
            one = simulated.machine("m-1")
            begin_ns = (time.time() // 1 - 60) * S
            times = [int(begin_ns) + number * 1_000_000 for number in range(2500)]
            given_out = [Emission("x", each, float(each)) for each in times]
            given_out[7] = Emission("x", times[7], None, BAD_SENSOR_FAILURE)
            await one._server.write(given_out)
            await one.switch_off()
            await one.switch_on()
            async with Client(one.url) as client:
                node = client.get_node("ns=2;s=x")
                level: Any = await node.read_attribute(AttributeIds.AccessLevel)
                assert level.Value.Value & ua.AccessLevel.HistoryRead.mask
                assert not level.Value.Value & ua.AccessLevel.CurrentWrite.mask
                begin = datetime.fromtimestamp(begin_ns / S, UTC)
                read = await node.read_raw_history(begin, begin + timedelta(seconds=3))
                nothing = await node.read_raw_history(
                    begin - timedelta(hours=2), begin - timedelta(hours=1), return_bounds=False
                )
            assert [source_ns(value) for value in read] == times
            statuses: list[Any] = [value.StatusCode for value in read[6:9]]
            assert [each.value for each in statuses] == [GOOD, BAD_SENSOR_FAILURE, GOOD]
            assert list(nothing) == []

    asyncio.run(play())
