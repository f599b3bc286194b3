"""The verifier finds every way to break a rule, and names the operations and the numbers."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilotline_scheduler.generator import Feature, generate
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Goal, Problem
from pilotline_scheduler.solver import first_plan
from pilotline_scheduler.verifier import evaluate, evaluate_goals, verify
from tests.scheduler.cases import CASES
from tests.scheduler.mutants import mutants

PROBLEMS: dict[str, Problem] = {
    **{case.name: case.problem for case in CASES},
    "a line": generate(12, 10, 3, list(Feature)),
}
REFERENCE = Path(__file__).parents[2] / "docs/reference/problem.md"
Planned = tuple[str, str, int, int, int] | tuple[str, str, int, int, int, int]


@dataclass(frozen=True)
class Mutant:
    """A plan of a small problem that keeps every rule but one."""

    rule: str
    case: str
    planned: tuple[Planned, ...]
    operations: tuple[str, ...]

    @property
    def plan(self) -> Plan:
        """The plan in the product's words."""
        return Plan(tuple(PlannedOperation(*each) for each in self.planned))


X = ("x", "M", 0, 0, 3)
MUTANTS = [
    Mutant("once", "machine", (X,), ("y",)),
    Mutant("once", "release", (("x", "M", 4, 4, 7), ("x", "M", 8, 8, 11)), ("x",)),
    Mutant("once", "release", (("x", "M", 4, 4, 7), ("z", "M", 8, 8, 11)), ("z",)),
    Mutant("mode", "release", (("x", "N", 4, 4, 7),), ("x",)),
    Mutant("order", "release", (("x", "M", 5, 4, 7),), ("x",)),
    Mutant("order", "machine", (("x", "M", -1, -1, 2), ("y", "M", 3, 3, 7)), ("x",)),
    Mutant("duration", "release", (("x", "M", 4, 4, 8),), ("x",)),
    Mutant("duration", "release", (("x", "M", 4, 4, 1),), ("x",)),
    Mutant("duration", "pause", (("x", "M", 0, 0, 8),), ("x",)),
    Mutant("calendar", "calendar", (("x", "M", 3, 3, 6), ("y", "M", 10, 10, 14)), ("x",)),
    # The work of 8 ends with the last open tick; the end must not drift into closed hours.
    Mutant("calendar", "pause", (("x", "M", 7, 7, 18),), ("x",)),
    Mutant("machine", "machine", (X, ("y", "M", 2, 2, 6)), ("x", "y")),
    # The setup already takes the machine.
    Mutant("machine", "setup", (X, ("y", "M", 2, 5, 8)), ("x", "y")),
    Mutant("setup", "setup", (X, ("y", "M", 3, 4, 7)), ("y",)),
    Mutant("setup", "setup", (("x", "M", 0, 1, 4), ("y", "M", 4, 6, 9)), ("x",)),
    # Between x and y the state is still a.
    Mutant("setup", "state is passed on", (X, ("y", "M", 3, 3, 6)), ("y",)),
    Mutant("setup", "machine", (X, ("y", "M", 3, 4, 8)), ("y",)),
    # 3-9 is not within the morning that ends at 5.
    Mutant("setup-calendar", "setup within open hours", (("x", "M", 3, 10, 13),), ("x",)),
    Mutant("pool", "setup pool", (("x", "M", 0, 3, 5), ("y", "N", 1, 4, 6)), ("x", "y")),
    Mutant(
        "pool",
        "pool",
        (("x", "M", 0, 0, 4), ("y", "N", 4, 4, 8), ("z", "O", 3, 3, 7)),
        ("x", "z"),
    ),
    Mutant("pool", "pool over time", (("x", "M", 9, 9, 13), ("y", "N", 3, 3, 6)), ("y",)),
    Mutant("minimum-lag", "minimum lag", (("x", "M", 0, 0, 2), ("y", "N", 6, 6, 9)), ("x", "y")),
    Mutant(
        "maximum-lag",
        "maximum lag",
        (
            ("busy", "N", 0, 0, 10),
            ("x", "M", 0, 0, 2),
            ("z", "M", 2, 2, 13),
            ("y", "N", 10, 10, 13),
        ),
        ("x", "y"),
    ),
    Mutant("release", "release", (("x", "M", 3, 3, 6),), ("x",)),
    Mutant("deadline", "deadline", (X, ("y", "M", 3, 3, 7)), ("y",)),
    Mutant("attendance", "attendance", (("x", "M", 3, 3, 6),), ("x",)),
    Mutant("wall", "wall", (X, ("y", "N", 2, 2, 6)), ("x", "y")),
    Mutant("pin", "pinned start", (("x", "M", 4, 4, 7), ("y", "M", 0, 0, 4)), ("x",)),
    Mutant("pin", "pinned machine", (("x", "N", 0, 0, 4),), ("x",)),
    Mutant("frozen", "frozen horizon", (("x", "M", 4, 4, 7), ("y", "M", 7, 7, 11)), ("x",)),
    # A setup of 2 cannot end after 1.
    Mutant("setup", "setup", (X, ("y", "M", 3, 5, 8, 4)), ("y",)),
    Mutant("order", "setup", (X, ("y", "M", 3, 5, 8, 6)), ("y",)),
    # The people hold on until 5 and come back at 10, but x works from 4 to 16.
    Mutant(
        "pool",
        "people help elsewhere in pauses",
        (("x", "M", 4, 4, 17), ("y", "N", 13, 13, 17)),
        ("x", "y"),
    ),
    Mutant(
        "pool",
        "places are held in pauses",
        (("x", "M", 0, 0, 13), ("y", "N", 6, 6, 10)),
        ("x", "y"),
    ),
    # Three of 2 in 4 places; then two that overlap, but do not end together.
    Mutant("batch", "batch", tuple((name, "M", 0, 0, 5) for name in "xyz"), ("x", "y", "z")),
    Mutant("machine", "batch waits", (("x", "M", 2, 2, 7), ("y", "M", 3, 3, 8)), ("x", "y")),
    Mutant(
        "machine",
        "batch of one family",
        (("x", "M", 0, 0, 5), ("y", "M", 0, 0, 5), ("z", "M", 0, 0, 4)),
        ("z", "x"),
    ),
    # x of the batch shows its changeover later than y does.
    Mutant(
        "batch",
        "setup of a batch",
        (("z", "M", 0, 0, 3), ("x", "M", 4, 6, 10), ("y", "M", 3, 6, 10)),
        ("x", "y"),
    ),
    Mutant(
        "running",
        "running",
        (("x", "N", 0, 0, 3), ("y", "M", 2, 2, 6), ("z", "M", 8, 8, 9)),
        ("x",),
    ),
    Mutant("setup", "running is set up", (("x", "M", 0, 0, 4), ("y", "M", 6, 9, 12)), ("y",)),
    Mutant(
        "pool",
        "running holds more than there is",
        (("x", "M", 0, 0, 4), ("y", "N", 0, 0, 3), ("z", "O", 3, 3, 6)),
        ("x", "z"),
    ),
    Mutant("frozen", "no setup inside the frozen horizon", (("x", "M", 3, 6, 9),), ("x",)),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: f"{each.rule}: {each.case}")
