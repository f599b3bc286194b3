"""How hard CP-SAT is to try, and what came of it; free of OR-Tools, which takes long to import."""

from dataclasses import dataclass
from enum import Enum, auto

from pilotline_scheduler.solver.instance import Schedule


class Way(Enum):
    """How CP-SAT searches."""

    PORTFOLIO = auto()
    """Its own choice for the number of subsolvers."""
    ENERGY = auto()
    """One tree, with all reasoning on pools there is (overload, edge finding on time tables)."""
    BOUND = auto()
    """The same, from the lower bound up: plans come late, and are the best there are."""
    NEIGHBOURHOODS = auto()
    """Nothing but large neighbourhoods of the base plan."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard CP-SAT tries.

    Attributes:
        seconds: wall time; where the search is repeatable, work that takes about so long.
        workers: subsolvers.
        thorough: whether presolve and relaxations are worth their time.
        first_only: whether the first plan will do.
        way: how to search; all but the portfolio are made for one subsolver.
    """

    seconds: float
    workers: int
    thorough: bool = True
    first_only: bool = False
    way: Way = Way.PORTFOLIO


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        schedule: the best plan, or None.
        bound: proven lower bound of the level within the scope, or None.
        complete: whether nothing better exists within the scope.
        infeasible: whether there is no plan within the scope.
    """

    schedule: Schedule | None
    bound: int | None
    complete: bool
    infeasible: bool
