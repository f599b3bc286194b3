"""What a good plan is: named terms, weighted within a priority, lexicographic between them."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import with_config

from pilotline_scheduler.strict import STRICT


class Goal(StrEnum):
    """What a term measures; all are minimised."""

    WEIGHTED_TARDINESS = "weighted-tardiness"
    """Sum over runs of weight times max(0, end - due)."""
    TARDY_RUNS = "tardy-runs"
    """Number of runs that end after their due tick."""
    MAKESPAN = "makespan"
    """End of the last operation."""
    CHANGEOVER_TIME = "changeover-time"
    """Ticks spent in changeovers."""
    CHANGEOVER_COST = "changeover-cost"
    """Cost of the changeovers."""
    MOVED_START = "moved-start"
    """Sum over operations of |start - previous start|, against `Problem.previous`."""
    CHANGED_MACHINE = "changed-machine"
    """Number of operations on another machine than in `Problem.previous`."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Term:
    """One goal with its weight; terms of a lower `priority` number count strictly first."""

    goal: Goal
    weight: int = 1
    priority: int = 0


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Objective:
    """Terms to minimise; at least one."""

    terms: tuple[Term, ...] = (Term(Goal.WEIGHTED_TARDINESS),)
