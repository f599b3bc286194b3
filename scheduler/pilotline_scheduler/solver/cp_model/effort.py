"""How hard CP-SAT is to try, and what came of it; free of OR-Tools, which takes long to import."""

from dataclasses import dataclass

from pilotline_scheduler.solver.instance import Schedule


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard CP-SAT tries.

    Attributes:
        seconds: wall time; where the search is repeatable, work that takes about so long.
        workers: subsolvers.
        thorough: whether presolve and relaxations are worth their time.
        first_only: whether the first plan will do.
        by_bound: whether to work from the lower bound up, with all reasoning on pools there is.
    """

    seconds: float
    workers: int
    thorough: bool = True
    first_only: bool = False
    by_bound: bool = False


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
