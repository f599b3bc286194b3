"""Machines of the medical devices sector: moulding, assembling, sterilising."""

from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.profile import STROKE, Phases, Profile
from pilotline_simulators.physics.steam import Lethality, saturation_pressure_bar
from pilotline_simulators.rig import Rig

_SCREW = Profile([(0.0, 1.0), (0.1, 0.08), (0.45, 0.06), (0.85, 1.0), (1.0, 1.0)])
_CLAMP = Profile([(0.0, 0.0), (0.03, 1.0), (0.85, 1.0), (0.9, 0.0), (1.0, 0.0)])
_PRESS = Profile([(0.0, 0.0), (0.4, 0.05), (0.55, 1.0), (0.65, 0.9), (0.7, 0.0), (1.0, 0.0)])
_CYCLE = Profile([(0.0, 0.0), (0.2, 0.55), (0.35, 1.0), (0.65, 1.0), (0.75, 0.5), (1.0, 0.1)])
_CYCLE_PHASES = Phases(
    [
        (0.0, "Preconditioning"),
        (0.2, "Heating"),
        (0.35, "Sterilising"),
        (0.65, "Exhaust"),
        (0.75, "Drying"),
        (0.95, "Venting"),
    ]
)
_STERILISING = Profile(
    [(0.0, 0.05), (0.18, 0.05), (0.32, 1.0), (0.66, 1.0), (0.76, 0.04), (1, 0.9)]
)


def _injection_moulder(rig: Rig) -> None:
    operation = rig.operation

    def over_shot(profile: Profile, full: float) -> float:
        return full * profile(operation.phase) if operation.producing else 0.0

    pressure = rig.normal("injection_pressure", 1320.0)
    rig.show("injection_pressure", lambda: over_shot(STROKE, pressure), noise=3.0)
    rig.show("holding_pressure", lambda: min(over_shot(STROKE, 760.0), 610.0), noise=2.0)
    rig.show("clamp_force", lambda: over_shot(_CLAMP, 740.0), noise=1.0)
    rig.show("screw_position", lambda: over_shot(_SCREW, 86.0))
    rig.heated(
        "melt_temperature", 228.0, time_constant_s=420.0, standby=222.0, swing=2.0, power_kw=9.0
    )
    rig.heated("mould_temperature", 52.0, time_constant_s=300.0, standby=45.0, swing=1.5)
    rig.lagged("cushion", 5.2, rest=5.2, time_constant_s=60.0, spread=0.25)
    rig.lagged("cycle_time", 28.4, rest=28.4, time_constant_s=40.0, spread=0.12)
    rig.lagged("shot_mass", 18.62, rest=18.62, time_constant_s=60.0, spread=0.02)


def _assembly_cell(rig: Rig) -> None:
    operation = rig.operation

    def over_press(full: float) -> float:
        return full * _PRESS(operation.phase) if operation.producing else 0.0

    force = rig.normal("press_force", 365.0)
    rig.show("press_force", lambda: over_press(force), noise=1.5)
    rig.show("press_depth", lambda: over_press(11.4))
    rig.lagged("leak_rate", 0.14, rest=0.14, time_constant_s=60.0, spread=0.03)
    rig.show("torque", lambda: over_press(0.82))
    rig.lagged("cycle_time", 15.2, rest=15.2, time_constant_s=30.0, spread=0.15)
    rig.lagged("particles", 620000.0, rest=180000.0, time_constant_s=400.0, spread=40000.0)
    rig.lagged("room_pressure", 17.5, rest=18.0, time_constant_s=10.0, spread=0.6)
    rig.show("rejected", lambda: int(0.012 * operation.units), noise=0.0)


def _steriliser(rig: Rig) -> None:
    gas = rig.has("gas_concentration")
    chamber = rig.heated(
        "temperature",
        55.0 if gas else 134.6,
        time_constant_s=500.0,
        standby=40.0 if gas else 60.0,
        batch=_CYCLE,
        power_kw=22.0,
    )
    lethality = Lethality()
    rig.each_step(lambda operation: lethality.step(operation, chamber.temperature))
    rig.show("lethality", lambda: lethality.minutes)
    _sterilant(rig, gas=gas)
    if not gas:
        rig.show("pressure", lambda: max(saturation_pressure_bar(chamber.temperature), 0.05))
    rig.show("phase", lambda: _phase(rig.operation))
    rig.show("cycle", lambda: float(rig.operation.units), noise=0.0)
    rig.lagged("humidity", 62.0, rest=35.0, time_constant_s=120.0, spread=1.0)
    rig.lagged("feed_water", 1.8, rest=1.8, time_constant_s=900.0, spread=0.15)
    rig.show("door_locked", lambda: rig.operation.prepared)
    rig.load = lambda: 0.2 + 0.8 * chamber.output


def _sterilant(rig: Rig, *, gas: bool) -> None:
    """Show pressure and gas concentration of a cycle under ethylene oxide."""
    if not gas:
        return
    operation = rig.operation
    most = rig.normal("gas_concentration", 690.0)
    least = rig.normal("gas_concentration", 0.0)

    def share() -> float:
        return _STERILISING(operation.batch) if operation.producing else 0.0

    rig.show("gas_concentration", lambda: least + (most - least) * share(), noise=2.0)
    rig.show("pressure", lambda: 0.25 + 0.45 * share())


def _phase(operation: Operation) -> str:
    return _CYCLE_PHASES(operation.batch) if operation.job else "Ready"


KINDS = {
    "injection-moulder": Kind(Pace(unit_s=28, least=50, most=140), _injection_moulder, 0.25),
    "assembly-cell": Kind(Pace(unit_s=15, least=80, most=220), _assembly_cell, 0.3),
    "steriliser": Kind(Pace(unit_s=3000, least=1, most=1), _steriliser, 0.1),
}
"""Models of this sector by kind."""
