"""Where there is no plan, the rules that contradict each other are named, and none too many."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.explain import (
    Conflict,
    Rule,
    RuleKind,
    Verdict,
    explain_conflict,
    relaxed,
    rules_of,
)
from pilotline_scheduler.explain.conflict import Member
from pilotline_scheduler.explain.quickxplain import narrowed
from pilotline_scheduler.explain.rules import only
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Status
from pilotline_scheduler.problem import (
    Calendar,
    Lag,
    Machine,
    Operation,
    Pin,
    Pool,
    Problem,
    Wall,
)
from pilotline_scheduler.solver import solve
from pilotline_scheduler.verifier import verify
from tests.scheduler.cases import CASES
from tests.scheduler.oracle import best_objective
from tests.scheduler.small_problems import problems
from tests.scheduler.words import job, on, operation, setups, spans

M, N = Machine("M"), Machine("N")
X = operation("x", ("M", 3))


def problem(**facts: object) -> Problem:
    return Problem(**{"name": "conflict", "machines": (M, N), **facts})  # type: ignore[arg-type]


DEADLINE, RELEASE = RuleKind.DEADLINE, RuleKind.RELEASE
ELIGIBILITY = RuleKind.ELIGIBILITY

CONFLICTS: list[tuple[Problem, set[RuleKind], str]] = [
    # what contradicts, the kinds of rules in it, and words of a way out
    (problem(runs=(job("one", X, deadline=2),)), {DEADLINE}, "to 3 or later"),
    (problem(runs=(job("one", X, release=4, deadline=5),)), {DEADLINE, RELEASE}, "start at 2 or"),
    (
        problem(runs=(job("one", X, deadline=4), job("two", operation("y", ("M", 2)), deadline=4))),
        {DEADLINE, ELIGIBILITY},
        "move the deadline of run one to 5 or later",
    ),
    (
        problem(
            machines=(Machine("M", calendar="hours"),),
            calendars=(Calendar("hours", spans((6, 9))),),
            runs=(job("one", X, deadline=8),),
        ),
        {DEADLINE, ELIGIBILITY, RuleKind.CALENDAR},
        "open M in ",
    ),
    (
        problem(
            runs=(job("one", operation("x", ("M", 3), attended=True), attendance=spans((0, 2))),)
        ),
        {RuleKind.ATTENDANCE},
        "have client one come in ",
    ),
    (
        problem(runs=(job("one", X, deadline=6),), pins=(Pin("x", start=4),)),
        {DEADLINE, RuleKind.PIN},
        "drop the pin of x",
    ),
    (
        problem(runs=(job("one", X, deadline=6),), frozen_until=4),
        {DEADLINE, RuleKind.FROZEN},
        "shorten the frozen horizon",
    ),
    (
        problem(
            runs=(job("one", X, deadline=4), job("two", operation("y", ("N", 2)), deadline=4)),
            machines=(Machine("M", hall="h"), Machine("N", hall="h")),
            walls=(Wall(("one", "two")),),
        ),
        {DEADLINE, ELIGIBILITY, RuleKind.WALL},
        "let one and two be in one hall",
    ),
    (
        problem(
            runs=(job("one", Operation("x", on(("M", 3), people=3))),),
            pools=(Pool("people", ((0, 1),)),),
        ),
        {RuleKind.POOL},
        "have 2 more of people",
    ),
    (
        problem(
            machines=(Machine("M", changeover="setups", initial_setup="a"),),
            changeovers=(setups("ab", ((0, 5), (5, 0))),),
            runs=(job("one", operation("x", ("M", 3), setup_state="b"), deadline=6),),
        ),
        {DEADLINE, ELIGIBILITY, RuleKind.CHANGEOVER},
        "shorten the changeovers of M",
    ),
    (
        problem(
            runs=(
                job(
                    "one",
                    operation("x", ("M", 3)),
                    operation("y", ("N", 2)),
                    operation("z", ("M", 3)),
                    lags=(Lag("x", "y", 2), Lag("y", "z", 2), Lag("x", "z", 0, 5)),
                ),
            ),
        ),
        {RuleKind.MAXIMUM_LAG},
        "let z start up to 6 ticks after x ends",
    ),
]


def kinds(members: Sequence[Member]) -> set[RuleKind]:
    return {member.rule.kind for member in members}


def has_plan(asked: Problem) -> bool:
    """Ask the solver as a whole."""
    status = solve(asked, time_limit_s=10, workers=1).status
    assert status in (Status.OPTIMAL, Status.FEASIBLE, Status.INFEASIBLE)
    return status is not Status.INFEASIBLE


def check_minimal(asked: Problem, found: Conflict) -> None:
    """The members alone have no plan; with any one of them dropped there is one."""
    part = only(asked, found.runs)
    rules = {member.rule for member in found.members}
    others = set(rules_of(part)) - rules
    assert not has_plan(relaxed(part, others))
    for rule in rules:
        assert has_plan(relaxed(part, {*others, rule})), rule


@pytest.mark.parametrize(
    ("asked", "expected", "words"), CONFLICTS, ids=["-".join(sorted(k)) for _, k, _ in CONFLICTS]
)
def test_each_kind_of_rule_is_named_with_its_way_out(
    asked: Problem, expected: set[RuleKind], words: str
) -> None:
    found = explain_conflict(asked, 10)
    assert (found.verdict, found.minimal) == (Verdict.CONFLICT, True)
    assert kinds(found.members) == expected, found.message
    assert words in found.message
    check_minimal(asked, found)


def test_the_words_hold_without_the_solver() -> None:
    asked = CONFLICTS[1][0]
    found = explain_conflict(asked, 10)
    everything = set(rules_of(asked))
    rules = {member.rule for member in found.members}
    assert best_objective(relaxed(asked, everything - rules), 10) is None
    for rule in rules:
        assert best_objective(relaxed(asked, everything - rules | {rule}), 10) is not None


def test_the_least_deadline_is_enough_and_one_tick_less_is_not() -> None:
    asked = CONFLICTS[2][0]
    found = explain_conflict(asked, 10)
    ways = [m.way_out for m in found.members if m.rule == Rule(DEADLINE, ("one",))]
    assert ways[0] is not None
    assert (ways[0].value, ways[0].least, ways[0].enough) == (5, True, True)
    for deadline, possible in ((5, True), (4, False)):
        moved = replace(asked.runs[0], deadline=deadline)
        assert has_plan(replace(asked, runs=(moved, asked.runs[1]))) == possible


def test_opening_the_hours_named_is_enough() -> None:
    asked = CONFLICTS[3][0]
    found = explain_conflict(asked, 10)
    way = next(m.way_out for m in found.members if m.rule.kind is RuleKind.CALENDAR)
    assert way is not None
    opened = Calendar("hours", way.opening + asked.calendars[0].open)
    assert has_plan(replace(asked, calendars=(opened,)))


def test_a_problem_with_a_plan_gets_the_plan() -> None:
    asked = next(case for case in CASES if case.name == "maximum lag").problem
    found = explain_conflict(asked, 10)
    assert found.verdict is Verdict.PLAN
    assert found.plan is not None
    assert verify(asked, found.plan) == []


def test_lags_that_contradict_each_other_are_told() -> None:
    lags = (Lag("x", "y", 5), Lag("y", "x", -8))
    asked = problem(runs=(job("one", X, operation("y", ("N", 4)), lags=lags),))
    found = explain_conflict(asked, 10)
    assert found.members == ()
    assert found.message == "the lags of one contradict each other"


def test_a_deadline_among_many_runs_is_found() -> None:
    asked = generate(20, 6, 2)
    late = replace(asked.runs[7], release=3000, deadline=3030)
    asked = replace(asked, runs=(*asked.runs[:7], late, *asked.runs[8:]))
    found = explain_conflict(asked, 20)
    assert found.runs == (late.id,)
    assert found.minimal
    assert kinds(found.members) == {DEADLINE, RELEASE}


def test_runs_that_crowd_a_machine_are_found_among_many() -> None:
    line = generate(20, 6, 2)
    day = next(each for each in line.calendars if each.id == "day").open[6]
    rush = tuple(
        job(
            f"rush-{i}",
            operation(f"rush-{i}-1", ("mill-1", 200)),
            release=day.start,
            deadline=day.end,
        )
        for i in range(3)
    )
    asked = replace(line, runs=line.runs + rush)
    found = explain_conflict(asked, 30)
    # Three of 200 do not fit into a day of 540, and any two do.
    assert found.runs == ("rush-0", "rush-1", "rush-2")
    assert found.minimal
    assert {DEADLINE, RELEASE, ELIGIBILITY} <= kinds(found.members)


def test_when_time_ends_first_that_is_said() -> None:
    runs = tuple(job(f"r{i}", operation(f"x{i}", ("M", 2)), deadline=9) for i in range(5))
    asked = problem(runs=runs)
    found = explain_conflict(asked, 1e-3)
    assert found.verdict is Verdict.UNKNOWN or not found.minimal
    with pytest.raises(AnalysisError, match="positive"):
        explain_conflict(asked, 0)


def test_narrowing_that_gets_no_answers_keeps_everything() -> None:
    assert narrowed(list("abc"), lambda some: len(some) == 3) == list("abc")
    assert narrowed(list("abcdefgh"), lambda some: {"b", "g"} <= set(some)) == ["b", "g"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(last=8, most_runs=2))
def test_every_conflict_is_minimal(asked: Problem) -> None:
    found = explain_conflict(asked, 10)
    assume(found.verdict is Verdict.CONFLICT and found.minimal)
    check_minimal(asked, found)
