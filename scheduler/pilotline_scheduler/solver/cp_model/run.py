"""Runs CP-SAT on a model, under the limits of a search or of a job of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, isfinite

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.effort import Effort, Outcome, Way
from pilotline_scheduler.solver.cp_model.model import PlanModel
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.cp_model.variables import EmptyDomainError
from pilotline_scheduler.solver.instance import Instance, Schedule, objective
from pilotline_scheduler.solver.search import Search

__all__ = ["Conditions", "Effort", "Outcome", "decide", "run"]

_POLL_S = 0.05
_ROUNDING = 1e-6
_DETERMINISTIC_PER_S = 0.03
"""CP-SAT's deterministic time in a second on these models, measured on one busy core."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds around a run.

    Attributes:
        left_s: tells the seconds left.
        stopped: tells whether to stop early.
        seed: seeds CP-SAT.
        repeatable: whether the same seed must give the same result, whatever the clock says.
        on_schedule: takes each plan, better every time.
        on_bound: takes each proven lower bound of the level within the scope.
    """

    left_s: Callable[[], float]
    stopped: Callable[[], bool]
    seed: int = 0
    repeatable: bool = False
    on_schedule: Callable[[Schedule], object] | None = None
    on_bound: Callable[[int], object] | None = None


def run(search: Search, scope: Scope, level: int, effort: Effort, source: str) -> Outcome:
    """Minimise one level within a scope; plans are offered to the search as they are found."""
    holds = scope.is_whole and search.open_level() == level
    conditions = Conditions(
        left_s=search.left_s,
        stopped=lambda: search.cancelled or search.broken,
        seed=search.seed,
        repeatable=search.repeatable,
        on_schedule=lambda schedule: search.offer(schedule, source),
        on_bound=(lambda bound: search.prove(level, bound, source)) if holds else None,
    )
    return decide(search.instance, scope, level, effort, conditions)


def decide(
    instance: Instance, scope: Scope, level: int, effort: Effort, conditions: Conditions
) -> Outcome:
    """Minimise one level within a scope; nothing outside is read or written.

    Args:
        instance: what is planned.
        scope: what may change.
        level: the level; those before it do not get worse than in the scope's base plan.
        effort: how hard to try.
        conditions: time, and who listens.
    """
    value = None if scope.base is None else objective(instance, scope.base)
    try:
        model = PlanModel(instance, scope, level, value)
    except EmptyDomainError:
        return Outcome(None, None, complete=True, infeasible=True)
    solver = cp_model.CpSolver()
    _set_up(solver.parameters, effort, conditions)
    bounds = _Bounds(conditions.on_bound)
    solver.best_bound_callback = bounds
    callback = None if conditions.on_schedule is None else _Found(model, conditions.on_schedule)
    with _stopped_in_time(conditions, solver):
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


def _set_up(parameters: cp_model.SatParameters, effort: Effort, conditions: Conditions) -> None:
    parameters.max_time_in_seconds = max(0.01, min(effort.seconds, conditions.left_s()))
    parameters.random_seed = conditions.seed
    parameters.catch_sigint_signal = False  # the program's handler decides, and asks for a stop
    parameters.num_workers = effort.workers
    parameters.stop_after_first_solution = effort.first_only
    if conditions.repeatable:
        parameters.max_time_in_seconds = max(0.01, conditions.left_s())
        parameters.max_deterministic_time = effort.seconds * _DETERMINISTIC_PER_S
        parameters.interleave_search = effort.workers > 1
        parameters.num_workers = 1
    if not effort.thorough:
        parameters.linearization_level = 0
        parameters.cp_model_probing_level = 0
        parameters.symmetry_level = 0
    _set_way(parameters, effort.way)


def _set_way(parameters: cp_model.SatParameters, way: Way) -> None:
    if way is Way.PORTFOLIO:
        return
    parameters.linearization_level = 0
    parameters.use_lns_only = way is Way.NEIGHBOURHOODS
    parameters.optimize_with_core = way is Way.BOUND
    if way is not Way.NEIGHBOURHOODS:
        parameters.use_overload_checker_in_cumulative = True
        parameters.use_timetable_edge_finding_in_cumulative = True
        parameters.use_hard_precedences_in_cumulative = True


class _Found(cp_model.CpSolverSolutionCallback):
    """Hands on each solution."""

    def __init__(self, model: PlanModel, on_schedule: Callable[[Schedule], object]) -> None:
        super().__init__()
        self._model = model
        self._on_schedule = on_schedule

    def on_solution_callback(self) -> None:
        """Take a solution from CP-SAT."""
        self._on_schedule(self._model.schedule(self.value))


class _Bounds:
    """Notes CP-SAT's lower bound and hands it on."""

    def __init__(self, on_bound: Callable[[int], object] | None) -> None:
        self._on_bound = on_bound
        self.bound: int | None = None

    def __call__(self, bound: float) -> None:
        """Take a bound from CP-SAT."""
        if isfinite(bound):
            self.bound = ceil(bound - _ROUNDING)
            if self._on_bound is not None:
                self._on_bound(self.bound)


@contextmanager
def _stopped_in_time(conditions: Conditions, solver: cp_model.CpSolver) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_S):
            if conditions.stopped() or conditions.left_s() <= 0:
                solver.stop_search()

    watcher = threading.Thread(target=watch, name="pilotline-solve-watch")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
