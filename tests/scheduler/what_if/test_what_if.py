"""What would change is told for every figure, and with how sure it is."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from pilotline_scheduler.errors import AnalysisError, SolveError
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Machine,
    Operation,
    Pin,
    Pool,
    Problem,
    Wall,
)
from pilotline_scheduler.solver import first_plan, solve
from pilotline_scheduler.verifier import evaluate, verify
from pilotline_scheduler.what_if import (
    ChangedRun,
    Comparison,
    DroppedRun,
    MorePoolUnits,
    OpenHours,
    RemovedMachine,
    SecondMachine,
    Variation,
    varied,
    what_if,
)
from pilotline_scheduler.what_if.warm_start import like
from tests.scheduler.small_problems import problems
from tests.scheduler.words import MAKESPAN, job, on, operation, spans

M, N = Machine("M"), Machine("N")
DAY = Calendar("day", spans((0, 8), (24, 32)))
MILL = Problem(
    "mill",
    machines=(Machine("M", calendar="day"),),
    calendars=(DAY,),
    runs=(
        job("one", operation("x", ("M", 6)), due=8, weight=2),
        job("two", operation("y", ("M", 6)), due=12),
    ),
)
"""One of the two waits for the next day: y, 30 - 12 = 18 late."""


def compared(problem: Problem, *variations: Variation) -> Comparison:
    return what_if(problem, variations, time_limit_s=2, workers=1)


def change(found: Comparison, group: str, name: str) -> tuple[float | None, float | None]:
    figure = next(each for each in found.figures if (each.group, each.name) == (group, name))
    return figure.before, figure.after


def test_a_shift_more_shows_what_it_saves_whom() -> None:
    found = compared(MILL, OpenHours("M", spans((8, 12))))
    assert found.variations == ("M is also open in 8-12",)
    assert change(found, "plan", "weighted-tardiness") == (18, 0)
    assert change(found, "two", "tardiness") == (18, 0)
    assert change(found, "one", "tardiness") == (0, 0)
    # Both over the same 30 ticks: 8 + 6 open ticks before, 4 more after.
    assert change(found, "M", "open") == (14, 18)
    assert "changes by -18, from 18 to 0; that it gets better is proven" in found.verdict


def test_a_second_machine_can_do_what_the_first_can() -> None:
    found = compared(MILL, SecondMachine("M"))
    assert change(found, "plan", "tardy-runs") == (1, 0)
    assert change(found, "second M", "production") == (None, 6)
    assert found.after.plan is not None
    assert verify(found.after.problem, found.after.plan) == []


def test_a_run_less_is_gone_from_the_figures() -> None:
    found = compared(MILL, DroppedRun("one"))
    assert change(found, "plan", "weighted-tardiness") == (18, 0)
    assert change(found, "one", "tardiness") == (0, None)


def test_a_machine_less_costs() -> None:
    two = replace(
        MILL,
        machines=(*MILL.machines, N),
        runs=(MILL.runs[0], job("two", operation("y", ("M", 6), ("N", 7)), due=12)),
        pins=(Pin("y", machine="N"),),
        walls=(Wall(("one", "two")),),
    )
    found = compared(two, RemovedMachine("N"))
    assert change(found, "plan", "weighted-tardiness") == (0, 18)
    assert "that it gets worse is proven" in found.verdict
    with pytest.raises(AnalysisError, match="'x' can only be done on 'M'"):
        varied(two, [RemovedMachine("M")])


def test_release_due_deadline_and_weight_can_change() -> None:
    other = varied(MILL, [ChangedRun("two", release=3, due=5, deadline=40, weight=9)])
    run = other.runs[1]
    assert (run.release, run.due, run.deadline, run.weight) == (3, 5, 40, 9)
    assert ChangedRun("two", due=5).sentence == "run two has due 5"


def test_pool_units_can_come_for_some_hours() -> None:
    pool = Pool("people", ((0, 1), (10, 0), (20, 2)))
    asked = replace(MILL, pools=(pool,))
    always = varied(asked, [MorePoolUnits("people", 1)]).pools[0]
    assert always.levels == ((0, 2), (10, 1), (20, 3))
    some = varied(asked, [MorePoolUnits("people", 1, spans((5, 12), (12, 15)))]).pools[0]
    assert some.levels == ((0, 1), (5, 2), (10, 1), (15, 0), (20, 2))
    fewer = varied(asked, [MorePoolUnits("people", -2)]).pools[0]
    assert fewer.levels == ((0, 0), (10, 0), (20, 0))
    found = compared(
        Problem(
            "pool",
            (M, N),
            tuple(
                job(n, Operation(n, on((m, 4), people=1)), due=4)
                for n, m in (("p", "M"), ("q", "N"))
            ),
            pools=(Pool("people", ((0, 1),)),),
        ),
        MorePoolUnits("people", 1),
    )
    assert change(found, "plan", "makespan") == (8, 4)


def test_hours_of_one_machine_leave_the_others_with_theirs() -> None:
    asked = replace(MILL, machines=(Machine("M", "day"), Machine("N", "day")))
    other = varied(asked, [OpenHours("M", spans((7, 10), (40, 44)))])
    opened = {each.id: each.open for each in other.calendars}
    assert opened[other.machines[0].calendar or ""] == spans((0, 10), (24, 32), (40, 44))
    assert opened[other.machines[1].calendar or ""] == DAY.open


@pytest.mark.parametrize(
    "variation",
    [
        OpenHours("X", spans((0, 1))),
        SecondMachine("X"),
        RemovedMachine("X"),
        DroppedRun("X"),
        ChangedRun("X", due=1),
        MorePoolUnits("X", 1),
    ],
)
def test_what_is_not_there_is_refused_by_name(variation: Variation) -> None:
    with pytest.raises(AnalysisError, match=r"has no .* 'X'"):
        varied(MILL, [variation])


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(AnalysisError, match="nothing is varied"):
        compared(MILL)
    with pytest.raises(AnalysisError, match="always open"):
        varied(Problem("open", (M,), ()), [OpenHours("M", spans((0, 1)))])
    with pytest.raises(SolveError, match="does not hold"):
        what_if(MILL, [DroppedRun("one")], plan=Plan(()), time_limit_s=1)


def test_where_one_side_has_no_plan_that_is_said() -> None:
    found = compared(MILL, ChangedRun("two", deadline=4))
    assert found.after.plan is None
    assert found.verdict.startswith("no plan with the variations: ")
    assert change(found, "plan", "makespan") == (30, None)


def test_a_search_that_begins_from_a_plan_is_at_least_as_good() -> None:
    problem = generate(12, 6, 1)
    good = solve(problem, time_limit_s=3, workers=1, seed=1)
    assert good.plan is not None
    assert good.objective is not None
    again = solve(problem, time_limit_s=0.3, workers=1, start=good.plan)
    assert again.objective is not None
    assert again.objective <= good.objective
    assert again.trajectory[0].source == "start"


def test_more_of_everything_never_looks_worse() -> None:
    problem = generate(15, 6, 4)
    machine = next(each for each in problem.machines if each.calendar is not None)
    opening = OpenHours(machine.id, spans((0, 20000)))
    found = what_if(problem, [opening], time_limit_s=1.5, workers=1)
    assert found.before.kpis is not None
    assert found.after.kpis is not None
    before, after = found.before.kpis, found.after.kpis
    assert before.until == after.until
    assert after.objective <= before.objective
    assert found.after.plan is not None
    assert evaluate(found.after.problem, found.after.plan) == after.objective


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_a_plan_like_another_keeps_every_rule(problem: Problem) -> None:
    plan = first_plan(problem)
    if plan is None:
        return
    assert like(problem, plan) == plan
    other = varied(problem, [SecondMachine("M"), MorePoolUnits("people", -1)])
    again = like(other, plan)
    assert again is None or verify(other, again) == []


def test_a_plan_like_another_keeps_machines_and_order() -> None:
    asked = Problem(
        "order",
        (M, N),
        tuple(job(n, operation(n, ("M", 3), ("N", 3))) for n in "abc"),
        objective=MAKESPAN,
    )
    plan = Plan(
        tuple(PlannedOperation(n, "M", t, t, t + 3) for n, t in (("c", 0), ("a", 3), ("b", 6)))
    )
    held = varied(asked, [ChangedRun("c", release=1)])
    again = like(held, plan)
    assert again is not None
    order = sorted(again.operations, key=lambda each: each.start)
    assert [(each.operation, each.machine) for each in order] == [
        ("c", "M"),
        ("a", "M"),
        ("b", "M"),
    ]
