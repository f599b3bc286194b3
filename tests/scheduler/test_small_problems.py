"""Whatever small problem is asked, the answer keeps every rule and its figures are true."""

from hypothesis import HealthCheck, given, settings

from pilotline_scheduler.plan import Answer, Status
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver import first_plan, solve
from pilotline_scheduler.verifier import evaluate, verify
from tests.scheduler.oracle import best_objective
from tests.scheduler.rich_problems import kilns, rich_problems
from tests.scheduler.small_problems import problems

PATIENT = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
    "derandomize": True,
}
TINY_LAST = 8


def assert_true(problem: Problem, answer: Answer) -> None:
    if answer.plan is None:
        assert answer.status is Status.INFEASIBLE, answer.message
        return
    assert verify(problem, answer.plan) == []
    assert answer.objective == evaluate(problem, answer.plan)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == answer.bound
    values = [incumbent.objective for incumbent in answer.trajectory]
    assert values == sorted(values, reverse=True)
    assert values[-1] == answer.objective


@settings(max_examples=100, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=40, most_runs=4) | rich_problems(last=40, most_runs=4))
def test_a_first_plan_keeps_every_rule(problem: Problem) -> None:
    validate(problem)
    plan = first_plan(problem)
    assert plan is None or verify(problem, plan) == []


@settings(max_examples=40, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=30, most_runs=4) | rich_problems(last=30, most_runs=4) | kilns(last=30))
def test_a_solve_ends_with_a_proven_plan_or_the_proof_that_there_is_none(problem: Problem) -> None:
    assert_true(problem, solve(problem, time_limit_s=20, workers=1))


@settings(max_examples=40, **PATIENT)  # type: ignore[arg-type]
@given(
    problems(last=TINY_LAST, most_runs=2)
    | rich_problems(last=TINY_LAST, most_runs=2)
    | kilns(last=TINY_LAST, most=3)
)
def test_the_proven_best_is_what_trying_every_plan_finds(problem: Problem) -> None:
    answer = solve(problem, time_limit_s=20, workers=1)
    assert_true(problem, answer)
    best = best_objective(problem, TINY_LAST)
    if answer.plan is None or answer.objective is None:
        assert best is None
    elif max(planned.end for planned in answer.plan.operations) <= TINY_LAST:
        assert best == answer.objective
    else:
        assert best is None or best >= answer.objective
