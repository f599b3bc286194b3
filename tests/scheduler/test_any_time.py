"""A solve streams better and better plans, keeps its limit, and stops when asked."""

import threading
import time
from collections.abc import Callable

import pytest

from pilotline_scheduler.errors import ProblemError, SolveError
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Answer, Incumbent, Plan, Status
from pilotline_scheduler.problem import Machine, Problem
from pilotline_scheduler.solver import solve, solve_in_child
from pilotline_scheduler.verifier import evaluate, verify
from tests.scheduler.cases import case
from tests.scheduler.words import job, operation

Solver = Callable[..., Answer]

LINE = generate(40, 8, 1)
SHORT_LINE = generate(20, 6, 1)
BUSY = generate(120, 12, 1)


@pytest.mark.parametrize("solver", [solve, solve_in_child])
def test_every_incumbent_is_a_sound_plan_and_better_than_the_one_before(solver: Solver) -> None:
    stream: list[tuple[Incumbent, Plan]] = []
    cancel = threading.Event()

    def keep(incumbent: Incumbent, plan: Plan) -> None:
        if not stream:
            threading.Timer(2.0, cancel.set).start()
        stream.append((incumbent, plan))

    answer = solver(LINE, time_limit_s=60, on_incumbent=keep, cancel=cancel)
    assert answer.status in (Status.CANCELLED, Status.OPTIMAL)
    assert tuple(incumbent for incumbent, _ in stream) == answer.trajectory
    for incumbent, plan in stream:
        assert verify(LINE, plan) == []
        assert evaluate(LINE, plan) == incumbent.objective
    values = [incumbent.objective for incumbent, _ in stream]
    assert values == sorted(set(values), reverse=True)
    times = [incumbent.wall_s for incumbent, _ in stream]
    assert times == sorted(times)
    assert answer.first_s == times[0]
    assert (answer.objective, answer.plan) == (values[-1], stream[-1][1])


@pytest.mark.alone
@pytest.mark.parametrize(
    ("solver", "time_limit_s"), [(solve, 0.5), (solve, 2.5), (solve_in_child, 2.5)]
)
def test_the_limit_is_kept_to_the_second(solver: Solver, time_limit_s: float) -> None:
    began = time.monotonic()
    answer = solver(BUSY, time_limit_s=time_limit_s)
    assert time.monotonic() - began <= time_limit_s + 1.0
    assert answer.status is Status.FEASIBLE or time_limit_s < 1


@pytest.mark.alone
@pytest.mark.parametrize("solver", [solve, solve_in_child])
def test_a_cancelled_solve_returns_its_best_plan_soon(solver: Solver) -> None:
    cancel = threading.Event()
    timer = threading.Timer(3.0, cancel.set)
    timer.start()
    began = time.monotonic()
    answer = solver(BUSY, time_limit_s=60, cancel=cancel)
    timer.join()
    assert time.monotonic() - began <= 3.0 + 3.5
    assert answer.status is Status.CANCELLED
    assert answer.plan is not None
    assert verify(BUSY, answer.plan) == []


def test_a_bound_never_exceeds_what_was_found() -> None:
    answer = solve(LINE, time_limit_s=2.5)
    assert answer.objective is not None
    assert all(
        bound is not None and bound <= value
        for bound, value in zip(answer.bound, answer.objective, strict=True)
    )
    assert answer.bound_source != "none"


def test_one_worker_and_one_seed_give_one_plan() -> None:
    one, other = (solve(SHORT_LINE, time_limit_s=8, workers=1, seed=5) for _ in range(2))
    assert one.plan == other.plan
    assert [each.objective for each in one.trajectory] == [
        each.objective for each in other.trajectory
    ]


def test_a_line_is_generated_the_same_from_the_same_seed_only() -> None:
    assert generate(12, 5, 3) == generate(12, 5, 3)
    assert generate(12, 5, 3) != generate(12, 5, 4)


CANNOT = {
    # 4 and 3 on one machine, both to end by 6.
    "two deadlines": case(
        "two deadlines",
        0,
        runs=(
            job("one", operation("x", ("M", 3)), deadline=6),
            job("two", operation("y", ("M", 4)), deadline=6),
        ),
    ).problem,
    "too long for any machine": case(
        "too long", 0, runs=(job("one", operation("x", ("M", 9)), release=4, deadline=12),)
    ).problem,
}


@pytest.mark.parametrize("name", list(CANNOT))
@pytest.mark.parametrize("solver", [solve, solve_in_child])
def test_what_cannot_be_planned_is_said_to_be_so(solver: Solver, name: str) -> None:
    answer = solver(CANNOT[name], time_limit_s=20)
    assert answer.status is Status.INFEASIBLE
    assert answer.plan is None
    assert answer.message


def test_the_message_names_an_operation_that_fits_nowhere() -> None:
    answer = solve(CANNOT["too long for any machine"], time_limit_s=5)
    assert answer.message == (
        "operation 'x' of run 'one' fits on none of its machines between ticks 4 and 12"
    )


@pytest.mark.parametrize("solver", [solve, solve_in_child])
@pytest.mark.parametrize("settings", [{"time_limit_s": 0}, {"time_limit_s": 1, "workers": 0}])
def test_impossible_settings_are_refused(solver: Solver, settings: dict[str, int]) -> None:
    with pytest.raises(SolveError, match="not 0"):
        solver(LINE, **settings)


@pytest.mark.parametrize("solver", [solve, solve_in_child])
def test_a_malformed_problem_is_refused(solver: Solver) -> None:
    with pytest.raises(ProblemError, match="/machines/1/id"):
        solver(Problem("twice", (Machine("M"), Machine("M")), ()), time_limit_s=1)
