"""Answer: a plan with its status, bound and the way there."""

from dataclasses import dataclass
from enum import StrEnum

from pilotline_scheduler.plan.planned import Plan


class Status(StrEnum):
    """How far a solve came."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"
    """No plan found within the limit, and none excluded."""
    CANCELLED = "cancelled"
    """Stopped by the caller; the best plan so far is there if any was found."""
    FAILED = "failed"
    """The solver's process crashed, hung or ran out of memory; `Answer.message` says which."""


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A better plan found on the way.

    Attributes:
        wall_s: seconds since the solve began.
        objective: one value per priority level, first level first.
        bound: proven lower bound per priority level, None where none is known.
        source: part that found it, such as ``seed:atcs`` or ``cp-sat``.
    """

    wall_s: float
    objective: tuple[int, ...]
    bound: tuple[int | None, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solve returns.

    Attributes:
        status: how far it came.
        plan: the best plan, or None.
        objective: its value per priority level, or None.
        bound: proven lower bound per priority level.
        bound_source: where the first level's bound comes from.
        first_s: seconds to the first plan, or None.
        wall_s: seconds in all.
        trajectory: every incumbent in order.
        message: a sentence for a person where the status needs one.
    """

    status: Status
    plan: Plan | None
    objective: tuple[int, ...] | None
    bound: tuple[int | None, ...]
    bound_source: str
    first_s: float | None
    wall_s: float
    trajectory: tuple[Incumbent, ...]
    message: str = ""
