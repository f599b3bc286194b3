"""What a plan is worth when work takes longer or shorter than reckoned with."""

from pilotline_scheduler.robustness.chance import Chance, wilson
from pilotline_scheduler.robustness.quantile import at_quantile, with_usual_spread
from pilotline_scheduler.robustness.risk import (
    Driver,
    LagRisk,
    OperationRisk,
    PlanRisk,
    RunRisk,
    risk,
)

__all__ = [
    "Chance",
    "Driver",
    "LagRisk",
    "OperationRisk",
    "PlanRisk",
    "RunRisk",
    "at_quantile",
    "risk",
    "wilson",
    "with_usual_spread",
]
