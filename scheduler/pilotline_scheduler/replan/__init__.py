"""Replan: a plan that holds again after a disruption, at once and with little moved."""

from pilotline_scheduler.replan.disruptions import (
    CancelledRun,
    Disruption,
    LateMaterial,
    MachineDown,
    Overrun,
    PoolShortage,
    UrgentRun,
)
from pilotline_scheduler.replan.outcome import BrokenPromise, Certainty, Move, Replan, Stage
from pilotline_scheduler.replan.replan import replan
from pilotline_scheduler.replan.times import Times

__all__ = [
    "BrokenPromise",
    "CancelledRun",
    "Certainty",
    "Disruption",
    "LateMaterial",
    "MachineDown",
    "Move",
    "Overrun",
    "PoolShortage",
    "Replan",
    "Stage",
    "Times",
    "UrgentRun",
    "replan",
]
