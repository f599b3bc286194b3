"""Whatever happens to whatever plan: the new one holds, and breaks no promise it could keep."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pilotline_scheduler.errors import ReplanError
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Goal, Objective, Problem, Term
from pilotline_scheduler.replan import Disruption, MachineDown, Replan, UrgentRun, replan
from pilotline_scheduler.solver import first_plan
from pilotline_scheduler.verifier import verify
from tests.scheduler.oracle import best_objective
from tests.scheduler.replan.disturbances import disturbances, published
from tests.scheduler.small_problems import problems
from tests.scheduler.test_small_problems import PATIENT

LAST = 40
TINY_LAST = 8


def drawn(
    problem: Problem, data: st.DataObject, last: int
) -> tuple[Problem, int, list[Disruption]]:
    """Return a problem with its plan, a moment and what happens."""
    plan = first_plan(problem)
    assume(plan is not None)
    assert plan is not None
    told = published(problem, plan)
    now = data.draw(st.integers(0, max(each.end for each in plan.operations)))
    return told, now, data.draw(disturbances(told, now, last))


def replanned(told: Problem, now: int, disruptions: list[Disruption]) -> Replan | str:
    """Return the plan at once, or why there is none."""
    try:
        return replan(told, now, disruptions, time_limit_s=0)
    except ReplanError as error:
        return str(error)


def assert_machines_rest(found: Replan, down: MachineDown) -> None:
    """No operation that has not begun works on a machine while it is down."""
    pausable = {each.id: each.pausable for run in found.problem.runs for each in run.operations}
    for each in found.plan.operations:
        if each.machine != down.machine or each.start < found.problem.frozen_until:
            continue
        assert not down.start <= each.start < down.end or each.start == each.end
        assert not down.start < each.end <= down.end or each.start == each.end
        if not pausable[each.operation]:
            assert each.end <= down.start or each.start >= down.end or each.start == each.end


def assert_past_stays(told: Problem, now: int, found: Replan) -> None:
    """What has not been planned to begin by now does not begin before; nothing else changes."""
    before = {each.operation: each for each in told.previous}
    for each in found.plan.operations:
        was = before.get(each.operation)
        if each.start < now:
            assert was is not None
            assert (was.machine, was.start) == (each.machine, each.start)
        elif each.setup_start < now:
            assert was is not None
            assert was.setup_start < now
            assert (was.machine, was.start) == (each.machine, each.start)


@settings(max_examples=60, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=LAST, most_runs=4), st.data())
def test_the_plan_at_once_keeps_every_rule_and_says_why_anything_moves(
    problem: Problem, data: st.DataObject
) -> None:
    told, now, disruptions = drawn(problem, data, LAST)
    found = replanned(told, now, disruptions)
    if isinstance(found, str):
        assert "no plan" in found
        return
    assert verify(found.problem, found.plan) == []
    assert_past_stays(told, now, found)
    for each in disruptions:
        if isinstance(each, MachineDown):
            assert_machines_rest(found, each)
    before = {each.operation: each for each in told.previous}
    assert {move.operation for move in found.moves} == {
        each.operation
        for each in found.plan.operations
        if (was := before.get(each.operation)) and _place(was) != _place(each)
    }
    assert all(move.reason and move.reason in move.sentence for move in found.moves)


def _place(planned: PlannedOperation) -> tuple[str, int]:
    return planned.machine, planned.start


@settings(max_examples=25, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=TINY_LAST, most_runs=2), st.data())
def test_no_promise_breaks_that_any_plan_could_keep(problem: Problem, data: st.DataObject) -> None:
    runs = tuple(replace(run, deadline=None) for run in problem.runs)
    told, now, disruptions = drawn(replace(problem, runs=runs, pins=()), data, TINY_LAST)
    disruptions = [each for each in disruptions if not isinstance(each, UrgentRun)]
    try:
        found = replan(told, now, disruptions, time_limit_s=20, workers=1)
    except ReplanError:
        assume(False)
    ends = {each.operation: each.end for each in told.previous}
    promises = {
        run.id: max(run.due, *(ends[each.id] for each in run.operations))
        for run in found.problem.runs
        if run.due is not None
    }
    best = best_objective(
        replace(
            found.problem,
            runs=tuple(replace(run, due=promises.get(run.id)) for run in found.problem.runs),
            objective=Objective((Term(Goal.TARDY_RUNS),)),
        ),
        TINY_LAST,
    )
    assert best is None or len(found.broken) <= best[0]
