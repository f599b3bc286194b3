"""How often a fault is repeated: a little in every test run, often where somebody waits for it."""

import os

VARIABLE = "PILOTLINE_FAULTS"
"""Set to ``full``, the suite repeats each fault as often as the guarantees are quoted with."""


def full() -> bool:
    """Return whether the suite runs at full count."""
    return os.environ.get(VARIABLE) == "full"


def times(short: int, often: int) -> int:
    """Return one of two counts."""
    return often if full() else short
