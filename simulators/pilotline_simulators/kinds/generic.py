"""Signals for tags that no model knows, by their type, unit and limits."""

from collections.abc import Mapping

from pilotline_plant import DataType, Tag
from pilotline_simulators.jobs import Pace
from pilotline_simulators.kinds.kind import Kind
from pilotline_simulators.rig import AMBIENT_C, Rig

USUAL: Mapping[str, tuple[float, float]] = {
    "%": (5.0, 55.0),
    "1/min": (0.0, 1200.0),
    "A": (0.2, 14.0),
    "Cel": (AMBIENT_C, 70.0),
    "Hz": (49.9, 50.0),
    "K": (294.6, 343.0),
    "L/h": (0.0, 120.0),
    "L/min": (0.0, 12.0),
    "N": (0.0, 200.0),
    "N.m": (0.0, 25.0),
    "Pa": (2.0, 40.0),
    "V": (230.0, 400.0),
    "W": (40.0, 900.0),
    "bar": (0.1, 6.0),
    "kN": (0.0, 80.0),
    "kPa": (0.5, 60.0),
    "kW": (0.2, 6.0),
    "kg": (2.0, 80.0),
    "kg/h": (0.0, 60.0),
    "m/min": (0.0, 8.0),
    "m/s": (0.0, 1.5),
    "m3/h": (0.0, 15.0),
    "mbar": (1.0, 25.0),
    "mm": (0.0, 150.0),
    "mm/min": (0.0, 900.0),
    "mm/s": (0.1, 2.2),
    "s": (10.0, 30.0),
    "um": (1.0, 20.0),
}
"""UCUM unit → a usual value at rest and at work; 1 and 50 for any other unit."""

_PARTS_OF_A_JOB = ("prepare", "run", "finish")


def show_the_rest(rig: Rig) -> None:
    """Give every tag that the rig does not show yet a signal that fits its type and unit."""
    for tag in rig.unshown():
        if tag.data_type is DataType.BOOLEAN:
            rig.show(tag.id, lambda: rig.operation.prepared)
        elif tag.data_type is DataType.STRING:
            rig.show(tag.id, lambda: _part_of_the_job(rig))
        elif tag.unit.ucum == "1" and tag.data_type not in {DataType.DOUBLE, DataType.FLOAT}:
            rig.show(tag.id, lambda: float(rig.operation.units), noise=0.0)
        else:
            _show_number(rig, tag)


def _show_number(rig: Rig, tag: Tag) -> None:
    rest, work = USUAL.get(tag.unit.ucum, (1.0, 50.0))
    if tag.unit.ucum in {"Cel", "K"}:
        rig.heated(tag.id, work, ambient=rest, time_constant_s=400.0)
        return
    work = rig.normal(tag.id, work)
    rig.lagged(
        tag.id,
        work,
        rest=rest,
        standby=rest + 0.3 * (work - rest),
        time_constant_s=6.0,
        swing=0.1,
        spread=0.02 * abs(work - rest),
    )


def _part_of_the_job(rig: Rig) -> str:
    operation = rig.operation
    if not operation.job:
        return "idle"
    return _PARTS_OF_A_JOB[0 if operation.batch < 0.1 else 1 if operation.batch < 0.9 else 2]


def _nothing_special(rig: Rig) -> None:
    """Leave every tag to `show_the_rest`."""
    del rig


GENERIC = Kind(Pace(unit_s=60, least=10, most=40), _nothing_special)
"""A machine of unknown kind."""
