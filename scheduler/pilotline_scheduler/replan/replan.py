"""Replans after disruptions: a plan that holds at once, then a better one while there is time."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from pilotline_scheduler.errors import ReplanError
from pilotline_scheduler.plan import Plan, Status
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.replan.collector import collector_paused
from pilotline_scheduler.replan.concessions import Softened, concede, soften
from pilotline_scheduler.replan.disrupted import Disrupted, disrupt
from pilotline_scheduler.replan.disruption_check import check_disruptions
from pilotline_scheduler.replan.disruptions import Disruption
from pilotline_scheduler.replan.improvement import improve_repair, stable_problem
from pilotline_scheduler.replan.outcome import Replan, Stage
from pilotline_scheduler.replan.published import Published
from pilotline_scheduler.replan.reinsertion import NoPlaceError
from pilotline_scheduler.replan.repair import repair
from pilotline_scheduler.replan.report import Report
from pilotline_scheduler.replan.times import Times
from pilotline_scheduler.solver.instance import Instance, NoPlanError, compile_problem
from pilotline_scheduler.solver.seed.latest_ends import LatestEnds
from pilotline_scheduler.verifier import verify

_LEAST_IMPROVEMENT_S = 0.2
"""Less time than this is not worth a search."""
_LEAST_PATIENCE_S = 2.0
"""Time to look for any plan at all where the published one cannot be repaired."""


def replan(
    problem: Problem,
    now: int,
    disruptions: Sequence[Disruption],
    *,
    time_limit_s: float = 10.0,
    workers: int | None = None,
    seed: int = 0,
    on_repaired: Callable[[Replan], None] | None = None,
    cancel: threading.Event | None = None,
    times: Times | None = None,
) -> Replan:
    """Return a plan that holds after disruptions and moves little.

    What has begun stays; nothing is planned before `now`. First as many promises as possible are
    kept, then the plan moves as little as possible. Operations that `previous` does not name, such
    as those of new runs, are planned too.

    Args:
        problem: a validated problem with the published plan as `previous`.
        now: the present tick.
        disruptions: what happened; none is allowed.
        time_limit_s: seconds in all; the repaired plan takes what it takes, well under a second for
            5,000 operations. 0 asks for the repaired plan only.
        workers: threads of the search; None for one per core. With one, the same seed gives the
            same plan.
        seed: seeds every random choice of the search.
        on_repaired: called with the repaired plan before the search for a better one begins.
        cancel: ends the search once set; the best plan so far is returned.
        times: how sentences write ticks; by the problem's origin, in UTC, by default.

    Raises:
        ReplanError: a disruption names what does not exist, contradicts the plan, or leaves some
            operation no place at all.
        ProblemError: an urgent run is not well formed.
    """
    began = time.monotonic()
    check_disruptions(problem, now, disruptions)
    with collector_paused():
        disrupted, plan, instance = _begin(problem, now, disruptions, time_limit_s)
        report = Report(disrupted, instance, times or Times.of(problem, now))
        repaired = _checked(disrupted, plan, report, Stage.REPAIRED, None, began)
    if on_repaired is not None:
        on_repaired(repaired)
    left_s = time_limit_s - (time.monotonic() - began)
    if left_s < _LEAST_IMPROVEMENT_S or (cancel is not None and cancel.is_set()):
        return repaired
    better, bound, optimal = improve_repair(
        stable_problem(repaired.problem, disrupted.promises),
        plan,
        time_limit_s=left_s,
        workers=workers,
        seed=seed,
        on_better=lambda _: None,
        cancel=cancel,
    )
    stage = Stage.OPTIMAL if optimal else Stage.IMPROVED
    return _checked(disrupted, better, report, stage, bound[0], began)


def _begin(
    problem: Problem, now: int, disruptions: Sequence[Disruption], patience_s: float
) -> tuple[Disrupted, Plan, Instance]:
    """Return the repaired plan with the problem it answers.

    What the plan has begun but cannot have, for another still holds what it needs, has not.
    """
    not_begun: frozenset[str] = frozenset()
    while True:
        disrupted = disrupt(problem, now, disruptions, not_begun)
        try:
            return disrupted, *_repaired(disrupted, patience_s)
        except _NotBegunError as error:
            if error.operation in not_begun:
                message = (
                    f"operation {error.operation!r} fits nowhere, neither as begun nor anew; "
                    "`previous` must be a plan of this problem"
                )
                raise ReplanError(message) from error
            not_begun |= {error.operation}


class _NotBegunError(Exception):
    """An operation cannot have begun where the plan says so."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(operation)


