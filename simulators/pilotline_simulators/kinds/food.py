"""Machines of the food and feed sector: extrusion, spray drying, UHT treatment."""

from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.block import approach
from pilotline_simulators.rig import Rig

_HOLDING_TUBE_L = 0.5
_SECONDS_PER_HOUR = 3600.0


def _twin_screw_extruder(rig: Rig) -> None:
    screw = rig.drive(rig.normal("screw_speed", 420.0), ramp_s=25.0, idle_speed=120.0, swing=0.1)
    rig.worn(screw, life_h=60)
    feed = rig.lagged("feed_rate", 145.0, standby=20.0, time_constant_s=9.0, swing=0.1, spread=1.2)
    rig.lagged("water_rate", 24.0, standby=6.0, time_constant_s=6.0, swing=0.15, spread=0.25)
    rig.heated("barrel_temperature_1", 85.0, time_constant_s=420.0, standby=60.0, swing=4.0)
    rig.heated("barrel_temperature_2", 130.0, time_constant_s=480.0, standby=80.0, swing=5.0)
    last = rig.heated("barrel_temperature_3", 160.0, time_constant_s=520.0, standby=90.0, swing=5.0)
    torque = rig.normal("torque", 61.0)
    pressure = rig.normal("die_pressure", 78.0)
    rig.load = lambda: screw.load
    rig.show("screw_speed", lambda: screw.speed)
    rig.show("torque", lambda: torque * screw.load)
    rig.show("die_pressure", lambda: 1.0 + pressure * screw.load * feed.value / 145.0)
    rig.show("melt_temperature", lambda: last.temperature + 9.0 * screw.load)
    rig.show("specific_energy", lambda: 118.0 * screw.load)
    rig.heated("cooling_die_temperature", 68.0, time_constant_s=300.0, standby=30.0, swing=3.0)


def _spray_dryer(rig: Rig) -> None:
    inlet = rig.heated(
        "inlet_temperature", 188.0, time_constant_s=260.0, standby=110.0, swing=6.0, power_kw=70.0
    )
    feed = rig.lagged("feed_rate", 46.0, standby=15.0, time_constant_s=12.0, swing=0.1, spread=0.5)
    atomiser = rig.drive(rig.normal("atomiser_speed", 18500.0), ramp_s=40.0, idle_speed=9000.0)
    rig.show("atomiser_speed", lambda: atomiser.speed)
    rig.lagged("air_flow", 820.0, rest=0.0, time_constant_s=15.0, spread=5.0)
    rig.lagged("chamber_pressure", -2.2, rest=-0.5, time_constant_s=6.0, spread=0.25)
    cyclone = rig.wear(life_h=14)
    rig.show("cyclone_pressure", lambda: 9.0 + 5.0 * min(cyclone.value, 1.0))
    rig.lagged("carbon_monoxide", 2.6, rest=1.2, time_constant_s=90.0, spread=0.3)
    outlet = [rig.normal("outlet_temperature", 60.0)]
    usual = rig.normal("outlet_temperature", 88.0)
    low = outlet[0]

    def cool_by_evaporation(operation: Operation) -> None:
        surplus = 0.24 * (inlet.temperature - 188.0) - 0.35 * (feed.value - 46.0)
        target = max(usual + surplus, low) if inlet.temperature > usual else low
        outlet[0] = approach(outlet[0], target, operation.dt_s, 45.0)

    rig.each_step(cool_by_evaporation)
    rig.show("outlet_temperature", lambda: outlet[0])
    moisture = rig.normal("powder_moisture", 3.6)
    rig.show("powder_moisture", lambda: max(moisture - 0.06 * (outlet[0] - usual), 1.5))


def _uht_line(rig: Rig) -> None:
    rig.heated("preheat_temperature", 82.0, time_constant_s=90.0, standby=70.0)
    tube = rig.heated("holding_temperature", 141.5, time_constant_s=70.0, standby=139.0)
    flow = rig.lagged("product_flow", 210.0, standby=210.0, time_constant_s=7.0, spread=1.5)
    rig.heated("outlet_temperature", 24.0, time_constant_s=60.0)
    rig.lagged("back_pressure", 4.6, rest=3.9, time_constant_s=3.0, spread=0.05)
    rig.lagged(
        "homogeniser_pressure", 205.0, standby=60.0, time_constant_s=5.0, swing=0.08, spread=2.5
    )
    rig.lagged("conductivity", 4.9, rest=0.4, standby=1.2, time_constant_s=25.0, spread=0.03)
    rig.show("steam_valve", lambda: 100.0 * tube.output)
    rig.show(
        "holding_time",
        lambda: min(_HOLDING_TUBE_L * _SECONDS_PER_HOUR / max(flow.value, 1.0), 60.0),
    )
    rig.show("sterile", lambda: rig.operation.prepared)


KINDS = {
    "twin-screw-extruder": Kind(Pace(unit_s=60, least=20, most=60), _twin_screw_extruder),
    "spray-dryer": Kind(Pace(unit_s=90, least=20, most=45), _spray_dryer, standby_share=0.25),
    "uht-line": Kind(Pace(unit_s=45, least=30, most=80), _uht_line, standby_share=0.3),
}
"""Models of this sector by kind."""
