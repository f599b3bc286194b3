"""Simulated machines filter and queue data changes as OPC 10000-4 says."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_simulators import BAD_SENSOR_FAILURE, GOOD, Emission, SimulatedPlant
from pilotline_simulators.opcua.monitoring import passes
from pilotline_simulators.opcua.ua_types import data_value
from pilotline_simulators.program import MILLISECOND_NS
from tests.simulators.listener import Listener, listening
from tests.simulators.plants import machine_with, plant_of, tag

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ABSOLUTE = ua.DataChangeFilter(
    Trigger=ua.DataChangeTrigger.StatusValue,
    DeadbandType=ua.DeadbandType.Absolute,
    DeadbandValue=0.5,
)
TIMESTAMP = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)


def _value(value: float | None, status: int = GOOD, at_ms: int = 0) -> ua.DataValue:
    stamp = NOW + timedelta(milliseconds=at_ms)
    return data_value(value, ua.VariantType.Double, status, stamp, stamp)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_a_deadband_never_lets_the_client_be_further_off_than_the_deadband(
    values: list[float],
) -> None:
    reported: ua.DataValue | None = None
    for value in map(_value, values):
        if passes(reported, value, ABSOLUTE):
            reported = value
        assert reported is not None
        assert abs(_held(reported) - _held(value)) <= 0.5


def _held(value: ua.DataValue) -> float:
    assert value.Value is not None
    held: float = value.Value.Value
    return held


def test_a_change_within_the_deadband_is_not_reported() -> None:
    assert not passes(_value(1.0), _value(1.5), ABSOLUTE)
    assert passes(_value(1.0), _value(1.6), ABSOLUTE)


def test_a_status_change_passes_every_filter() -> None:
    bad = _value(None, BAD_SENSOR_FAILURE)
    for wanted in (None, ABSOLUTE, TIMESTAMP, ua.DataChangeFilter(ua.DataChangeTrigger.Status)):
        assert passes(_value(1.0), bad, wanted)
        assert passes(bad, _value(1.0), wanted)


def test_triggers_tell_values_and_timestamps_apart() -> None:
    same_later = _value(1.0, at_ms=10)
    assert not passes(_value(1.0), same_later, None)
    assert passes(_value(1.0), same_later, TIMESTAMP)
    assert passes(_value(1.0), _value(2.0), None)
    assert not passes(_value(1.0), _value(2.0), ua.DataChangeFilter(ua.DataChangeTrigger.Status))
    assert passes(_value(math.nan), _value(math.nan), None)


def test_a_deadband_makes_the_timestamp_trigger_one_of_values() -> None:
    both = ua.DataChangeFilter(
        Trigger=ua.DataChangeTrigger.StatusValueTimestamp,
        DeadbandType=ua.DeadbandType.Absolute,
        DeadbandValue=0.5,
    )
    assert not passes(_value(1.0), _value(1.2, at_ms=10), both)


def test_a_slow_drift_and_a_bad_status_reach_a_client_with_a_deadband() -> None:
    machine = machine_with(tag("drift", unit="bar"))

    async def play() -> list[tuple[float | None, int]]:
        async with SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated:
            server = simulated.machine("m-1")._server
            async with listening(
                simulated.machine("m-1").url, machine, {"drift": ABSOLUTE}
            ) as told:
                await server.write([_emission(number / 8, number) for number in range(41)])
                await server.write([_emission(None, 60, BAD_SENSOR_FAILURE), _emission(5.0, 61)])
                await _told(told, "drift", lambda seen: seen[-1][2] == GOOD and len(seen) > 9)
                return [(value, status) for _, value, status in told.of("drift")[1:]]

    seen = asyncio.run(play())
    assert [value for value, _ in seen] == [
        *(0.0, 0.625, 1.25, 1.875, 2.5, 3.125, 3.75, 4.375, 5.0),
        *(None, 5.0),
    ]
    assert [status for _, status in seen[-2:]] == [BAD_SENSOR_FAILURE, GOOD]


def _emission(value: float | None, number: int, status: int = GOOD) -> Emission:
    return Emission("drift", number * MILLISECOND_NS, value, status)


async def _told(
    listener: Listener, tag_id: str, enough: Callable[[list[tuple[int, Any, int]]], bool]
) -> None:
    async with asyncio.timeout(5):
        while not (listener.of(tag_id) and enough(listener.of(tag_id))):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_a_full_queue_tells_that_it_lost_values() -> None:
    machine = machine_with(tag("drift"))

    async def play() -> list[tuple[float, int]]:
        async with SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated:
            one = simulated.machine("m-1")
            listener = Listener()
            async with Client(one.url) as client:
                node = client.get_node("ns=2;s=drift")
                listener._tags[node.nodeid] = "drift"
                subscription = await client.create_subscription(200, listener)
                await subscription.subscribe_data_change(node, queuesize=3)
                await asyncio.sleep(0.4)
                await one._server.write([_emission(float(n), n) for n in range(100, 120)])
                await _told(listener, "drift", lambda seen: seen[-1][1] == 119.0)
                return [(value, status) for _, value, status in listener.of("drift")[1:]]

    assert asyncio.run(play()) == [(117.0, 0x480), (118.0, GOOD), (119.0, GOOD)]


def test_republish_of_what_is_gone_says_so() -> None:
    machine = machine_with(tag("drift"))

    async def play() -> None:
        async with (
            SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated,
            Client(simulated.machine("m-1").url) as client,
        ):
            subscription = await client.create_subscription(1000, Listener())
            number = subscription.subscription_id or 0
            session: Any = subscription.server
            with pytest.raises(ua.uaerrors.BadMessageNotAvailable):
                await session.republish(number, 7)
            with pytest.raises(ua.uaerrors.BadSubscriptionIdInvalid):
                await session.republish(number + 99, 7)

    asyncio.run(play())
