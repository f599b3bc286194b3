"""Problem: what is to be planned, immutable, in whole ticks from an origin."""

from pilotline_scheduler.problem.objective import Goal, Objective, Term
from pilotline_scheduler.problem.problem import Pin, Problem, Wall
from pilotline_scheduler.problem.resources import (
    Calendar,
    Changeover,
    Interval,
    Machine,
    Pool,
)
from pilotline_scheduler.problem.runs import Lag, Mode, Operation, Run

__all__ = [
    "Calendar",
    "Changeover",
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
    "Term",
    "Wall",
]
