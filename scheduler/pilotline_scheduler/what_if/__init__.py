"""What would change if the line or the orders were different."""

from pilotline_scheduler.what_if.comparison import Comparison, Figure, Outcome, what_if
from pilotline_scheduler.what_if.variations import (
    ChangedRun,
    DroppedRun,
    MorePoolUnits,
    OpenHours,
    RemovedMachine,
    SecondMachine,
    Variation,
    varied,
)

__all__ = [
    "ChangedRun",
    "Comparison",
    "DroppedRun",
    "Figure",
    "MorePoolUnits",
    "OpenHours",
    "Outcome",
    "RemovedMachine",
    "SecondMachine",
    "Variation",
    "varied",
    "what_if",
]
