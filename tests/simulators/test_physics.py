"""Trends of simulated machines look like those of real ones."""

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_plant import DataType, PackMLState
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.block import Lag, Wander, approach, ramp
from pilotline_simulators.physics.drive import Axis, Drive
from pilotline_simulators.physics.electrical import PowerMeter
from pilotline_simulators.physics.fluid import Vessel
from pilotline_simulators.physics.profile import CUT, SWEEP, Phases, Profile, staircase, zigzag
from pilotline_simulators.physics.sensor import Sensor, as_type
from pilotline_simulators.physics.steam import Lethality, saturation_pressure_bar
from pilotline_simulators.physics.thermal import HeatedBody
from pilotline_simulators.physics.wear import Wear
from tests.simulators.plants import tag

EXECUTE, IDLE, STOPPED = PackMLState.EXECUTE, PackMLState.IDLE, PackMLState.STOPPED


def _kiln() -> HeatedBody:
    return HeatedBody(ambient=20, target=1150, time_constant_s=5400, power_kw=120)


@pytest.mark.parametrize("dt_s", [0.5, 5.0])
def test_a_kiln_reaches_its_set_point_without_overshoot(dt_s: float) -> None:
    kiln, operation = _kiln(), Operation(EXECUTE, dt_s=dt_s)
    hottest = 0.0
    for _ in range(int(6 * 3600 / dt_s)):
        kiln.step(operation)
        hottest = max(hottest, kiln.temperature)
    assert kiln.temperature == pytest.approx(1150, abs=1)
    assert hottest < 1150 + 0.5


def test_a_heater_that_was_at_its_limit_for_long_does_not_overshoot() -> None:
    body = HeatedBody(ambient=20, target=200, standby=180, time_constant_s=300)
    operation = Operation(EXECUTE, dt_s=1)
    for _ in range(3600):
        body.step(operation)
    operation.state = IDLE
    coolest = body.temperature
    for _ in range(3600):
        body.step(operation)
        coolest = min(coolest, body.temperature)
    assert coolest > 179.5
    assert body.temperature == pytest.approx(180, abs=0.5)


def test_a_cooled_body_is_kept_below_its_surroundings() -> None:
    body, operation = HeatedBody(ambient=22, target=4, time_constant_s=200), Operation(EXECUTE, 1)
    for _ in range(2000):
        body.step(operation)
    assert body.temperature == pytest.approx(4, abs=0.1)
    assert 0 < body.output < 1


def test_a_body_that_is_switched_off_cools_along_an_exponential() -> None:
    body = _kiln()
    body.temperature = 1020.0
    operation = Operation(STOPPED, dt_s=5400)
    body.step(operation)
    assert body.temperature == pytest.approx(20 + 1000 / math.e)
    assert body.power_kw == 0


@settings(deadline=None)
@given(st.floats(0.1, 5), st.integers(0, 2**32))
def test_a_drive_keeps_to_its_ramp(dt_s: float, seed: int) -> None:
    drive = Drive(speed=12000, ramp_s=4, random=Random(seed))
    operation = Operation(EXECUTE, dt_s=dt_s)
    for state in (EXECUTE, EXECUTE, PackMLState.HOLDING, STOPPED):
        operation.state = state
        before = drive.speed
        drive.step(operation)
        assert abs(drive.speed - before) <= 12000 * dt_s / 4 + 1e-6
        assert 0 <= drive.speed <= 12000


def test_a_worn_tool_shakes_more_and_cuts_harder() -> None:
    def settled(wear: float) -> Drive:
        drive = Drive(speed=100, ramp_s=1, random=Random(1), unevenness=0)
        drive.wear = wear
        for _ in range(100):
            drive.step(Operation(EXECUTE, dt_s=0.5))
        return drive

    assert settled(1.0).vibration > 1.5 * settled(0.0).vibration
    assert settled(1.0).load > settled(0.0).load


def test_an_axis_stands_still_while_held() -> None:
    axis = Axis(travel=100, path=SWEEP, home=10, slew=500)
    axis.step(Operation(EXECUTE, dt_s=0.1, phase=0.25))
    assert axis.position == 60
    axis.step(Operation(PackMLState.HELD, dt_s=0.1, phase=0.4))
    assert (axis.position, axis.velocity) == (60, 0)


def test_an_axis_does_not_jump() -> None:
    axis = Axis(travel=100, path=SWEEP, home=0, slew=20)
    axis.step(Operation(EXECUTE, dt_s=0.1, phase=0.5))
    assert axis.position == pytest.approx(2)


def test_a_vessel_is_filled_once_it_is_empty() -> None:
    vessel, operation = Vessel(full=90, empty=20, drain_s=100, fill_s=10), Operation(EXECUTE, 1)
    levels = []
    for _ in range(300):
        vessel.step(operation)
        levels.append(vessel.level)
    assert min(levels) >= 20
    assert max(levels) <= 90
    assert sum(later > sooner for sooner, later in pairwise(levels)) >= 15


def test_wear_grows_while_producing_and_ends_with_maintenance() -> None:
    wear, operation = Wear(life_s=1000, random=Random(3)), Operation(EXECUTE, 1, job="j")
    start = wear.value
    for _ in range(100):
        wear.step(operation)
    assert start < wear.value < start + 0.2
    wear.value = 1.1
    operation.state = IDLE
    wear.step(operation)
    assert wear.value == 1.1
    operation.job = ""
    wear.step(operation)
    assert wear.value == 0


