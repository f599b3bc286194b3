"""Problem: what is to be planned, immutable, in whole ticks from an origin."""

from pilotline_scheduler.problem.objective import FAIR_RANKS, Goal, Objective, Term
from pilotline_scheduler.problem.problem import Client, Pin, Problem, Running, Wall
from pilotline_scheduler.problem.resources import (
    Calendar,
    Changeover,
    Interval,
    Machine,
    Pool,
)
from pilotline_scheduler.problem.runs import Lag, Mode, Operation, Run

__all__ = [
    "FAIR_RANKS",
    "Calendar",
    "Changeover",
    "Client",
    "Goal",
    "Interval",
    "Lag",
    "Machine",
    "Mode",
    "Objective",
    "Operation",
    "Pin",
    "Pool",
    "Problem",
    "Run",
    "Running",
    "Term",
    "Wall",
]
