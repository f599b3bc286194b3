"""What `pilotline schedule replan` promises other programs and people."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pilotline.main import app
from pilotline_scheduler.formats.pilotline_json import (
    read_plan,
    read_problem,
    write_plan,
    write_problem,
)
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Machine, Pool, Problem
from pilotline_scheduler.verifier import verify
from tests.scheduler.words import job, operation

PROBLEM = Problem(
    "told",
    (Machine("M"), Machine("N")),
    runs=(
        job("A", operation("A1", ("M", 100), ("N", 120)), operation("A2", ("N", 60)), due=400),
        job("B", operation("B1", ("M", 50)), due=200),
    ),
    pools=(Pool("people", ((0, 3),)),),
    origin=datetime(2026, 1, 5, tzinfo=UTC),
)
PLAN = Plan(
    (
        PlannedOperation("A1", "M", 0, 0, 100),
        PlannedOperation("A2", "N", 100, 100, 160),
        PlannedOperation("B1", "M", 100, 100, 150),
    )
)
URGENT = {
    "id": "U",
    "client": "U",
    "operations": [{"id": "U1", "modes": [{"machine": "N", "ticks": 30}]}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_problem(PROBLEM, tmp_path / "problem.json")
    write_plan(PLAN, tmp_path / "plan.json")
    (tmp_path / "urgent.json").write_text(json.dumps([URGENT]))
    return tmp_path


def run(folder: Path, *words: object) -> Result:
    given = ["schedule", "replan", str(folder / "problem.json"), str(folder / "plan.json")]
    return CliRunner().invoke(app, [*given, *map(str, words)], env={"COLUMNS": "160"})


def test_a_person_is_told_what_moves_why_and_which_promise_breaks(folder: Path) -> None:
    down = "M=2026-01-05T00:50Z..2026-01-05T06:40Z"
    told = run(folder, "--now", "2026-01-05T00:50Z", "--down", down, "--time", 0)
    assert told.exit_code == 0, told.output
    assert "M is down until Mon 06:40" in told.output
    assert "run B ends Mon 07:30, 4 h 10 min after its promise Mon 03:20" in told.output
    assert (
        "repaired: 3 of 3 operations move, 1 to another machine; 1 promises broken" in told.output
    )


def test_the_zone_of_the_reader_is_used(folder: Path) -> None:
    words = ("--now", 50, "--down", "M=50..400", "--time", 0, "--zone", "Europe/Copenhagen")
    assert "M is down until Mon 07:40" in run(folder, *words).output


def test_a_program_gets_one_object_and_files_that_go_together(folder: Path) -> None:
    new_plan, new_problem = folder / "new-plan.json", folder / "new-problem.json"
    words = ("--out", new_plan, "--problem-out", new_problem, "--time", 5, "--json")
    told = run(folder, "--now", 50, "--down", "M=50..400", *words)
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    assert (found["moved"], found["machine_changed"], found["promises_broken"]) == (3, 1, 1)
    assert 0 < found["repaired_s"] <= found["wall_s"]
    assert found["broken"][0]["certainty"] == "impossible"
    assert {move["operation"] for move in found["moves"]} == {"A1", "A2", "B1"}
    problem = read_problem(new_problem)
    assert verify(problem, read_plan(new_plan)) == []
    assert replace(problem, previous=()).frozen_until == 50


def test_every_kind_of_disruption_has_its_option(folder: Path) -> None:
    words = ("--overrun", "A1=110", "--late", "A/A2=300", "--cancel", "B")
    more = ("--urgent", folder / "urgent.json", "--short", "people=2@50..90", "--time", 0)
    told = run(folder, "--now", 50, *words, *more, "--json")
    assert told.exit_code == 0, told.output
    (move,) = json.loads(told.output)["moves"]
    assert move["sentence"] == (
        "A2 moves from Mon 01:40 to Mon 05:00 on N: material for run A comes Mon 05:00"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--now", "noon"), "'noon' is no time"),
        (("--now", 50, "--down", "M=50"), "--down MACHINE=FROM..UNTIL"),
        (("--now", 50, "--down", "X=50..60"), "there is no machine 'X'"),
        (("--now", 50, "--short", "people=some@50..60"), "'some' is no number"),
        (("--now", 50, "--urgent", "nowhere.json"), "nowhere.json"),
        (("--now", 50, "--zone", "Nowhere/City"), "Nowhere/City"),
    ],
)
def test_what_cannot_be_done_is_told_and_exits_with_2(
    folder: Path, words: tuple[object, ...], told: str
) -> None:
    failed = run(folder, *words)
    assert failed.exit_code == 2
    assert told in failed.output