def test_energy_is_the_integral_of_power() -> None:
    meter, operation = (
        PowerMeter(rated_kw=10, standby_share=0.1, energy_kwh=5),
        Operation(EXECUTE, 1),
    )
    for _ in range(3600):
        meter.step(operation, 1.0)
    assert meter.energy_kwh == pytest.approx(15)
    operation.state = STOPPED
    meter.step(operation, 1.0)
    assert 0 < meter.power_kw < 1


def test_saturated_steam_has_the_pressure_of_the_steam_tables() -> None:
    for celsius, bar in ((60, 0.1995), (100, 1.0142), (134, 3.044), (184, 10.98)):
        assert saturation_pressure_bar(celsius) == pytest.approx(bar, rel=0.01)


def test_lethality_counts_minutes_at_121_degrees_and_begins_anew_with_each_job() -> None:
    lethality, operation = Lethality(), Operation(EXECUTE, dt_s=60, job="a")
    lethality.step(operation, 121.1)
    lethality.step(operation, 131.1)
    assert lethality.minutes == pytest.approx(11)
    operation.job = "b"
    lethality.step(operation, 121.1)
    assert lethality.minutes == pytest.approx(1)


@settings(deadline=None)
@given(st.floats(-0.5, 1.5))
def test_a_profile_stays_between_its_neighbouring_points(progress: float) -> None:
    for profile in (CUT, zigzag(4), staircase(5)):
        assert 0 <= profile(progress) <= 1


def test_a_profile_needs_rising_progress() -> None:
    with pytest.raises(ValueError, match="rising progress"):
        Profile([(0, 0), (0.5, 1), (0.5, 2)])


def test_phases_are_named_from_their_start_on() -> None:
    phases = Phases([(0.0, "heating"), (0.5, "holding")])
    assert [phases(0.0), phases(0.49), phases(0.5), phases(2)] == [
        *("heating", "heating", "holding", "holding")
    ]


@settings(deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0.01, 10), st.floats(0.01, 1e4))
def test_a_lag_takes_the_same_way_in_one_step_or_in_two(
    value: float, target: float, dt_s: float, time_constant_s: float
) -> None:
    half = approach(value, target, dt_s / 2, time_constant_s)
    assert approach(half, target, dt_s / 2, time_constant_s) == pytest.approx(
        approach(value, target, dt_s, time_constant_s), abs=1e-6
    )


def test_a_ramp_stops_at_its_target() -> None:
    assert ramp(0, 10, 3) == 3
    assert ramp(9, 10, 3) == 10
    assert ramp(0, -10, 3) == -3


def test_wandering_has_the_spread_asked_for() -> None:
    wander, values = Wander(2.0, 10.0, Random(5)), []
    for _ in range(20_000):
        wander.step(Operation(EXECUTE, dt_s=5))
        values.append(wander.value)
    deviation = math.sqrt(sum(value * value for value in values) / len(values))
    assert deviation == pytest.approx(2.0, rel=0.1)


def test_a_lagged_quantity_rests_stands_by_and_works() -> None:
    lag = Lag(rest=0, standby=3, work=10, time_constant_s=1)
    settled = {}
    for state in (EXECUTE, PackMLState.HELD, IDLE):
        for _ in range(50):
            lag.step(Operation(state, dt_s=1))
        settled[state] = lag.value
    assert settled[EXECUTE] == pytest.approx(10)
    assert settled[PackMLState.HELD] == pytest.approx(3)
    assert settled[IDLE] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "data_type", "typed"),
    [
        (3.7, DataType.INT32, 4),
        (-3.0, DataType.UINT16, 0),
        (70_000.0, DataType.UINT16, 65_535),
        (-40_000.0, DataType.INT16, -32_768),
        (1e30, DataType.INT64, 2**63 - 1),
        (0.1, DataType.FLOAT, 0.10000000149011612),
        (1e300, DataType.FLOAT, math.inf),
        (1.0, DataType.BOOLEAN, True),
        (0.1, DataType.DOUBLE, 0.1),
    ],
)
def test_a_reading_is_what_a_client_decodes(
    value: float, data_type: DataType, typed: float | bool
) -> None:
    assert as_type(value, data_type) == typed
    assert isinstance(as_type(value, data_type), type(typed))


def test_a_sensor_reads_zero_at_rest_and_never_below_it() -> None:
    sensor = Sensor(tag("speed", unit="1/min"), noise=5, resolution=1, random=Random(1))
    assert sensor.read(0.0) == 0.0
    readings = [sensor.read(1.0) for _ in range(200)]
    assert all(isinstance(reading, float) and reading >= 0 for reading in readings)
    assert len(set(readings)) > 5


def test_a_sensor_has_a_resolution() -> None:
    sensor = Sensor(tag("temperature", unit="Cel"), noise=0.3, resolution=0.1, random=Random(1))
    for _ in range(100):
        reading = sensor.read(21.0)
        assert isinstance(reading, float)
        assert reading == round(reading, 1)


def test_a_share_stays_within_a_hundred_percent() -> None:
    sensor = Sensor(tag("valve", unit="%"), noise=3, resolution=0.1, random=Random(1))
    readings = [sensor.read(99.5) for _ in range(200)]
    assert max(float(reading or 0) for reading in readings) == 100.0
