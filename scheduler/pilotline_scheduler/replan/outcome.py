"""What a replan returns: the plan, what moved and why, and which promises broke and why."""

from dataclasses import dataclass
from enum import StrEnum

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Problem


@dataclass(frozen=True, slots=True)
class Move:
    """An operation that is not where it was published.

    Attributes:
        operation: its id.
        before: its published place.
        after: its place now.
        reason: why it moved, without its name.
        sentence: the whole move for a person.
    """

    operation: str
    before: PlannedOperation
    after: PlannedOperation
    reason: str
    sentence: str

    @property
    def machine_changed(self) -> bool:
        """Whether it is on another machine."""
        return self.before.machine != self.after.machine


class Certainty(StrEnum):
    """How sure it is that a promise could not be kept."""

    IMPOSSIBLE = "impossible"
    """Not even with the whole line to itself."""
    PROVEN = "proven"
    """No plan breaks fewer promises."""
    NOT_FOUND = "not-found"
    """No better plan was found in the time given."""


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A run that ends later than promised.

    Attributes:
        run: its id.
        promised: promised end.
        end: its end now.
        is_deadline: whether a deadline is missed as well, not only a due tick.
        certainty: how sure it is that nothing better was possible.
        sentence: what is broken and why, for a person.
    """

    run: str
    promised: int
    end: int
    is_deadline: bool
    certainty: Certainty
    sentence: str


class Stage(StrEnum):
    """How far a replan came."""

    REPAIRED = "repaired"
    """The plan at once."""
    IMPROVED = "improved"
    """Searched for better within the time limit."""
    OPTIMAL = "optimal"
    """No plan keeps more promises, is late by less or moves less."""


@dataclass(frozen=True, slots=True)
class Replan:
    """A plan after disruptions; it has passed the verifier.

    Attributes:
        stage: how far it came.
        problem: the problem that the plan answers: resources as they are now, history frozen,
            decisions and deadlines that could not be kept left out.
        plan: the plan.
        moves: what is not where it was published, in the order of published starts.
        broken: promises that are broken now and were not before.
        concessions: other things that had to give way, a sentence each.
        operations: operations that have not begun and were published.
        wall_s: seconds since the replan was asked for.
    """

    stage: Stage
    problem: Problem
    plan: Plan
    moves: tuple[Move, ...]
    broken: tuple[BrokenPromise, ...]
    concessions: tuple[str, ...]
    operations: int
    wall_s: float

    @property
    def machine_changes(self) -> int:
        """How many operations are on another machine."""
        return sum(move.machine_changed for move in self.moves)
