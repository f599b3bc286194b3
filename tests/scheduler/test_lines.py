"""What compiled search promises on pilot lines: the same rules and figures as everywhere else."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.instance import (
    Instance,
    NoPlanError,
    Schedule,
    compile_problem,
    objective,
)
from pilotline_scheduler.solver.line.anneal import anneal
from pilotline_scheduler.solver.line.board import Board, schedule_of
from pilotline_scheduler.solver.line.build import line_of
from pilotline_scheduler.solver.line.line_search import LineSearch
from pilotline_scheduler.solver.line.seeding import schedules
from pilotline_scheduler.verifier import verify
from tests.scheduler.small_problems import problems

MOST = 8


def seeds(instance: Instance, board: Board) -> list[Schedule]:
    return [each for _, each in schedules(instance, board.line, 1, lambda: False)]


def annealed(board: Board, schedule: Schedule, steps: int, temperature: float) -> Schedule:
    board.load(schedule)
    scale = np.array([0.1**level for level in range(board.line.levels)], np.float64)
    anneal(board.line.data, board.data, scale, temperature, MOST, steps)
    return schedule_of(board.line, board.best_at)


@pytest.mark.parametrize(("runs", "machines", "seed"), [(12, 4, 0), (40, 8, 1), (60, 10, 2)])
def test_plans_of_a_line_keep_every_rule_and_cost_what_is_said(
    runs: int, machines: int, seed: int
) -> None:
    problem = generate(runs, machines, seed)
    instance = compile_problem(problem)
    board = Board.of(line_of(instance), seed)
    for schedule in seeds(instance, board):
        assert verify(problem, schedule.plan(instance)) == []
        found = annealed(board, schedule, 400, 500.0)
        assert verify(problem, found.plan(instance)) == []
        assert objective(instance, found) == tuple(board.best_value)
        assert objective(instance, found) <= objective(instance, schedule)
        here = board.schedule()
        assert verify(problem, here.plan(instance)) == []
        assert objective(instance, here) == tuple(board.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(problem=problems())
def test_any_small_problem_is_searched_by_the_same_rules(problem: Problem) -> None:
    try:
        instance = compile_problem(problem)
    except NoPlanError:
        return
    assume(LineSearch.knows(instance))
    board = Board.of(line_of(instance), 1)
    for schedule in seeds(instance, board)[:2]:
        assert verify(problem, schedule.plan(instance)) == []
        found = annealed(board, schedule, 60, 5.0)
        assert verify(problem, found.plan(instance)) == []
        assert objective(instance, found) == tuple(board.best_value)


def test_a_step_that_is_not_kept_leaves_no_trace() -> None:
    instance = compile_problem(generate(30, 6, 3))
    board = Board.of(line_of(instance), 1)
    schedule = annealed(board, seeds(instance, board)[0], 2000, 1e-9)
    rejected = int(board.tries[3])
    assert rejected > 0
    again = Board.of(board.line, 1)
    again.load(board.schedule())
    assert tuple(again.value) == tuple(board.value)
    assert objective(instance, schedule) <= objective(instance, board.schedule())


@pytest.mark.parametrize(("runs", "machines", "operations"), [(60, 10, 300), (300, 30, 1800)])
def test_generated_lines_have_the_sizes_that_figures_are_told_for(
    runs: int, machines: int, operations: int
) -> None:
    line = generate(runs, machines, 1)
    assert abs(sum(len(run.operations) for run in line.runs) - operations) <= operations * 0.1
