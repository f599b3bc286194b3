"""Job shops: plans are good and proven where they can be, and the kernels behind them are right."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_scheduler.formats.instances import read_one
from pilotline_scheduler.plan import Status
from pilotline_scheduler.problem import Goal, Machine, Problem
from pilotline_scheduler.solver import solve
from pilotline_scheduler.solver.instance import compile_problem, objective
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.sequence.dispatch import Floor, starts
from pilotline_scheduler.solver.shop.sequence.elite import between
from pilotline_scheduler.solver.shop.sequence.graph import (
    Ints,
    arrange,
    graph_of,
    makespan_of,
    refresh,
    shift_left,
    shift_right,
)
from pilotline_scheduler.solver.shop.sequence.hunt import schedule_of
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs, jobs_of
from pilotline_scheduler.solver.shop.sequence.moves import (
    estimate_left,
    estimate_right,
    may_follow,
    may_precede,
)
from pilotline_scheduler.solver.shop.sequence.node import HEAD, LEFT, RIGHT, TAIL, TICKS
from pilotline_scheduler.solver.shop.sequence.specialist import JobShop
from pilotline_scheduler.solver.shop.sequence.walk import MakespanWalk, TardinessWalk
from pilotline_scheduler.solver.shop.shop import shop_of
from pilotline_scheduler.solver.specialists.choice import specialist_of
from pilotline_scheduler.verifier import verify
from tests.scheduler.instances import instance
from tests.scheduler.words import goals, job, operation

MACHINES = ("saw", "mill", "drill")


def shop(
    routes: Sequence[Sequence[tuple[str, int]]], goal: Goal = Goal.MAKESPAN, **facts: object
) -> Problem:
    """Return a job shop from routes of (machine, ticks)."""
    return Problem(
        "shop",
        machines=tuple(map(Machine, MACHINES)),
        runs=tuple(
            job(
                f"r{run}",
                *(operation(f"r{run}s{step}", each) for step, each in enumerate(route)),
                **{"release": 2 * run, "due": 6 + run, "weight": 1 + run, **facts},
            )
            for run, route in enumerate(routes)
        ),
        objective=goals((goal, 1, 0)),
    )


def jobs(problem: Problem) -> Jobs:
    found = shop_of(compile_problem(problem))
    assert found is not None
    chains = jobs_of(found)
    assert chains is not None
    return chains


steps = st.tuples(st.sampled_from(MACHINES), st.integers(1, 9))
routes = st.lists(st.lists(steps, min_size=1, max_size=4), min_size=2, max_size=6)
small_routes = st.lists(st.lists(steps, min_size=1, max_size=3), min_size=2, max_size=3)


def random_order(chains: Jobs, seed: int) -> Ints:
    count = len(chains.machine)
    return Floor(chains).dispatch(np.random.default_rng(seed).random(count).tolist())


def makespan(chains: Jobs, start: Sequence[int]) -> int:
    ticks: list[int] = chains.node[: len(start), TICKS].tolist()
    return max(begin + each for begin, each in zip(start, ticks, strict=True))


@settings(deadline=None, max_examples=60)
@given(routes, st.integers(0, 999), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_heads_tails_and_estimates_after_moves_are_right(
    given_routes: list[list[tuple[str, int]]], seed: int, moves: list[tuple[int, int]]
) -> None:
    chains = jobs(shop(given_routes))
    graph = graph_of(chains.node, chains.machine, chains.machines)
    fresh = graph_of(chains.node, chains.machine, chains.machines)
    arrange(graph, random_order(chains, seed))
    node, count = graph.node, len(chains.machine)
    for first, second in moves:
        moved, target = first % count, second % count
        if chains.machine[moved] != chains.machine[target] or moved == target:
            continue
        scratch = np.zeros(count, np.int64)
        neighbours = target in node[moved, [LEFT, RIGHT]]
        if graph.slot[moved] < graph.slot[target]:
            sure = may_follow(node, moved, target)
            estimate = estimate_right(node, moved, target, scratch)
            ends = (node[moved, RIGHT], moved)
            made = shift_right(graph, moved, target)
        else:
            sure = may_precede(node, moved, target)
            estimate = estimate_left(node, moved, target, scratch)
            ends = (moved, node[moved, LEFT])
            made = shift_left(graph, moved, target)
        assert made or not sure
        reached = refresh(graph, *ends) if made else makespan_of(graph)
        assert reached == arrange(fresh, graph.order.copy())
        assert estimate <= reached or not (sure and neighbours)
        for column in (HEAD, TAIL, LEFT, RIGHT):
            assert node[:count, column].tolist() == fresh.node[:count, column].tolist()
        assert graph.slot[:count].tolist() == fresh.slot[:count].tolist()


@settings(deadline=None, max_examples=30)
@given(routes, st.integers(0, 999), st.sampled_from([MakespanWalk, TardinessWalk]))
def test_a_walk_returns_a_plan_that_is_worth_what_it_says(
    given_routes: list[list[tuple[str, int]]], seed: int, kind: type[MakespanWalk | TardinessWalk]
) -> None:
    tardy = kind is TardinessWalk
    problem = shop(given_routes, Goal.WEIGHTED_TARDINESS if tardy else Goal.MAKESPAN)
    chains = jobs(problem)
    walk = kind(chains, seed)
    order = random_order(chains, seed)
    walk.put(order)
    before = walk.best
    walk.advance(200, 200, 0)
    member = walk.member()
    schedule = schedule_of(chains, member.start)
    compiled = compile_problem(problem)
    assert verify(problem, schedule.plan(compiled)) == []
    assert objective(compiled, schedule) == (member.value,)
    assert member.value <= before
    assert member.start.tolist() == starts(chains, member.order)


@settings(deadline=None, max_examples=30)
@given(routes, st.integers(0, 999))
def test_a_plan_between_two_keeps_the_order_they_have_in_common(
    given_routes: list[list[tuple[str, int]]], seed: int
) -> None:
    chains = jobs(shop(given_routes))
    walk = MakespanWalk(chains, 0)
    parents = []
    for each in (seed, seed + 1):
        walk.put(random_order(chains, each))
        parents.append(walk.member())
    child = between(parents[0], parents[1], np.random.default_rng(seed))
    start = starts(chains, child)
    for one, other in combinations(range(len(start)), 2):
        alike = chains.machine[one] == chains.machine[other]
        before = [bool(parent.start[one] < parent.start[other]) for parent in parents]
        if alike and before[0] == before[1]:
            assert (start[one] < start[other]) == before[0]


@settings(deadline=None, max_examples=8)
@given(small_routes, st.sampled_from([Goal.MAKESPAN, Goal.WEIGHTED_TARDINESS]))
def test_what_is_said_to_be_optimal_is(
    given_routes: list[list[tuple[str, int]]], goal: Goal
) -> None:
    problem = shop(given_routes, goal)
    chains = jobs(problem)
    answer = solve(problem, time_limit_s=20, workers=2)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert answer.status is Status.OPTIMAL
    assert answer.objective == (best_by_trial(chains, goal),)


def best_by_trial(chains: Jobs, goal: Goal) -> int:
    """Return the best objective over every order in which operations can be started."""
    best = 2**62
    count = len(chains.machine)
    routes_left = [
        [each for each in range(count) if chains.run_of[each] == run]
        for run in range(len(chains.ends))
    ]
    for turns in distinct_turns(list(map(len, routes_left))):
        left = [iter(route) for route in routes_left]
        start = starts(chains, np.array([next(left[run]) for run in turns], np.int64))
        ends = [start[end] + int(chains.node[end, TICKS]) for end in chains.ends.tolist()]
        late = (max(0, end - due) for end, due in zip(ends, chains.due.tolist(), strict=True))
        tardy = sum(
            weight * each for weight, each in zip(chains.weight.tolist(), late, strict=True)
        )
        best = min(best, makespan(chains, start) if goal is Goal.MAKESPAN else tardy)
    return best


def distinct_turns(counts: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield every order of turns in which each run has so many."""
    if not any(counts):
        yield ()
    for run, count in enumerate(counts):
        if count:
            left = [each - (other == run) for other, each in enumerate(counts)]
            yield from ((run, *turns) for turns in distinct_turns(left))


