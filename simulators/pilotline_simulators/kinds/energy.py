"""Machines of the energy sector: coating, calendering, power testing."""

from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.physics.profile import Profile
from pilotline_simulators.rig import Rig

_LOAD_CYCLE = Profile(
    [
        (0.0, 0.1),
        (0.1, 0.35),
        (0.3, 0.35),
        (0.35, 0.7),
        (0.6, 0.7),
        (0.65, 1.0),
        (0.9, 1.0),
        (1, 0.1),
    ]
)


def _electrode_coater(rig: Rig) -> None:
    web = rig.drive(3.2, ramp_s=20.0, idle_speed=0.6, swing=0.1)
    rig.show("web_speed", lambda: web.speed, noise=0.004)
    rig.lagged("web_tension", 58.0, rest=34.0, time_constant_s=3.0, spread=1.2)
    pump = rig.lagged("pump_rate", 62.0, standby=0.0, time_constant_s=4.0, swing=0.1, spread=0.2)
    film = rig.wander(2.2, 15.0)
    thickness = rig.normal("coating_thickness", 148.0)
    loading = rig.normal("mass_loading", 14.5)
    rig.show("coating_thickness", lambda: thickness + film.value)
    rig.show("mass_loading", lambda: loading * (1 + film.value / thickness))
    rig.heated("dryer_temperature_1", 95.0, time_constant_s=260.0, standby=70.0, power_kw=18.0)
    rig.heated("dryer_temperature_2", 122.0, time_constant_s=280.0, standby=80.0, power_kw=22.0)
    rig.lagged("slurry_viscosity", 3.1, rest=3.4, time_constant_s=600.0, swing=0.8, spread=0.02)
    room = rig.wander(0.8, 900.0)
    dew_point = rig.normal("dew_point", -42.0)
    rig.show("dew_point", lambda: dew_point + room.value)
    solvent = rig.normal("solvent", 11.0)
    rig.show("solvent", lambda: 1.0 + (solvent - 1.0) * pump.value / 62.0)
    rig.load = lambda: 0.4 + 0.6 * web.load


def _calender(rig: Rig) -> None:
    rolls = rig.drive(4.5, ramp_s=15.0, idle_speed=0.8, swing=0.1)
    rig.worn(rolls, life_h=90)
    rig.show("line_speed", lambda: rolls.speed, noise=0.004)
    force = rig.lagged(
        "line_force", 640.0, standby=80.0, time_constant_s=4.0, swing=0.12, spread=6.0
    )
    tilt = rig.wander(0.4, 60.0)
    thickness = rig.normal("thickness", 112.0)
    rig.show("gap_left", lambda: 88.0 - 0.02 * force.value + tilt.value)
    rig.show("gap_right", lambda: 88.0 - 0.02 * force.value - tilt.value)
    rig.show("thickness", lambda: thickness + 0.6 * tilt.value)
    rig.heated("roll_temperature", 95.0, time_constant_s=500.0, standby=60.0, power_kw=12.0)
    rig.lagged("web_tension", 46.0, rest=0.0, standby=30.0, time_constant_s=3.0, spread=0.8)
    vibration = rig.normal("vibration", 2.1)
    rig.show("vibration", lambda: vibration * rolls.vibration)
    rig.load = lambda: rolls.load


def _power_test_bench(rig: Rig) -> None:
    voltage = rig.lagged(
        "dc_voltage", 1250.0, standby=800.0, time_constant_s=2.0, swing=0.08, spread=1.5
    )
    inverter = rig.drive(1.0, ramp_s=3.0, unit=_LOAD_CYCLE, swing=0.0, unevenness=0.02)
    amperes = rig.normal("dc_current", 290.0)

    def kilowatts() -> float:
        return voltage.value * amperes * inverter.load / 1000.0

    rig.show("dc_current", lambda: amperes * inverter.load)
    rig.show("output_power", lambda: 0.972 * kilowatts())
    rig.show("efficiency", lambda: 97.2 - 0.5 * abs(inverter.load - 0.6))
    grid = rig.wander(0.015, 40.0)
    rig.show("ac_frequency", lambda: 50.0 + grid.value)
    rig.show("distortion", lambda: 1.6 + 1.2 / (1.0 + 4.0 * inverter.load))
    coolant = rig.heated("coolant_temperature", 41.0, time_constant_s=240.0, standby=28.0)
    rise = rig.normal("junction_temperature", 112.0) - 41.0
    rig.show("junction_temperature", lambda: coolant.temperature + rise * inverter.load)
    rig.lagged("coolant_flow", 11.5, rest=8.0, time_constant_s=4.0, spread=0.1)
    rig.show("cycles", lambda: float(rig.operation.units), noise=0.0)
    rig.load = lambda: kilowatts() / rig.machine.power_kw


KINDS = {
    "electrode-coater": Kind(
        Pace(unit_s=60, least=20, most=60), _electrode_coater, standby_share=0.2
    ),
    "calender": Kind(Pace(unit_s=60, least=20, most=50), _calender),
    "power-test-bench": Kind(
        Pace(unit_s=180, least=6, most=15), _power_test_bench, standby_share=0.02
    ),
}
"""Models of this sector by kind."""