def _repaired(disrupted: Disrupted, patience_s: float) -> tuple[Plan, Instance]:
    """Return the repaired plan; a begun setup is given up where its operation cannot start."""
    under_way = disrupted.under_way
    while True:
        softened = soften(disrupted, under_way)
        try:
            instance = compile_problem(softened.problem)
        except NoPlanError as error:
            if under_way:
                under_way = frozenset()
                continue
            message = f"no plan is left: {error}"
            raise ReplanError(message) from error
        try:
            timeline = repair(
                _published(disrupted, softened, instance), _urgent(disrupted, instance)
            )
        except NoPlaceError as error:
            name = instance.names[error.operation]
            if name in disrupted.begun:
                raise _NotBegunError(name) from error
            if not under_way:
                return _planned_anew(disrupted, softened, name, patience_s), instance
            under_way = under_way - {name} if name in under_way else frozenset()
        else:
            return timeline.schedule().plan(instance), instance


def _published(disrupted: Disrupted, softened: Softened, instance: Instance) -> Published:
    at = {name: index for index, name in enumerate(instance.names)}
    last_starts = {at[name]: tick for name, tick in softened.last_starts.items()}
    deadlines = {
        index: run.deadline
        for index, run in enumerate(disrupted.problem.runs)
        if run.deadline is not None
    }
    return Published(
        instance,
        dict(disrupted.published) | disrupted.begun,
        softened.pinned,
        LatestEnds(instance, disrupted.promises, last_starts),
        deadlines,
    )


def _planned_anew(disrupted: Disrupted, softened: Softened, name: str, patience_s: float) -> Plan:
    """Return a plan that the solver finds where repairing the published one leads nowhere."""
    from pilotline_scheduler.solver.solve import solve

    problem = stable_problem(softened.problem, disrupted.promises)
    answer = solve(problem, time_limit_s=max(patience_s, _LEAST_PATIENCE_S))
    if answer.plan is not None:
        return answer.plan
    proof = "no plan keeps every rule" if answer.status is Status.INFEASIBLE else "none was found"
    message = (
        f"operation {name!r} fits nowhere any more, in no open hours and no attendance of its run, "
        f"and {proof}; cancel its run, or agree on more time for it"
    )
    raise ReplanError(message)


def _urgent(disrupted: Disrupted, instance: Instance) -> Sequence[int]:
    """Return the urgency of each run: runs that were not published go first."""
    published: Mapping[str, object] = disrupted.published
    return [
        int(not any(operation.id in published for operation in run.operations))
        for run in instance.problem.runs
    ]


def _checked(
    disrupted: Disrupted,
    plan: Plan,
    report: Report,
    stage: Stage,
    least_broken: int | None,
    began: float,
) -> Replan:
    """Return the outcome of a plan once the verifier has passed it."""
    problem, concessions = concede(disrupted, plan)
    violations = verify(problem, plan)
    if violations:
        message = "the replanned plan breaks rules: " + "; ".join(map(str, violations[:5]))
        raise RuntimeError(message)
    moves = report.moves(plan)
    return Replan(
        stage=stage,
        problem=problem,
        plan=plan,
        moves=moves,
        broken=report.broken(plan, moves, concessions, least_broken),
        concessions=report.concessions(concessions, moves),
        operations=sum(name not in disrupted.begun for name in disrupted.published),
        wall_s=time.monotonic() - began,
    )
