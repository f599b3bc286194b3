"""What `pilotline schedule quote` promises other programs and people."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pilotline.main import app
from pilotline_scheduler.formats.pilotline_json import write_plan, write_problem
from pilotline_scheduler.plan import Plan
from tests.scheduler.quote.test_quote import BUSY, SECRET

RUN = {
    "id": "new",
    "client": "new",
    "operations": [
        {"id": "x", "modes": [{"machine": name, "ticks": 30, "energy": 2} for name in "MN"]}
    ],
}
RATES = {"machine_hours": {"M": 60, "N": 6}, "tariff": [[0, 1], [400, 0.5]]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_problem(replace(BUSY, previous=()), tmp_path / "problem.json")
    write_plan(Plan(BUSY.previous), tmp_path / "plan.json")
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    (tmp_path / "late.json").write_text(json.dumps({**RUN, "release": 110, "deadline": 150}))
    (tmp_path / "rates.json").write_text(json.dumps(RATES))
    return tmp_path


def run(folder: Path, file: str, *words: object) -> Result:
    files = [str(folder / name) for name in ("problem.json", "plan.json", file)]
    return CliRunner().invoke(app, ["schedule", "quote", *files, *map(str, words)])


def test_a_person_sees_each_option_with_slots_end_and_cost(folder: Path) -> None:
    told = run(folder, "run.json", "--rates", folder / "rates.json")
    assert told.exit_code == 0, told.output
    assert "sooner" in told.output
    assert "ends Mon 02:10; cost 90.00" in told.output
    assert "ends Mon 07:10; cost 33.00" in told.output
    assert SECRET not in told.output


def test_a_program_gets_one_object(folder: Path) -> None:
    told = json.loads(run(folder, "run.json", "--json").output)
    assert told["runs"] == ["new"]
    first = told["options"][0]
    assert first["slots"] == [
        {"operation": "x", "machine": "M", "setup_start": 100, "start": 100, "end": 130}
    ]
    assert (first["end"], first["energy"], first["late"]) == (130, 60, 0)
    assert told["hindrances"] == []


def test_without_a_slot_it_exits_with_1_and_says_what_stands_in_the_way(folder: Path) -> None:
    told = run(folder, "late.json")
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        "x can start on M not before Mon 03:20, but would have to end by Mon 02:30: M is taken",
        "x can start on N not before Mon 05:00, but would have to end by Mon 02:30: N is taken",
        "without its deadline it would end Mon 03:50",
    ]


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        ({"tarif": [[0, 1]]}, "unknown key 'tarif'"),
        ({"tariff": [[5, 1], [0, 1]]}, "ticks rising"),
        ({"machine_hours": 3}, "prices by machine"),
    ],
)
def test_rates_with_mistakes_exit_with_2(folder: Path, rates: object, told: str) -> None:
    (folder / "rates.json").write_text(json.dumps(rates))
    failed = run(folder, "run.json", "--rates", folder / "rates.json")
    assert failed.exit_code == 2
    assert told in failed.output
