"""Projects: activities that share pools come out short, and lags that cannot be kept are found."""

import random
from dataclasses import replace

import numpy as np
import pytest

from pilotline_scheduler.formats.instances import read_one
from pilotline_scheduler.plan import Status
from pilotline_scheduler.problem import (
    Goal,
    Lag,
    Machine,
    Mode,
    Objective,
    Operation,
    Pool,
    Problem,
    Run,
    Term,
)
from pilotline_scheduler.solver import solve
from pilotline_scheduler.solver.instance import Instance, compile_problem
from pilotline_scheduler.solver.project.placing import first_fit, justify, last_fit, place_left
from pilotline_scheduler.solver.project.population import Population
from pilotline_scheduler.solver.project.project import Ints, Project, project_of
from pilotline_scheduler.verifier import evaluate, verify
from tests.scheduler.instances import instance

LEVELS = (((0, 4), (30, 2), (60, 5)), ((0, 9),), ((0, 2**31 - 1),), ((0, 2**31 - 1), (50, 2**30)))


def drawn_project(seed: int, activities: int = 25) -> Problem:
    """Return a project of ticks in fives, with releases, waits and pools that shrink and grow."""
    choose = random.Random(seed)
    names = [f"A{number}" for number in range(activities)]
    operations = tuple(
        Operation(
            name,
            (
                Mode(
                    name,
                    5 * choose.randint(0, 6),
                    tuple(
                        (f"P{pool}", choose.randint(1, min(units for _, units in levels)))
                        for pool, levels in enumerate(LEVELS)
                        if choose.random() < 0.5
                    ),
                ),
            ),
        )
        for name in names
    )
    lags = tuple(
        Lag(before, after, 5 * choose.randint(0, 2))
        for number, after in enumerate(names)
        for before in choose.sample(names[:number], min(number, choose.randint(0, 2)))
    )
    return Problem(
        name="drawn",
        machines=tuple(Machine(name) for name in names),
        pools=tuple(Pool(f"P{pool}", levels) for pool, levels in enumerate(LEVELS)),
        runs=(Run("project", "client", operations, lags, release=5 * choose.randint(0, 3)),),
        objective=Objective((Term(Goal.MAKESPAN),)),
    )


def compiled(problem: Problem) -> tuple[Instance, Project]:
    found = compile_problem(problem)
    project = project_of(found)
    assert project is not None
    return found, project


def fitting(project: Project, free: Ints, activity: int, start: int) -> bool:
    """Return whether every pool has the units, field by field as people would count."""
    guard = [int(word) for word in project.net.guard]
    for tick in range(start, start + int(project.net.ticks[activity])):
        for word, bits in enumerate(guard):
            left = int(free[tick, word]) - int(project.net.need[activity, word])
            if left & bits != bits:
                return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_every_schedule_bred_keeps_every_rule(seed: int) -> None:
    problem = drawn_project(seed)
    found, project = compiled(problem)
    population = Population(project.net, 20, seed)
    for _ in range(6):
        population.advance(50, 0)
        schedule = project.schedule(population.best)
        assert verify(problem, schedule.plan(found)) == []
        assert evaluate(problem, schedule.plan(found)) == (population.span * project.step,)
        assert (project.starts(schedule) == population.best).all()


@pytest.mark.parametrize("seed", range(4))
def test_justification_never_makes_a_schedule_longer_and_leaves_nothing_behind(seed: int) -> None:
    _, project = compiled(drawn_project(seed))
    net = project.net
    count, horizon = len(net.ticks), len(net.free)
    free, order = net.free.copy(), np.arange(count)
    starts, keys = np.zeros(count, np.int64), np.zeros(count, np.int64)
    counts = np.zeros(3 * horizon + count, np.int64)
    before = place_left(net, free, order, starts)
    after = justify(net, free, order, keys, counts, starts, before)
    assert after <= before
    assert after == max(starts + net.ticks)
    assert (free == net.free).all()


@pytest.mark.parametrize("seed", range(4))
def test_places_found_are_the_first_and_the_last_there_are(seed: int) -> None:
    _, project = compiled(drawn_project(seed))
    net, free = project.net, project.net.free
    for activity in range(len(net.ticks)):
        for tick in (0, 5, 9, 14):
            later = range(tick, len(free) - int(net.ticks[activity]))
            first = next(start for start in later if fitting(project, free, activity, start))
            assert first_fit(net, free, activity, tick) == first
            last = [start for start in range(tick + 1) if fitting(project, free, activity, start)]
            assert last_fit(net, free, activity, tick) == max(last, default=-1)


@pytest.mark.parametrize("seed", range(3))
def test_a_small_project_is_proven_optimal_by_one_worker_and_by_two(seed: int) -> None:
    problem = drawn_project(seed, activities=8)
    answers = [solve(problem, time_limit_s=20, workers=workers) for workers in (1, 2)]
    assert {answer.status for answer in answers} == {Status.OPTIMAL}
    assert answers[0].objective == answers[1].objective


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = drawn_project(3, activities=40)
    one, other = (solve(problem, time_limit_s=2, workers=1, seed=5) for _ in range(2))
    assert one.plan is not None
    assert one.plan == other.plan


def test_a_project_with_a_deadline_or_another_goal_is_left_to_the_general_search() -> None:
    problem = drawn_project(0)
    late = replace(problem, runs=(replace(problem.runs[0], deadline=10_000),))
    tardy = replace(problem, objective=Objective((Term(Goal.WEIGHTED_TARDINESS),)))
    for other in (late, tardy):
        assert project_of(compile_problem(other)) is None


@pytest.mark.alone
def test_a_published_project_comes_within_a_fiftieth_of_the_best_known() -> None:
    # Kolisch & Sprecher 1997; best known 141.
    problem = read_one(instance("rcpsp/j120_17_1.rcp"), "rcpsp")
    answer = solve(problem, time_limit_s=5, workers=2)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert answer.objective is not None
    assert answer.objective[0] <= 1.02 * 141


@pytest.mark.parametrize(("file", "optimum"), [("psp49", 203), ("psp85", 497), ("psp1", None)])
def test_maximum_lags_are_kept_or_shown_to_be_impossible(file: str, optimum: int | None) -> None:
    # Franck, Neumann & Schwindt 2001.
    problem = read_one(instance(f"rcpsp_max/ubo100/{file}.sch"), "rcpsp-max")
    answer = solve(problem, time_limit_s=30, workers=2)
    if optimum is None:
        assert answer.status is Status.INFEASIBLE
    else:
        assert answer.plan is not None
        assert verify(problem, answer.plan) == []
        assert (answer.status, answer.objective) == (Status.OPTIMAL, (optimum,))
