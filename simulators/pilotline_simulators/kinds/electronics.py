"""Machines of the electronics sector: paste printing, placing, soldering, inspecting."""

from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.block import approach
from pilotline_simulators.physics.profile import Profile
from pilotline_simulators.rig import Rig

_PRINT = Profile([(0.0, 0.0), (0.3, 0.0), (0.35, 1.0), (0.75, 1.0), (0.8, 0.0), (1.0, 0.0)])
_PARTS_PER_BOARD = 184
_REJECTS_PER_BOARD = 0.4


def _stencil_printer(rig: Rig) -> None:
    operation = rig.operation
    force = rig.lagged("squeegee_pressure", 58.0, rest=46.0, standby=46.0, spread=0.5)
    rig.show("squeegee_speed", lambda: _stroke(operation, 62.0))
    rig.show("separation_speed", lambda: 2.6 if operation.prepared else 0.0, noise=0.01)
    height, drift = rig.wander(2.0, 60.0), rig.wear(life_h=3)
    usual = rig.normal("paste_height", 121.0)
    rig.show("paste_height", lambda: usual + height.value - 4.0 * min(drift.value, 1.0))
    room = rig.wander(0.25, 900.0)
    temperature = rig.normal("paste_temperature", 24.0)
    rig.show("paste_temperature", lambda: temperature + room.value)
    for tag_id in ("offset_x", "offset_y"):
        _wandering(rig, tag_id, 2.0, spread=6.0)
    rig.show("boards", lambda: float(operation.units), noise=0.0)
    rig.load = lambda: force.value / 58.0 if operation.producing else 0.2


def _stroke(operation: Operation, speed: float) -> float:
    return speed * _PRINT(operation.phase) if operation.producing else 0.0


def _wandering(rig: Rig, tag_id: str, usual: float, *, spread: float) -> None:
    deviation = rig.wander(spread, 30.0)
    centre = rig.normal(tag_id, usual)
    rig.show(tag_id, lambda: centre + deviation.value)


def _pick_and_place(rig: Rig) -> None:
    operation = rig.operation
    rig.lagged(
        "placement_rate", 21500.0, standby=0.0, time_constant_s=8.0, swing=0.08, spread=350.0
    )
    rig.lagged("nozzle_vacuum", -78.0, rest=-72.0, time_constant_s=2.0, spread=0.8)
    rig.show("placed", lambda: int(_PARTS_PER_BOARD * _boards(operation)), noise=0.0)
    rig.show("rejected", lambda: int(_REJECTS_PER_BOARD * _boards(operation)), noise=0.0)
    rig.lagged("reject_rate", 0.24, rest=0.24, time_constant_s=90.0, spread=0.07)
    rig.heated("head_temperature", 41.0, ambient=24.0, time_constant_s=600.0)
    _wandering(rig, "offset", 18.0, spread=4.0)
    rig.show("feeders_low", lambda: int(3 * operation.batch), noise=0.0)


def _boards(operation: Operation) -> float:
    return operation.units + operation.phase


def _reflow_oven(rig: Rig) -> None:
    zones = [
        rig.heated(
            f"zone_{number}",
            target,
            time_constant_s=420.0,
            standby=0.7 * target,
            swing=3.0,
            power_kw=7.0,
        )
        for number, target in enumerate((150.0, 175.0, 195.0, 245.0, 255.0), start=1)
    ]
    hottest = zones[-1]
    belt = rig.drive(78.0, ramp_s=6.0, idle_speed=78.0, swing=0.03)
    rig.show("conveyor_speed", lambda: belt.speed)
    peak = rig.normal("peak_temperature", 242.0)
    low = rig.normal("peak_temperature", 0.0)
    above = rig.normal("time_above_liquidus", 62.0)
    board = [low]

    def solder(operation: Operation) -> None:
        target = peak + 0.5 * (hottest.temperature - 255.0) if operation.prepared else low
        board[0] = approach(board[0], max(target, low), operation.dt_s, 40.0)

    rig.each_step(solder)
    rig.show("peak_temperature", lambda: board[0])
    rig.show("time_above_liquidus", lambda: above + 0.8 * (board[0] - peak))
    rig.lagged("oxygen", 620.0, rest=820.0, time_constant_s=120.0, spread=25.0)
    rig.load = lambda: sum(zone.output for zone in zones) / len(zones)


def _optical_inspection(rig: Rig) -> None:
    operation = rig.operation
    lot = rig.random("defects")
    seen: dict[int, int] = {}

    def defects() -> float:
        if operation.units not in seen:
            seen.clear()
            seen[operation.units] = 0 if lot.random() < 0.9 else lot.randint(1, 4)
        return float(seen[operation.units])

    rig.show("boards", lambda: float(operation.units), noise=0.0)
    rig.show("defects", defects, noise=0.0)
    rig.lagged("yield", 98.4, rest=98.4, time_constant_s=300.0, spread=0.4, most=99.8)
    rig.lagged("false_calls", 1.1, rest=1.1, time_constant_s=300.0, spread=0.15)
    rig.lagged("cycle_time", 19.4, rest=19.4, time_constant_s=20.0, swing=0.0, spread=0.3)
    rig.lagged("light_level", 21.0, rest=0.0, standby=20.9, time_constant_s=2.0, spread=0.05)
    rig.heated("camera_temperature", 38.0, ambient=24.0, time_constant_s=500.0)
    rig.show(
        "board_id", lambda: f"{operation.job}.{operation.units % 1000:03d}" if operation.job else ""
    )


KINDS = {
    "stencil-printer": Kind(Pace(unit_s=26, least=40, most=120), _stencil_printer),
    "pick-and-place": Kind(Pace(unit_s=34, least=40, most=110), _pick_and_place, 0.3),
    "reflow-oven": Kind(Pace(unit_s=30, least=50, most=130), _reflow_oven, 0.3),
    "optical-inspection": Kind(Pace(unit_s=20, least=60, most=160), _optical_inspection, 0.4),
}
"""Models of this sector by kind."""
