"""Runs one solve: claim, build, solve in a child process, verify, store, tell."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from pilotline_api.errors import PlanRefusedError, Problem
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.plans.problem_building import PlanningCase, build_case
from pilotline_api.plans.publication import publish_plan
from pilotline_api.plans.repository import published_plan
from pilotline_api.plans.schemas import SolverView
from pilotline_api.plans.storing import CheckedPlan, check, store_draft
from pilotline_api.settings import Settings
from pilotline_api.solves.models import Solve, SolveStatus
from pilotline_api.solves.progress import ProgressKeeper, gap_pct
from pilotline_api.solves.service import LEASE, end, solve_of, tell
from pilotline_plant import Plant
from pilotline_scheduler import problem as scheduling
from pilotline_scheduler.errors import SchedulerError
from pilotline_scheduler.plan import Answer, Incumbent, Plan, Status

_PUBLISHING_TAKES = timedelta(minutes=2)

_log = structlog.get_logger("pilotline.api.worker")


class Solver(Protocol):
    """What solves a problem; `pilotline_scheduler.solver.solve_in_child` in earnest."""

    def __call__(
        self,
        problem: scheduling.Problem,
        *,
        time_limit_s: float,
        workers: int | None,
        seed: int,
        on_incumbent: Callable[[Incumbent, Plan], None],
        cancel: threading.Event,
    ) -> Answer:
        """Return the answer within the time limit, or soon after `cancel` is set."""
        ...


@dataclass(frozen=True, slots=True)
class SolveJob:
    """Runs solves by id.

    Attributes:
        settings, plant, database: the worker's parts.
        solver: what solves a problem.
        stopping: tells whether the worker is to stop.
    """

    settings: Settings
    plant: Plant
    database: Database
    solver: Solver
    stopping: Callable[[], bool]

    def __call__(self, solve_id: str) -> None:
        """Run a solve to its end; one that is not queued any more is left alone."""
        solve = self._claim(solve_id)
        if solve is None:
            return
        _log.info("solve.started", solve=solve_id, time_limit_s=solve.time_limit_s)
        try:
            self._run(solve)
        except Exception as error:  # noqa: BLE001 - a solve must never stay "running"
            _log.exception("solve.failed", solve=solve_id)
            self._fail(solve_id, f"The worker failed: {type(error).__name__}: {error}")

    def _claim(self, solve_id: str) -> Solve | None:
        now = utc_now()
        with self.database.writing() as session:
            solve = session.get(Solve, solve_id, with_for_update=True)
            if solve is None or solve.status is not SolveStatus.QUEUED:
                return None
            solve.status, solve.started_at = SolveStatus.RUNNING, now
            solve.lease_until = now + LEASE
            session.flush()
            tell(session, solve, now)
            return solve

    def _run(self, solve: Solve) -> None:
        with ProgressKeeper(self.database, solve.id, self.stopping) as keeper:
            case = self._case(solve)
            if not case.operations:
                self._finish(solve.id, SolveStatus.DONE, "No trial run waits for machine time.")
                return
            try:
                answer = self.solver(
                    case.problem,
                    time_limit_s=solve.time_limit_s,
                    workers=solve.workers,
                    seed=solve.seed,
                    on_incumbent=lambda incumbent, _plan: keeper.found(incumbent),
                    cancel=keeper.cancel,
                )
                checked = check(case, answer.plan) if answer.plan is not None else None
            except (SchedulerError, PlanRefusedError) as error:
                self._fail(solve.id, str(error))
                return
        self._store(solve, case, answer, checked, stopped=keeper.stopped_by_worker)

    def _case(self, solve: Solve) -> PlanningCase:
        with self.database.reading() as session:
            return build_case(
                session,
                self.plant,
                now=utc_now(),
                frozen_horizon=self.settings.frozen_horizon,
                planning_horizon=self.settings.planning_horizon,
                lead=timedelta(seconds=solve.time_limit_s) + _PUBLISHING_TAKES,
            )

    def _store(
        self,
        asked: Solve,
        case: PlanningCase,
        answer: Answer,
        checked: CheckedPlan | None,
        *,
        stopped: bool,
    ) -> None:
        now = utc_now()
        with self.database.writing() as session:
            solve = solve_of(session, asked.id, to_change=True)
            if solve.status is not SolveStatus.RUNNING:
                return
            solver = _solver_view(answer)
            solve.wall_s, solve.gap_pct = solver.wall_s, solver.gap_pct
            solve.objective, solve.bound = solver.objective, solver.bound
            if checked is not None:
                draft = store_draft(
                    session,
                    case,
                    checked,
                    title=solve.title,
                    created_by=solve.requested_by,
                    solver=solver,
                    now=now,
                )
                solve.plan_id = draft.id
            message = " ".join([*_sentences(answer, stopped=stopped), *case.notes])
            end(session, solve, _outcome(answer), now, message=message or None)
        _log.info("solve.ended", solve=asked.id, status=answer.status, wall_s=answer.wall_s)
        if checked is not None and asked.publish_when_done:
            self._publish(asked.id)

    def _publish(self, solve_id: str) -> None:
        try:
            with self.database.writing() as session:
                solve = solve_of(session, solve_id)
                if solve.plan_id is not None and published_plan(session) is None:
                    publish_plan(session, self.plant, solve.plan_id, 0, utc_now())
        except Problem as problem:
            _log.warning("solve.not_published", solve=solve_id, reason=problem.detail)

    def _finish(self, solve_id: str, status: SolveStatus, message: str) -> None:
        with self.database.writing() as session:
            solve = solve_of(session, solve_id, to_change=True)
            if solve.status is SolveStatus.RUNNING:
                end(session, solve, status, utc_now(), message=message)

    def _fail(self, solve_id: str, message: str) -> None:
        self._finish(solve_id, SolveStatus.FAILED, message)


def _outcome(answer: Answer) -> SolveStatus:
    if answer.status is Status.CANCELLED:
        return SolveStatus.CANCELLED
    if answer.plan is None:
        return SolveStatus.FAILED
    return SolveStatus.DONE


def _sentences(answer: Answer, *, stopped: bool) -> list[str]:
    if stopped:
        return ["The worker was stopped; the best plan so far was kept."]
    if answer.message:
        return [answer.message]
    if answer.status is Status.INFEASIBLE:
        return [
            "No plan exists: attendance windows, lags or working time contradict each other. "
            "Relax the newest request and solve again."
        ]
    if answer.status is Status.UNKNOWN:
        return ["No plan was found within the time limit; give it more time."]
    return []


def _solver_view(answer: Answer) -> SolverView:
    objective = answer.objective[0] if answer.objective else None
    bound = answer.bound[0] if answer.bound else None
    return SolverView(
        status=answer.status,
        objective=objective,
        bound=bound,
        gap_pct=gap_pct(objective, bound) if objective is not None else None,
        wall_s=round(answer.wall_s, 3),
    )
