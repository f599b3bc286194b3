"""Values as JSON carries them: non-finite floats are words, long texts are cut."""

import math
from typing import Final

from pilotline_historian.sample import Value

WireValue = bool | int | float | str | None
"""A value as it travels; null where the machine sent none."""

MAX_TEXT: Final = 256
"""Characters of a text value that are kept; a tile or a tooltip shows no more."""

_NON_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def wire_value(value: Value | None) -> WireValue:
    """Return a historian's value as it travels."""
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    return value[:MAX_TEXT] if isinstance(value, str) else value


def number(value: WireValue) -> float | None:
    """Return a travelled value as a number, or None where it is text, a truth value or missing."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return _NON_FINITE.get(value)
    return float(value)
