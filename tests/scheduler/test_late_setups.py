"""Changeovers are as late as machine, open hours and pool allow, and nothing else moves."""

from dataclasses import replace

from hypothesis import given, settings

from pilotline_scheduler.formats.pilotline_json import read_plan, write_plan
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Calendar, Machine, Pool, Problem
from pilotline_scheduler.solver import first_plan
from pilotline_scheduler.solver.instance import Schedule, compile_problem
from pilotline_scheduler.solver.late_setups import with_late_setups
from pilotline_scheduler.verifier import verify
from tests.scheduler.rich_problems import rich_problems
from tests.scheduler.test_small_problems import PATIENT
from tests.scheduler.words import MAKESPAN, job, operation, setups, spans


def two(pool: str | None = None) -> Problem:
    """Return two machines whose changeovers to b take 2; their operations start at 9."""
    matrix = ((0, 2), (2, 0))
    return Problem(
        name="two",
        machines=tuple(Machine(name, "hours", "setups", "a") for name in ("M", "N")),
        runs=(
            job("one", operation("x", ("M", 1), setup_state="b"), release=9),
            job("two", operation("y", ("N", 1), setup_state="b"), release=9),
        ),
        calendars=(Calendar("hours", spans((0, 20))),),
        changeovers=(setups("ab", matrix, pool=pool, pool_units=1 if pool else 0),),
        pools=(Pool("people", ((0, 1),)),),
        objective=MAKESPAN,
    )


def early(problem: Problem) -> tuple[tuple[int, int | None], ...]:
    """Return begin and end of the changeovers of a plan that has them at 0 and 2."""
    schedule = Schedule((0, 0), (0, 2), (9, 9), (10, 10))
    plan = with_late_setups(compile_problem(problem), schedule).plan(compile_problem(problem))
    assert verify(problem, plan) == []
    return tuple((each.setup_start, each.setup_end) for each in plan.operations)


def test_a_changeover_ends_when_its_operation_starts() -> None:
    # 9 less 2.
    assert early(two()) == ((7, 9), (7, 9))


def test_one_person_does_the_changeovers_one_after_the_other() -> None:
    # The last one 7-9, the one before it 5-7.
    assert sorted(early(two(pool="people"))) == [(5, 7), (7, 9)]


def test_a_changeover_stays_in_open_hours() -> None:
    # Closed from 8: 6-8, though the operations start at 9.
    problem = two()
    hours = Calendar("hours", spans((0, 8), (9, 20)))
    assert early(replace(problem, calendars=(hours,))) == ((6, 8), (6, 8))


def no_later(problem: Problem, plan: Plan) -> None:
    """Check that no changeover could be a tick later by itself."""
    for planned in plan.operations:
        if planned.setup_start == planned.start or planned.setup_end is None:
            continue
        later = tuple(
            replace(each, setup_start=each.setup_start + 1, setup_end=each.setup_end + 1)
            if each.setup_end is not None
            and (each.machine, each.start) == (planned.machine, planned.start)
            else each
            for each in plan.operations
        )
        rules = {violation.rule for violation in verify(problem, Plan(later))}
        assert rules & {"setup", "order", "setup-calendar", "pool"}, planned


def test_every_plan_of_a_line_comes_with_late_changeovers() -> None:
    problem = generate(30, 10, 1)
    plan = first_plan(problem)
    assert plan is not None
    assert sum(each.setup_start < each.start for each in plan.operations) >= 10
    no_later(problem, plan)


@settings(max_examples=60, **PATIENT)  # type: ignore[arg-type]
@given(rich_problems(last=30, most_runs=4))
def test_whatever_the_problem_changeovers_are_late_and_the_plan_keeps_every_rule(
    problem: Problem,
) -> None:
    plan = first_plan(problem)
    if plan is not None:
        assert verify(problem, plan) == []
        no_later(problem, plan)


def test_a_plan_that_does_not_tell_when_changeovers_end_is_read_and_checked() -> None:
    problem = two()
    untold = Plan(
        (PlannedOperation("x", "M", 0, 9, 10), PlannedOperation("y", "N", 7, 9, 10)),
    )
    assert read_plan(write_plan(untold)) == untold
    older = write_plan(untold).replace(',\n   "setup_end": null', "")
    assert "setup_end" not in older
    assert read_plan(older) == untold
    assert verify(problem, untold) == []
