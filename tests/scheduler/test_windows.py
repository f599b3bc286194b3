"""Whatever part of a plan is decided anew, the whole still keeps every rule and gets no worse."""

import time
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.cp_model.run import Effort, run
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.improve.local_search import LocalSearch
from pilotline_scheduler.solver.improve.window_search import WindowSearch
from pilotline_scheduler.solver.instance import NoPlanError, Schedule, compile_problem
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.portfolio import seed
from pilotline_scheduler.verifier import evaluate, verify
from tests.scheduler.rich_problems import kilns, rich_problems
from tests.scheduler.small_problems import problems
from tests.scheduler.test_small_problems import PATIENT


def searching(problem: Problem) -> Search:
    """Return a search of a problem with its first plans."""
    search = Search(
        compile_problem(problem),
        time_limit_s=100,
        seed=0,
        repeatable=False,
        on_incumbent=lambda _, plan: assert_sound(problem, plan),
        cancel=None,
        started=time.monotonic(),
    )
    seed(search)
    return search


def assert_sound(problem: Problem, plan: object) -> None:
    assert verify(problem, plan) == []  # type: ignore[arg-type]


def scope(schedule: Schedule, begin: int, end: int, free: set[int]) -> Scope:
    """Return the scope of a time, where those not free keep their order."""
    inside = {
        operation
        for operation in range(len(schedule.start))
        if schedule.setup_start[operation] >= begin and schedule.end[operation] <= end
    }
    return Scope(frozenset(inside & free), frozenset(inside - free), schedule, begin, end)


@settings(max_examples=60, **PATIENT)  # type: ignore[arg-type]
@given(
    problems(last=30, most_runs=5) | rich_problems(last=30, most_runs=5) | kilns(last=30),
    st.data(),
)
def test_a_window_of_any_shape_leaves_a_sound_plan(problem: Problem, data: st.DataObject) -> None:
    try:
        search = searching(problem)
    except NoPlanError:
        assume(False)
    assume(search.best is not None)
    for _ in range(3):
        best, value = search.best, search.value
        assert best is not None
        assert value is not None
        last = max(best.end)
        begin = data.draw(st.integers(0, last))
        end = data.draw(st.integers(begin, last))
        free = data.draw(st.sets(st.integers(0, len(best.start) - 1)))
        level = data.draw(st.integers(0, len(value) - 1))
        window = scope(best, begin, end, free)
        if not window.free:
            continue
        outcome = run(search, window, level, Effort(5, 1, thorough=False), "window")
        assert not outcome.infeasible
        assert outcome.schedule is not None
        plan = outcome.schedule.plan(search.instance)
        assert verify(problem, plan) == []
        assert evaluate(problem, plan)[: level + 1] <= value[: level + 1]


@pytest.mark.parametrize("number", [1, 2])
def test_windows_and_local_search_only_ever_improve_a_line(number: int) -> None:
    problem = generate(30, 7, number)
    search = searching(problem)
    first = search.value
    windows = WindowSearch(search, Random(0), 1)
    order = LocalSearch(search, Random(0))
    for _ in range(6):
        for _ in range(10):
            order.step()
        windows.step()
    assert first is not None
    assert search.value is not None
    assert search.value < first
    assert search.best is not None
    assert evaluate(problem, search.best.plan(search.instance)) == search.value
