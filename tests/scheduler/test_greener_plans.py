"""What is in time anyway runs when power is cheap or clean."""

from dataclasses import replace

from pilotline_scheduler.generator import Feature, generate
from pilotline_scheduler.problem import Goal, Objective, Problem, Term
from pilotline_scheduler.solver import first_plan, solve
from pilotline_scheduler.verifier import evaluate_goals, verify


def in_time_then(problem: Problem, goal: Goal) -> Problem:
    """Return the problem with tardiness first, then a goal."""
    terms = (Term(Goal.WEIGHTED_TARDINESS), Term(goal, priority=1))
    return replace(problem, objective=Objective(terms))


def test_a_line_saves_emissions_without_being_late() -> None:
    problem = in_time_then(generate(12, 10, 3, [Feature.TARIFF, Feature.KILN]), Goal.EMISSIONS)
    first = first_plan(problem)
    answer = solve(problem, time_limit_s=6, workers=1)
    assert first is not None
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    before, after = (evaluate_goals(problem, plan) for plan in (first, answer.plan))
    assert after[Goal.WEIGHTED_TARDINESS] <= before[Goal.WEIGHTED_TARDINESS]
    assert after[Goal.EMISSIONS] < 0.97 * before[Goal.EMISSIONS]
