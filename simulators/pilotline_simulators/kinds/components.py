"""Machines of the components sector: milling, laser printing, measuring."""

from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.drive import Axis
from pilotline_simulators.physics.profile import CUT, Phases, Profile, staircase, zigzag
from pilotline_simulators.rig import Rig

_CUTTING = Phases(
    [
        (0.0, "Prep"),
        (0.06, "Layer 1 Up"),
        (0.22, "Layer 1 Down"),
        (0.34, "Repositioning"),
        (0.37, "Layer 2 Up"),
        (0.53, "Layer 2 Down"),
        (0.65, "Repositioning"),
        (0.68, "Layer 3 Up"),
        (0.84, "Layer 3 Down"),
        (0.96, "End"),
    ]
)
_PROGRAM_LINES = 136
_BUS_V = 325.0
_FEATURES = 18
_LAYERS = 1200


def _cnc_mill(rig: Rig) -> None:
    _feed_axis(rig, "X", travel=60.0, home=140.0, path=zigzag(9))
    _feed_axis(rig, "Y", travel=45.0, home=72.0, path=staircase(9))
    _feed_axis(rig, "Z", travel=-28.0, home=60.0, path=staircase(3))
    _spindle(rig)
    operation = rig.operation
    rig.show("M_CURRENT_PROGRAM_NUMBER", lambda: 16 + round(2 * operation.recipe), noise=0.0)
    rig.show("M_sequence_number", lambda: int(_PROGRAM_LINES * operation.phase), noise=0.0)
    rig.show("M_CURRENT_FEEDRATE", lambda: _feed_rate(rig), noise=0.0)
    rig.show("Machining_Process", lambda: _CUTTING(operation.phase) if operation.job else "Idle")
    rig.show("INSPECT", lambda: "PASS" if operation.units else "")


def _feed_rate(rig: Rig) -> float:
    if not rig.operation.producing:
        return 0.0
    return 50.0 if _CUTTING(rig.operation.phase) == "Repositioning" else 6.0


def _feed_axis(rig: Rig, name: str, *, travel: float, home: float, path: Profile) -> None:
    axis = rig.add(Axis(travel=travel, path=path, home=home, slew=50.0))
    friction = rig.wander(0.15, 5.0)

    def amperes() -> float:
        return 0.25 * axis.velocity + 0.004 * axis.acceleration + friction.value

    rig.show(f"{name}_SetPosition", lambda: axis.position, noise=0.0)
    rig.show(f"{name}_SetVelocity", lambda: axis.velocity, noise=0.0)
    rig.show(f"{name}_SetAcceleration", lambda: axis.acceleration, noise=0.0)
    rig.show(f"{name}_ActualPosition", lambda: axis.position - 0.02 * axis.velocity)
    rig.show(f"{name}_ActualVelocity", lambda: axis.velocity, noise=0.03)
    rig.show(f"{name}_ActualAcceleration", lambda: axis.acceleration, noise=0.4)
    rig.show(f"{name}_CurrentFeedback", amperes)
    rig.show(f"{name}_DCBusVoltage", lambda: _BUS_V - 0.6 * abs(amperes()), noise=0.2)
    rig.show(f"{name}_OutputCurrent", lambda: abs(amperes()))
    rig.show(f"{name}_OutputVoltage", lambda: 3.1 * abs(axis.velocity) + 1.2 * abs(amperes()))
    rig.show(f"{name}_OutputPower", lambda: abs(amperes() * axis.velocity) * 0.003, noise=0.0002)


def _spindle(rig: Rig) -> None:
    spindle = rig.drive(54.0, ramp_s=3.0, idle_speed=54.0, unit=CUT)
    rig.worn(spindle, life_h=5)
    amperes = rig.normal("S_CurrentFeedback", 24.0)
    kilowatts = rig.normal("S_OutputPower", 0.19)
    turned = [0.0]
    jitter = rig.wander(3.0, 0.2)

    def turn(operation: Operation) -> None:
        turned[0] = (turned[0] + spindle.speed * operation.dt_s) % 2000.0

    rig.each_step(turn)
    rig.load = lambda: spindle.load
    rig.show("S_ActualPosition", lambda: turned[0] - 1000.0)
    rig.show("S_SetPosition", lambda: turned[0] - 1000.0, noise=0.0)
    rig.show("S_ActualVelocity", lambda: spindle.speed, noise=0.08)
    rig.show("S_SetVelocity", lambda: round(spindle.speed), noise=0.0)
    rig.show("S_ActualAcceleration", lambda: jitter.value if spindle.speed else 0.0)
    rig.show("S_SetAcceleration", lambda: 0.0, noise=0.0)
    rig.show("S_CurrentFeedback", lambda: amperes * spindle.load, noise=0.3)
    rig.show("S_DCBusVoltage", lambda: _BUS_V - 4.0 * spindle.load, noise=0.2)
    rig.show("S_OutputCurrent", lambda: amperes * spindle.load, noise=0.1)
    rig.show("S_OutputVoltage", lambda: 2.2 * spindle.speed + 6.0 * spindle.load, noise=0.3)
    rig.show("S_OutputPower", lambda: kilowatts * spindle.load, noise=0.002)
    rig.show("S_SystemInertia", lambda: 12.0, noise=0.0)