def test_a_broken_rule_is_named_with_who_breaks_it_and_by_how_much(mutant: Mutant) -> None:
    violations = verify(PROBLEMS[mutant.case], mutant.plan)
    named = [each.operations for each in violations if each.rule == mutant.rule]
    assert mutant.operations in named, violations
    for violation in violations:
        assert re.search(r"\d|machine [MN]|no operation", violation.sentence), violation
        for name in violation.operations:
            assert re.search(rf"\b{name}\b", violation.sentence), violation


def test_every_rule_in_the_reference_has_a_mutant_and_no_other_has() -> None:
    assert {mutant.rule for mutant in MUTANTS} == listed_rules()


FEWEST = 5
"""Mutants of each rule; with fewer, whether all are found would mean little."""


def test_every_way_to_break_a_rule_is_found_at_every_place() -> None:
    rules = Counter[str]()
    for name, problem in PROBLEMS.items():
        plan = first_plan(problem)
        assert plan is not None
        for mutant in mutants(problem, plan):
            rules[mutant.rule] += 1
            found = verify(mutant.problem, mutant.plan)
            named = {each for one in found if one.rule == mutant.rule for each in one.operations}
            assert mutant.operation in named, (name, mutant.rule, mutant.operation, found)
    assert set(rules) == listed_rules()
    assert min(rules.values()) >= FEWEST, rules


def listed_rules() -> set[str]:
    """Return the rules that the reference lists."""
    rules = REFERENCE.read_text(encoding="utf-8").split("\n## Rules\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", rules, flags=re.MULTILINE))


def test_goals_are_evaluated_whether_or_not_they_are_minimised() -> None:
    # x ends at 3, y at 7; setup none.
    problem = PROBLEMS["machine"]
    plan = Plan((PlannedOperation(*X), PlannedOperation("y", "M", 3, 3, 7)))
    assert evaluate(problem, plan) == (7,)
    assert evaluate_goals(problem, plan) == {
        Goal.WEIGHTED_TARDINESS: 0,
        Goal.TARDY_RUNS: 0,
        Goal.MAKESPAN: 7,
        Goal.CHANGEOVER_TIME: 0,
        Goal.CHANGEOVER_COST: 0,
        Goal.MOVED_START: 0,
        Goal.CHANGED_MACHINE: 0,
        Goal.FAIRNESS: 0,
        Goal.ENERGY_COST: 0,
        Goal.EMISSIONS: 0,
    }
