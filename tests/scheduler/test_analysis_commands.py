"""What `pilotline schedule explain`, `what-if` and `risk` promise programs and people."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pilotline.main import app
from pilotline_scheduler.formats.pilotline_json import read_plan, write_plan, write_problem
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Calendar, Machine, Mode, Operation, Problem
from tests.scheduler.words import job, operation, spans

PROBLEM = Problem(
    "mill",
    machines=(Machine("M", calendar="day"),),
    calendars=(Calendar("day", spans((0, 8), (24, 32))),),
    runs=(
        job("one", Operation("x", (Mode("M", 6, spread=(4, 6, 10)),)), due=8, client="ann"),
        job("two", operation("y", ("M", 6)), due=12, client="bob"),
    ),
)
PLAN = Plan((PlannedOperation("x", "M", 0, 0, 6), PlannedOperation("y", "M", 24, 24, 30)))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["schedule", *map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a problem, a plan of it, and a problem without a plan."""
    folder = tmp_path_factory.mktemp("analysis")
    write_problem(PROBLEM, folder / "problem.json")
    write_plan(PLAN, folder / "plan.json")
    late = replace(PROBLEM.runs[1], deadline=12)
    stuck = replace(PROBLEM, runs=(replace(PROBLEM.runs[0], deadline=8), late))
    write_problem(stuck, folder / "stuck.json")
    return folder


def files(folder: Path) -> tuple[Path, Path]:
    return folder / "problem.json", folder / "plan.json"


def test_explain_tells_why_each_late_run_is_late(folder: Path) -> None:
    told = run("explain", *files(folder))
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0] == "run two ends at 30, 18 ticks after its due tick 12"
    assert "y waits from 0 until 6: M does x of run one (ann) until 6" in told.output
    assert lines[-1] == "  in sum: +18 calendar +6 machine -6 spare = 18"
    (found,) = json.loads(run("explain", *files(folder), "--json").output)["runs"]
    assert sum(ticks for _, ticks in found["causes"]) == found["ticks"] == 18


def test_a_customer_reads_only_of_own_runs(folder: Path) -> None:
    told = run("explain", *files(folder), "--client", "bob").output
    assert "another booking comes first" in told
    assert "ann" not in told.split()
    assert run("explain", *files(folder), "--client", "ann").output == "no run is late\n"
    foreign = run("explain", *files(folder), "--client", "bob", "--run", "one")
    assert (foreign.exit_code, foreign.output) == (2, "there is no run 'one' of client 'bob'\n")
    operation = run("explain", *files(folder), "--client", "bob", "--operation", "x")
    assert operation.exit_code == 2
    assert run("explain", *files(folder), "--client", "eve").exit_code == 2


def test_explain_tells_why_a_machine(folder: Path) -> None:
    told = run("explain", *files(folder), "--operation", "y").output
    assert "y is on M from 24 to 30; its own run lets it start from 0" in told
    found = json.loads(run("explain", *files(folder), "--operation", "y", "--json").output)
    assert [each["machine"] for each in found["options"]] == ["M"]


def test_explain_without_a_plan_names_the_rules_that_contradict(folder: Path) -> None:
    told = run("explain", folder / "stuck.json", "--time", 10)
    assert told.exit_code == 1
    assert told.output.startswith("mill has no plan, for one, two cannot be planned:\n")
    assert "run one must end by 8 (deadline)" in told.output
    assert "way out: move the deadline of run two to 30 or later (no less will do)" in told.output
    found = json.loads(run("explain", folder / "stuck.json", "--json").output)
    assert (found["verdict"], found["minimal"]) == ("conflict", True)
    fine = run("explain", folder / "problem.json")
    assert (fine.exit_code, fine.output) == (0, "there is a plan that keeps every rule\n")


def test_what_if_shows_every_figure_beside_what_it_would_be(folder: Path) -> None:
    words = ("--open", "M=8-12", "--time", 1, "--workers", 1)
    told = run("what-if", folder / "problem.json", *words)
    assert told.exit_code == 0, told.output
    assert "what if M is also open in 8-12:" in told.output
    assert "that it gets better is proven" in told.output
    found = json.loads(run("what-if", folder / "problem.json", *words, "--json").output)
    figures = {(each["group"], each["name"]): each for each in found["figures"]}
    assert figures["bob", "tardiness"] == {
        "group": "bob",
        "name": "tardiness",
        "before": 18,
        "after": 0,
        "change": -18,
    }
    assert found["before"]["objectives"] == [18]


def test_what_if_takes_every_kind_of_variation(folder: Path) -> None:
    words = ("--second", "M", "--drop", "one", "--due", "two=5", "--weight", "two=3", "--json")
    found = json.loads(run("what-if", folder / "problem.json", *words, "--time", 1).output)
    assert found["variations"] == [
        "there is a second machine like M",
        "run one is not asked for",
        "run two has due 5",
        "run two has weight 3",
    ]
    assert found["after"]["objectives"] == [3]


def test_risk_tells_the_chance_of_each_promise(folder: Path) -> None:
    told = run("risk", *files(folder), "--samples", 500)
    assert told.exit_code == 0, told.output
    assert told.output.startswith("500 executions; every due tick is kept in 0 % (0-1)\n")
    found = json.loads(run("risk", *files(folder), "--json").output)
    one = found["runs"][0]
    assert 0 < one["by_due"]["low"] < one["by_due"]["share"] < one["by_due"]["high"] < 1
    again = json.loads(run("risk", *files(folder), "--json").output)
    assert found == again


def test_a_plan_at_a_quantile_is_checked_at_that_quantile(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "safe.json"
    words = (folder / "problem.json", "--quantile", 0.6, "--time", 1, "--out", out)
    solved = run("solve", *words)
    assert solved.exit_code == 0, solved.output
    assert "durations  at quantile 0.6" in solved.output
    lasting = {each.operation: each.end - each.start for each in read_plan(out).operations}
    # 10 less the root of 0.4 * 6 * 4 is 6.9.
    assert lasting == {"x": 7, "y": 6}
    assert run("check", folder / "problem.json", out).exit_code == 1
    assert run("check", folder / "problem.json", out, "--quantile", 0.6).exit_code == 0
    assert run("risk", folder / "problem.json", out, "--quantile", 0.6).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("what-if", "problem.json"), "nothing is varied"),
        (("what-if", "problem.json", "--open", "M"), "'M' is not of the form MACHINE=FROM-TO"),
        (("what-if", "problem.json", "--open", "M=4"), "'4' is not of the form FROM-TO"),
        (("what-if", "problem.json", "--due", "two=soon"), "'soon' is no whole number"),
        (("what-if", "problem.json", "--drop", "six"), "the problem has no run 'six'"),
        (("risk", "problem.json", "nowhere.json"), "nowhere.json"),
        (("explain", "problem.json", "plan.json", "--run", "six"), "there is no run 'six'"),
        (("explain", "nowhere.json"), "nowhere.json"),
    ],
)
def test_what_cannot_be_done_is_told_and_exits_with_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(folder)
    failed = run(*words)
    assert failed.exit_code == 2, failed.output
    assert told in failed.output


def test_a_plan_without_uncertain_work_needs_a_usual_spread(folder: Path, tmp_path: Path) -> None:
    certain = replace(
        PROBLEM, runs=(job("one", operation("x", ("M", 6)), due=8, client="ann"), PROBLEM.runs[1])
    )
    write_problem(certain, tmp_path / "certain.json")
    words = (tmp_path / "certain.json", folder / "plan.json")
    assert "no planned mode has a spread" in run("risk", *words).output
    assert run("risk", *words, "--longer", 0.2).exit_code == 0