def _mill(rig: Rig) -> None:
    spindle = rig.drive(
        rig.normal("spindle_speed", 12000.0), ramp_s=4.0, idle_speed=6000.0, unit=CUT
    )
    rig.worn(spindle, life_h=5)
    load = rig.normal("spindle_load", 58.0)
    rig.load = lambda: spindle.load
    rig.show("spindle_speed", lambda: spindle.speed, noise=4.0)
    rig.show("spindle_load", lambda: load * spindle.load)
    rig.show("vibration", lambda: 1.6 * spindle.vibration)
    rig.lagged("feed_rate", 1400.0, standby=0.0, time_constant_s=1.0, swing=0.2, spread=30.0)
    rig.lagged("coolant_pressure", 5.2, rest=4.0, time_constant_s=2.0, spread=0.08)


def _laser_printer(rig: Rig) -> None:
    filters = rig.wear(life_h=30)
    rig.fills("powder_level", full=96.0, empty=18.0, drain_s=5400.0, fill_s=240.0)
    rig.heated("plate_temperature", 190.0, time_constant_s=700.0, standby=80.0, power_kw=1.5)
    rig.lagged("chamber_oxygen", 320.0, rest=690.0, time_constant_s=150.0, spread=35.0)
    rig.lagged("chamber_pressure", 12.0, rest=9.0, time_constant_s=20.0, spread=0.6)
    rig.lagged("gas_flow", 48.0, rest=44.0, time_constant_s=8.0, spread=0.8)
    rig.lagged("laser_power", 285.0, standby=0.0, time_constant_s=0.5, swing=0.15, spread=4.0)
    rig.lagged("layer_time", 41.0, rest=41.0, time_constant_s=120.0, swing=0.2, spread=1.5)
    pressure = rig.normal("filter_pressure", 32.0) - 12.0
    rig.show("filter_pressure", lambda: 12.0 + pressure * min(filters.value, 1.0))
    rig.show("layer", lambda: int(_LAYERS * rig.operation.batch), noise=0.0)


def _measuring_machine(rig: Rig) -> None:
    for name, travel, path in (
        ("probe_x", 620.0, zigzag(5)),
        ("probe_y", 480.0, staircase(6)),
        ("probe_z", -210.0, zigzag(_FEATURES)),
    ):
        _probe_axis(rig, name, travel, path)
    operation = rig.operation
    touch = zigzag(_FEATURES)
    force = rig.normal("probe_force", 110.0)
    rig.show(
        "probe_force",
        lambda: force if operation.producing and touch(operation.phase) > 0.8 else 0.0,
    )
    deviation = rig.wander(5.0, 12.0)
    centre = rig.normal("deviation", 1.5)
    rig.show("deviation", lambda: centre + deviation.value)
    rig.show(
        "features_measured",
        lambda: int(_FEATURES * (operation.units + operation.phase)),
        noise=0.0,
    )
    room = rig.wander(0.06, 900.0)
    rig.show("part_temperature", lambda: 20.05 + room.value)
    rig.lagged("air_pressure", 5.1, rest=5.15, time_constant_s=3.0, spread=0.02)


def _probe_axis(rig: Rig, tag_id: str, travel: float, path: Profile) -> None:
    axis = rig.add(Axis(travel=travel, path=path, home=12.0, slew=180.0))
    rig.show(tag_id, lambda: axis.position)


KINDS = {
    "cnc-mill": Kind(Pace(unit_s=300, least=3, most=9), _cnc_mill, standby_share=0.12),
    "mill": Kind(Pace(unit_s=180, least=4, most=12), _mill, standby_share=0.12),
    "laser-printer": Kind(Pace(unit_s=900, least=3, most=7), _laser_printer, standby_share=0.2),
    "measuring-machine": Kind(
        Pace(unit_s=150, least=5, most=18), _measuring_machine, standby_share=0.3
    ),
}
"""Models of this sector by kind."""
