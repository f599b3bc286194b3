"""Why an operation is on its machine: what every other one could have offered."""

import pytest

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.explain import explain_machine
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Machine, Pin, Problem
from pilotline_scheduler.verifier import verify
from tests.scheduler.words import job, operation

PROBLEM = Problem(
    "choice",
    machines=(Machine("M"), Machine("N"), Machine("O")),
    runs=(
        job("one", operation("x", ("M", 4), ("N", 3), ("O", 2))),
        job("two", operation("n", ("N", 5))),
        job("three", operation("o", ("O", 9))),
    ),
)
PLAN = Plan(
    (
        PlannedOperation("x", "M", 0, 0, 4),
        PlannedOperation("n", "N", 0, 0, 5),
        PlannedOperation("o", "O", 1, 1, 10),
    )
)


def test_each_machine_tells_its_earliest_end_and_why_not_earlier() -> None:
    choice = explain_machine(PROBLEM, PLAN, "x")
    assert [(each.machine, each.start, each.end) for each in choice.options] == [
        ("M", 0, 4),
        ("N", 5, 8),
        ("O", 10, 12),
    ]
    assert [each.chosen for each in choice.options] == [True, False, False]
    assert "N does n of run two (two) until 5" in choice.options[1].waits[0].sentence
    assert "the 1 ticks left on O before o" in choice.options[2].waits[0].sentence
    assert "8 ticks later than planned" in choice.options[2].sentence


def test_what_is_offered_keeps_every_rule() -> None:
    choice = explain_machine(PROBLEM, PLAN, "x")
    for option in choice.options:
        assert option.start is not None
        assert option.end is not None
        moved = PlannedOperation("x", option.machine, option.start, option.start, option.end)
        assert verify(PROBLEM, Plan((moved, *PLAN.operations[1:]))) == []


def test_a_pin_is_told() -> None:
    problem = Problem(
        PROBLEM.name, PROBLEM.machines, PROBLEM.runs, pins=(Pin("x", machine="M", start=0),)
    )
    assert explain_machine(problem, PLAN, "x").decided == "x is pinned to M and to start at 0"


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(AnalysisError, match="no operation 'z'"):
        explain_machine(PROBLEM, PLAN, "z")
