"""Flexible shops, with and without setups, are planned well, by the rules and repeatably."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotline_scheduler.formats.instances import read_one
from pilotline_scheduler.plan import Status
from pilotline_scheduler.problem import (
    Changeover,
    Goal,
    Lag,
    Machine,
    Mode,
    Operation,
    Problem,
    Run,
)
from pilotline_scheduler.solver import solve
from pilotline_scheduler.solver.instance import compile_problem
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.flexible.elite import Member, between
from pilotline_scheduler.solver.shop.flexible.graph import (
    Graph,
    Selection,
    empty_selection,
    graph_of,
)
from pilotline_scheduler.solver.shop.flexible.load_bound import load_bound
from pilotline_scheduler.solver.shop.flexible.longest_paths import arrange, makespan
from pilotline_scheduler.solver.shop.flexible.relocation import relocate
from pilotline_scheduler.solver.shop.flexible.specialist import flexible_shop_for
from pilotline_scheduler.solver.shop.shop import shop_of
from pilotline_scheduler.verifier import verify
from tests.scheduler.instances import instance
from tests.scheduler.words import MAKESPAN, goals, job, operation

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@st.composite
def shops(draw: st.DrawFn, most_runs: int = 6) -> Problem:
    """Return a flexible shop in which some machines need setups, from a first state or none."""
    states = ("a", "b", "c")
    number = st.integers(0, 9)
    matrix = st.tuples(*[st.tuples(number, number, number)] * 3)
    free = tuple(tuple(0 for _ in states) for _ in states)
    changeovers = tuple(Changeover(name, states, draw(matrix), free) for name in ("K", "L"))
    machines = (
        Machine("K", changeover="K"),
        Machine("L", changeover="L", initial_setup=draw(st.sampled_from(states))),
        Machine("M"),
    )
    runs = tuple(_run(draw, index, states) for index in range(draw(st.integers(1, most_runs))))
    return Problem(
        name="shop", machines=machines, changeovers=changeovers, runs=runs, objective=MAKESPAN
    )


def _run(draw: st.DrawFn, index: int, states: tuple[str, ...]) -> Run:
    operations = []
    for step in range(draw(st.integers(1, 4))):
        on = draw(st.lists(st.sampled_from("KLM"), min_size=1, unique=True))
        modes = tuple(Mode(machine, draw(st.integers(1, 9))) for machine in on)
        state = draw(st.sampled_from(states))
        operations.append(Operation(f"{index}.{step}", modes, setup_state=state))
    lags = tuple(
        Lag(operations[draw(st.integers(0, step - 1))].id, each.id, draw(st.integers(0, 3)))
        for step, each in enumerate(operations)
        if step > 0
    )
    return Run(
        f"R{index}", f"C{index}", tuple(operations), lags=lags, release=draw(st.integers(0, 5))
    )


def _first_plan(problem: Problem) -> tuple[Graph, Selection]:
    """Return the plan in which all operations take their first modes, run after run."""
    compiled = compile_problem(problem)
    shop = shop_of(compiled)
    assert shop is not None
    graph = graph_of(shop)
    plan = empty_selection(graph)
    arrange(graph, plan, graph.mode_at[:-1].copy(), np.arange(shop.operations))
    return graph, plan


def _arcs(graph: Graph, plan: Selection) -> Iterator[tuple[int, int, int]]:
    """Yield ``(before, after, ticks between)`` of runs and machines."""
    for each in range(len(plan.mode)):
        for arc in range(graph.after_at[each], graph.after_at[each + 1]):
            yield each, int(graph.after[arc]), int(graph.after_lag[arc])
    for machine, length in enumerate(plan.length.tolist()):
        row = plan.row[graph.row_at[machine] : graph.row_at[machine] + length].tolist()
        for one, other in pairwise(row):
            yield one, other, int(graph.setup[plan.leaving[one] + plan.entering[other]])


def _plain_heads(graph: Graph, plan: Selection) -> list[int] | None:
    """Return heads by relaxing every arc until nothing changes; None where there is a cycle."""
    arcs = list(_arcs(graph, plan))
    heads: list[int] = graph.earliest.tolist()
    for machine, length in enumerate(plan.length.tolist()):
        if length:
            first = int(plan.row[graph.row_at[machine]])
            setup = int(graph.setup[graph.fresh[machine] + plan.entering[first]])
            heads[first] = max(heads[first], setup)
    for _ in range(len(heads) + 1):
        before = list(heads)
        for one, other, ticks in arcs:
            heads[other] = max(heads[other], heads[one] + int(plan.ticks[one]) + ticks)
        if heads == before:
            return heads
    return None


def _snapshot(plan: Selection) -> list[list[int]]:
    return [part.tolist() for part in (plan.mode, plan.position, plan.order, plan.head, plan.tail)]


@QUICK
@given(shops(), st.data())
def test_every_move_gives_the_longest_paths_or_is_refused_unchanged(
    problem: Problem, data: st.DataObject
) -> None:
    graph, plan = _first_plan(problem)
    size = len(plan.mode)
    spare = np.zeros(2 * size, dtype=np.int64)
    for _ in range(8):
        each = data.draw(st.integers(0, size - 1))
        mode = data.draw(st.integers(int(graph.mode_at[each]), int(graph.mode_at[each + 1]) - 1))
        machine = int(graph.mode_machine[mode])
        others = int(plan.length[machine]) - int(plan.machine[each] == machine)
        before = _snapshot(plan)
        if relocate(graph, plan, each, mode, data.draw(st.integers(0, others)), spare):
            assert plan.head.tolist() == _plain_heads(graph, plan)
            longest = makespan(plan)
            assert max((plan.head + plan.ticks + plan.tail).tolist()) == longest
            assert all(plan.place[one] < plan.place[other] for one, other, _ in _arcs(graph, plan))
        else:
            assert _snapshot(plan) == before


@QUICK
@given(shops(), st.integers(0, 1000))
def test_a_plan_between_two_plans_is_a_plan(problem: Problem, seed: int) -> None:
    graph, plan = _first_plan(problem)
    one = Member.of(graph, plan, makespan(plan))
    arrange(graph, plan, graph.mode_at[1:] - 1, np.arange(len(plan.mode)))
    other = Member.of(graph, plan, makespan(plan))
    arrange(graph, plan, *between(one, other, np.random.default_rng(seed)))
    assert plan.head.tolist() == _plain_heads(graph, plan)


@settings(QUICK, max_examples=6)
@given(shops(most_runs=3))
def test_a_flexible_shop_with_setups_is_planned_to_the_optimum(problem: Problem) -> None:
    assert flexible_shop_for(compile_problem(problem)) is not None
    answer = solve(problem, time_limit_s=20, workers=2)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert answer.status is Status.OPTIMAL


@QUICK
@given(shops(most_runs=2))
def test_no_plan_is_shorter_than_the_bound(problem: Problem) -> None:
    compiled = compile_problem(problem)
    shop = shop_of(compiled)
    assert shop is not None
    bound = load_bound(shop, np.arange(shop.operations))
    cancel = threading.Event()
    search = Search(
        compiled,
        time_limit_s=60,
        seed=0,
        repeatable=True,
        on_incumbent=None,
        cancel=cancel,
        started=time.monotonic(),
    )
    specialist = flexible_shop_for(compiled)
    assert specialist is not None
    specialist.seed(search)
    threading.Timer(0.1, cancel.set).start()
    specialist.work(search, 0, 2)
    assert search.value is not None
    assert bound <= search.value[0]


def test_the_bound_of_a_group_of_machines_counts_what_only_they_can_do() -> None:
    # Twelve hours that only M and N can do, after an hour and before two: 1 + 12 / 2 + 2.
    runs = tuple(
        job(
            f"R{index}",
            operation(f"a{index}", ("K", 1)),
            operation(f"b{index}", ("M", 3), ("N", 3)),
            operation(f"c{index}", ("K", 2), ("L", 2)),
        )
        for index in range(4)
    )
    machines = tuple(Machine(name) for name in "KLMN")
    problem = Problem(name="group", machines=machines, runs=runs, objective=MAKESPAN)
    answer = solve(problem, time_limit_s=5)
    assert answer.bound[0] is not None
    assert answer.bound[0] >= 9


@pytest.mark.parametrize(
    ("file", "form", "best"),
    [
        # Fattahi et al. 2007 with setups; proven by CP-SAT.
        ("fjsp_sdst/Fattahi_setup_15.fjs", "fjsp-sdst", 546),
        # Brandimarte 1993; optimum 307.
        ("fjsp/mk09.txt", "fjsp", 307),
    ],
)
def test_optima_of_the_literature_are_found(file: str, form: str, best: int) -> None:
    problem = read_one(instance(file), form)
    answer = solve(problem, time_limit_s=4, workers=2)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert answer.objective == (best,)


def test_the_same_seed_gives_the_same_plan_of_a_flexible_shop() -> None:
    problem = read_one(instance("fjsp/mk01.txt"), "fjsp")
    first, second = (solve(problem, time_limit_s=1, workers=1, seed=3) for _ in range(2))
    assert first.plan == second.plan


def test_a_plan_given_to_begin_from_is_bettered() -> None:
    problem = read_one(instance("fjsp/mk01.txt"), "fjsp")
    start = solve(problem, time_limit_s=0.3, workers=1)
    answer = solve(problem, time_limit_s=1, workers=1, start=start.plan)
    assert start.objective is not None
    assert answer.objective is not None
    assert answer.objective <= start.objective


def test_due_dates_and_clear_states_decide_what_the_search_is_for() -> None:
    runs = (job("one", operation("x", ("M", 3), ("N", 4))),)
    machines = (Machine("M"), Machine("N"))
    due = Problem(
        name="due",
        machines=machines,
        runs=runs,
        objective=goals((Goal.WEIGHTED_TARDINESS, 1, 0)),
    )
    assert flexible_shop_for(compile_problem(due)) is None
    plain = Problem(name="plain", machines=machines, runs=runs, objective=MAKESPAN)
    assert flexible_shop_for(compile_problem(plain)) is not None