def test_one_worker_finds_the_same_plan_again() -> None:
    problem = read_one(instance("jsp/la16.txt"), "jsp")
    answers = [solve(problem, time_limit_s=1, workers=1, seed=3) for _ in range(2)]
    assert answers[0].plan == answers[1].plan


def test_there_is_a_plan_before_anything_is_compiled() -> None:
    problem = read_one(instance("jsp_large/tai_100_100_1.zip"), "jsp")
    compiled = compile_problem(problem)
    search = Search(
        compiled,
        time_limit_s=5,
        seed=0,
        repeatable=False,
        on_incumbent=None,
        cancel=None,
        started=time.monotonic(),
    )
    JobShop(jobs(problem)).seed(search)
    assert search.best is not None
    assert verify(problem, search.best.plan(compiled)) == []


@pytest.mark.parametrize(
    ("file", "optimum"),
    [
        # Taillard 1993; 100 runs on 20 machines, as long as the busiest machine.
        ("jsp/ta71.txt", 5464),
        # Da Col & Teppan 2022; 10,103 operations that leave no machine a tick.
        ("jsp_large/dct-long-100-10000-1.zip", 600_000),
    ],
)
def test_large_shops_are_solved_and_proven_in_seconds(file: str, optimum: int) -> None:
    problem = read_one(instance(file), "jsp")
    answer = solve(problem, time_limit_s=60)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert (answer.status, answer.objective) == (Status.OPTIMAL, (optimum,))


def test_a_shop_with_a_rule_of_its_own_is_left_to_others() -> None:
    plain = shop([[("saw", 2), ("mill", 3)], [("mill", 1)]])
    assert isinstance(specialist_of(compile_problem(plain)), JobShop)
    paused = replace(plain, frozen_until=1)
    assert not isinstance(specialist_of(compile_problem(paused)), JobShop)
