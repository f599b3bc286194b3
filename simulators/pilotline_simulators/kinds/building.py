"""Machines of the building materials sector: mixing, steam curing, firing, drying."""

from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.profile import SOAK, Profile
from pilotline_simulators.physics.steam import saturation_pressure_bar
from pilotline_simulators.rig import Rig

_ATMOSPHERE_BAR = 1.013
_SECONDS_PER_HOUR = 3600.0
_MIXING = Profile([(0.0, 0.35), (0.2, 1.0), (0.35, 1.15), (0.6, 0.9), (0.9, 0.8), (1.0, 0.3)])
_DOSING = Profile([(0.0, 0.0), (0.15, 0.7), (0.3, 1.0), (0.93, 1.0), (1.0, 0.0)])
_EVACUATING = Profile([(0.0, 1.0), (0.3, 1.0), (0.45, 0.12), (0.85, 0.1), (0.95, 1.0), (1.0, 1.0)])
_FIRING = Profile([(0.0, 0.0), (0.5, 1.0), (0.65, 1.0), (1.0, 0.12)])
_FIRED_C = 1150.0


def _concrete_mixer(rig: Rig) -> None:
    rotor = rig.drive(36.0, ramp_s=4.0, idle_speed=8.0, unit=_MIXING, unevenness=0.08)
    rig.worn(rotor, life_h=40)
    kilowatts = rig.normal("rotor_power", 19.0)
    operation = rig.operation
    rig.load = lambda: rotor.load
    rig.show("rotor_speed", lambda: rotor.speed)
    rig.show("rotor_power", lambda: kilowatts * rotor.load)
    rig.lagged("moisture", 6.4, rest=5.8, time_constant_s=60.0, swing=0.5, spread=0.06)
    rig.heated("temperature", 27.0, ambient=19.0, time_constant_s=900.0)
    rig.show("batch_mass", lambda: _share(rig, _DOSING, 240.0))
    rig.show("water_dosed", lambda: _share(rig, _DOSING, 17.5))
    rig.show(
        "vacuum", lambda: 1013.0 * (_EVACUATING(operation.phase) if operation.producing else 1.0)
    )


def _share(rig: Rig, profile: Profile, full: float) -> float:
    operation = rig.operation
    return full * (1 + 0.06 * operation.recipe) * profile(operation.phase) if operation.job else 0.0


def _mixer(rig: Rig) -> None:
    rotor = rig.drive(
        rig.normal("speed", 285.0), ramp_s=5.0, idle_speed=60.0, unit=_MIXING, unevenness=0.08
    )
    rig.worn(rotor, life_h=30)
    torque = rig.normal("torque", 96.0)
    rig.load = lambda: rotor.load
    rig.show("speed", lambda: rotor.speed)
    rig.show("torque", lambda: torque * rotor.load)
    rig.heated("temperature", 31.0, ambient=20.0, time_constant_s=700.0)
    rig.show("lid_closed", lambda: rig.operation.prepared)


def _oven(rig: Rig) -> None:
    chamber = rig.heated(
        "temperature", 150.0, time_constant_s=600.0, standby=60.0, swing=10.0, power_kw=11.0
    )
    rig.show("setpoint", lambda: chamber.set_point, noise=0.0)
    rig.show("heater_power", lambda: chamber.power_kw)
    dampness = rig.wander(0.8, 120.0)
    rig.show(
        "humidity", lambda: max(4.0 + 2600.0 / (chamber.temperature + 25.0), 1) + dampness.value
    )
    rig.load = lambda: chamber.output


def _autoclave(rig: Rig) -> None:
    chamber = rig.heated(
        "temperature",
        184.0,
        time_constant_s=1500.0,
        standby=45.0,
        batch=SOAK,
        swing=2.0,
        power_kw=40.0,
    )
    rig.show("setpoint", lambda: chamber.set_point, noise=0.0)
    rig.show(
        "pressure",
        lambda: max(saturation_pressure_bar(chamber.temperature) - _ATMOSPHERE_BAR, 0.0),
    )
    rig.show("steam_flow", lambda: 62.0 * chamber.output)
    rig.fills("condensate_level", full=58.0, empty=22.0, drain_s=900.0, fill_s=1800.0)
    rig.heated("water_temperature", 72.0, time_constant_s=800.0, standby=60.0)
    rig.show("door_locked", lambda: rig.operation.prepared)
    rig.load = lambda: chamber.output


def _kiln(rig: Rig) -> None:
    zones = [
        rig.heated(
            f"temperature_{number}",
            _FIRED_C - lag,
            time_constant_s=5400.0,
            standby=60.0,
            batch=_FIRING,
            power_kw=38.0,
        )
        for number, lag in ((1, 0.0), (2, 4.0), (3, 9.0))
    ]
    first = zones[0]
    rate, before = [0.0], [first.temperature]

    def measure_rate(operation: Operation) -> None:
        dt_s = operation.dt_s
        slope = (first.temperature - before[0]) / dt_s * _SECONDS_PER_HOUR
        rate[0] += (slope - rate[0]) * min(dt_s / 60.0, 1.0)
        before[0] = first.temperature

    rig.each_step(measure_rate)
    limit = rig.normal("heating_rate", 1e9)
    rig.show("heating_rate", lambda: min(rate[0], limit))
    rig.show("setpoint", lambda: first.set_point, noise=0.0)
    rig.show("gas_flow", lambda: 1.5 + 22.0 * first.output)
    rig.lagged("oxygen", 5.5, rest=20.6, standby=12.0, time_constant_s=120.0, spread=0.15)
    rig.lagged("furnace_pressure", 14.0, rest=0.0, standby=6.0, time_constant_s=10.0, spread=1.0)
    rig.load = lambda: sum(zone.output for zone in zones) / len(zones)


KINDS = {
    "concrete-mixer": Kind(Pace(unit_s=240, least=4, most=12), _concrete_mixer),
    "mixer": Kind(Pace(unit_s=240, least=4, most=12), _mixer),
    "oven": Kind(Pace(unit_s=400, least=4, most=10), _oven, standby_share=0.05),
    "autoclave": Kind(Pace(unit_s=3 * 3600, least=1, most=1), _autoclave, standby_share=0.05),
    "kiln": Kind(Pace(unit_s=10 * 3600, least=1, most=1), _kiln, standby_share=0.03),
}
"""Models of this sector by kind."""
