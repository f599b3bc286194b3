"""What a good plan is: named terms, weighted within a priority, lexicographic between them."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import with_config

from pilotline_scheduler.strict import STRICT

FAIR_RANKS = 8
"""Fairness looks at so many of the worst-off clients one by one; the last of its values is the sum
over all clients."""


class Goal(StrEnum):
    """What a term measures; all are minimised."""

    WEIGHTED_TARDINESS = "weighted-tardiness"
    """Sum over runs of weight times max(0, end - due)."""
    TARDY_RUNS = "tardy-runs"
    """Number of runs that end after their due tick."""
    MAKESPAN = "makespan"
    """End of the last operation."""
    CHANGEOVER_TIME = "changeover-time"
    """Ticks spent in changeovers; a batch is set up once."""
    CHANGEOVER_COST = "changeover-cost"
    """Cost of the changeovers."""
    MOVED_START = "moved-start"
    """Sum over operations of price * |start - previous start|, against `Problem.previous`; the
    price is that of `Problem.notice` at the previous start."""
    CHANGED_MACHINE = "changed-machine"
    """Sum of the same price over operations on another machine than in `Problem.previous`."""
    FAIRNESS = "fairness"
    """Weighted tardiness of clients per entitlement: first as little as possible for the client
    who is worst off, then for the next (lexicographic max-min, Rawls 1971). It has several values,
    so it is alone in its priority."""
    ENERGY_COST = "energy-cost"
    """Energy drawn times its price at that tick, by `Problem.tariff`."""
    EMISSIONS = "emissions"
    """Energy drawn times the greenhouse gas emitted for it at that tick, by `Problem.intensity`."""


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
