"""Reads alarm limits."""

from itertools import pairwise

from pilotline_plant.reading.table import Table
from pilotline_plant.tag import Limits

_RISING = ("low_low", "low", "high", "high_high")


def read_limits(tag: Table) -> Limits | None:
    """Read ``limits`` of a tag: at least one, each beyond the one before it."""
    table = tag.below("limits")
    if table is None:
        return None
    values = {key: table.optional_number(key) for key in _RISING}
    limits = Limits(**values, hysteresis=table.number("hysteresis", 0.0, least=0))
    table.finish()
    written = [(key, value) for key, value in values.items() if value is not None]
    if not written:
        table.mistake(f"write at least one of {', '.join(_RISING)}")
    for (before, lower), (key, value) in pairwise(written):
        if value <= lower:
            table.mistake(f"must be greater than {before}, which is {lower:g}", key)
    if limits.low is not None and limits.high is not None:
        room = limits.high - limits.low
        if 0 < room <= limits.hysteresis:
            table.mistake(f"must be less than the {room:g} between low and high", "hysteresis")
    return limits
