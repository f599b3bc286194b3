"""Runs CP-SAT on a model under the limits of a search."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, isfinite

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.model import PlanModel
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.cp_model.variables import EmptyDomainError
from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search

_POLL_S = 0.05
_ROUNDING = 1e-6
_DETERMINISTIC_PER_S = 0.03
"""CP-SAT's deterministic time in a second on these models, measured on one busy core."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard CP-SAT tries.

    Attributes:
        seconds: wall time; where the search is repeatable, work that takes about so long.
        workers: subsolvers.
        thorough: whether presolve and relaxations are worth their time.
        first_only: whether the first plan will do.
    """

    seconds: float
    workers: int
    thorough: bool = True
    first_only: bool = False


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


def run(search: Search, scope: Scope, level: int, effort: Effort, source: str) -> Outcome:
    """Minimise one level within a scope; plans are offered to the search as they are found."""
    value = None if scope.base is None else search.value_of(scope.base)
    try:
        model = PlanModel(search.instance, scope, level, value)
    except EmptyDomainError:
        return Outcome(None, None, complete=True, infeasible=True)
    solver = cp_model.CpSolver()
    _set_up(solver.parameters, search, effort)
    solver.parameters.stop_after_first_solution = effort.first_only
    callback = _Offers(search, model, source)
    bounds = _Bounds(search, scope, level, source)
    solver.best_bound_callback = bounds
    with _stopped_in_time(search, solver):
        status = solver.solve(model.proto, callback)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    schedule = model.schedule(solver.value) if found else None
    if found:
        bounds(solver.best_objective_bound)
    return Outcome(
        schedule,
        bounds.bound,
        complete=status in (cp_model.OPTIMAL, cp_model.INFEASIBLE),
        infeasible=status == cp_model.INFEASIBLE,
    )


def _set_up(parameters: cp_model.SatParameters, search: Search, effort: Effort) -> None:
    parameters.max_time_in_seconds = max(0.01, min(effort.seconds, search.left_s()))
    parameters.random_seed = search.seed
    parameters.catch_sigint_signal = False  # the program's handler decides, and asks for a stop
    parameters.num_workers = effort.workers
    if search.repeatable:
        parameters.max_time_in_seconds = max(0.01, search.left_s())
        parameters.max_deterministic_time = effort.seconds * _DETERMINISTIC_PER_S
        parameters.interleave_search = effort.workers > 1
        parameters.num_workers = 1
    if not effort.thorough:
        parameters.linearization_level = 0
        parameters.cp_model_probing_level = 0
        parameters.symmetry_level = 0


class _Offers(cp_model.CpSolverSolutionCallback):
    """Offers each solution to the search."""

    def __init__(self, search: Search, model: PlanModel, source: str) -> None:
        super().__init__()
        self._search = search
        self._model = model
        self._source = source

    def on_solution_callback(self) -> None:
        """Take a solution from CP-SAT."""
        self._search.offer(self._model.schedule(self.value), self._source)


class _Bounds:
    """Notes CP-SAT's lower bound, in the search too where it holds for the whole problem."""

    def __init__(self, search: Search, scope: Scope, level: int, source: str) -> None:
        self._search = search
        self._level = level
        self._source = source
        self._holds = scope.is_whole and search.open_level() == level
        self.bound: int | None = None

    def __call__(self, bound: float) -> None:
        """Take a bound from CP-SAT."""
        if isfinite(bound):
            self.bound = ceil(bound - _ROUNDING)
            if self._holds:
                self._search.prove(self._level, self.bound, self._source)


@contextmanager
def _stopped_in_time(search: Search, solver: cp_model.CpSolver) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_S):
            if search.cancelled or search.left_s() <= 0:
                solver.stop_search()

    watcher = threading.Thread(target=watch, name="pilotline-solve-watch")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
