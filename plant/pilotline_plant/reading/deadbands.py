"""Reads deadbands: how much a value changes before it is kept."""

from typing import NamedTuple

from pilotline_plant.reading.table import Table
from pilotline_plant.tag import Range

DEADBAND_KEYS = ("deadband", "deadband_percent")
"""Keys that exclude each other: a tag of a machine that has one borrows none of its kind's."""

_MOST_PERCENT = 100.0


class Deadband(NamedTuple):
    """A tag's deadband.

    Attributes:
        absolute: in the tag's unit, 0 for none.
        percent: of the range, 0 for none.
        eu_range: the range, or None for the one the server names.
    """

    absolute: float
    percent: float
    eu_range: Range | None


def read_deadband(tag: Table) -> Deadband:
    """Read ``deadband``, or ``deadband_percent`` with the ``eu_range`` it is a part of."""
    if all(key in tag for key in DEADBAND_KEYS):
        tag.mistake("a tag has one deadband, and deadband is written too", "deadband_percent")
    percent = tag.number("deadband_percent", 0.0, least=0)
    if percent > _MOST_PERCENT:
        tag.mistake(f"must not be more than {_MOST_PERCENT:g}", "deadband_percent")
    return Deadband(tag.number("deadband", 0.0, least=0), percent, _read_range(tag))


def _read_range(tag: Table) -> Range | None:
    table = tag.below("eu_range")
    if table is None:
        return None
    found = Range(table.number("low"), table.number("high"))
    if "low" in table and "high" in table and found.high <= found.low:
        table.mistake(f"must be greater than low, which is {found.low:g}", "high")
    table.finish()
    return found
