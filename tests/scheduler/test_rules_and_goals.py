"""Every rule is kept and every goal reached, on problems small enough to solve by hand."""

import pytest

from pilotline_scheduler.plan import Status
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver import first_plan, solve
from pilotline_scheduler.verifier import evaluate, verify
from tests.scheduler.cases import CASES, Case

pytestmark = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_the_first_plan_keeps_every_rule(case: Case) -> None:
    validate(case.problem)
    plan = first_plan(case.problem)
    assert plan is not None
    assert verify(case.problem, plan) == []
    assert evaluate(case.problem, plan) >= case.optimum


@pytest.mark.parametrize("workers", [1, 2])
def test_the_best_plan_is_found_and_proven(case: Case, workers: int) -> None:
    answer = solve(case.problem, time_limit_s=30, workers=workers)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == answer.bound == case.optimum
    assert answer.plan is not None
    assert verify(case.problem, answer.plan) == []
    assert evaluate(case.problem, answer.plan) == case.optimum
