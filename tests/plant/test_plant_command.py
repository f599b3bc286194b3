"""`pilotline plant`: what a person and a program see of a plant file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pilotline.main import app
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant

BROKEN = Path(__file__).parent / "broken"


def plant(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["plant", *map(str, words)], env={"COLUMNS": "100"})


@pytest.mark.parametrize("name", ["bench", "taastrup"])
def test_a_right_plant_is_summed_up(name: str) -> None:
    file = example_plant(name)
    result = plant("check", file)
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    read = read_plant(file)
    assert read.name in words
    assert "no mistakes" in words
    assert f"{len(read.machines)} machines" in words
    for site in read.sites:
        assert site.name in words
        assert site.time_zone in words


def test_every_mistake_is_listed_with_file_and_line_and_counted() -> None:
    file = BROKEN / "several-at-once.toml"
    result = plant("check", file)
    assert result.exit_code == 1
    *mistakes, count = result.stdout.splitlines()
    assert count == f"{len(mistakes)} mistakes"
    assert len(mistakes) == 8
    assert all(line.startswith(f"{file}:") for line in mistakes)
    assert f"{file}:22: pools.crew.capacity = -2: must be from 1 to 1000000" in mistakes, (
        result.stdout
    )


def test_one_mistake_is_one_mistake(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(example_plant("bench").read_text().replace("capacity = 2", "capacity = 0"))
    result = plant("check", file)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "1 mistake"


def test_json_is_one_object_for_a_right_and_for_a_broken_plant() -> None:
    right = plant("check", example_plant("bench"), "--json")
    assert right.exit_code == 0
    answer = json.loads(right.stdout)
    assert answer["ok"] is True
    assert answer["mistakes"] == []
    assert answer["plant"]["machines"] == 3

    broken = plant("check", BROKEN / "pools.toml", "--json")
    assert broken.exit_code == 1
    answer = json.loads(broken.stdout)
    assert answer["ok"] is False
    assert answer["plant"] is None
    assert answer["mistakes"][0] == {
        "file": str(BROKEN / "pools.toml"),
        "line": 22,
        "key": "pools.crew.capacity",
        "value": "0",
        "reason": "must be from 1 to 1000000",
    }


def test_a_missing_file_is_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    result = plant("check", tmp_path / "nowhere.toml")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        f"{tmp_path / 'nowhere.toml'}: there is no such file; name a plant file"
    )


def test_examples_are_listed_found_and_copied(tmp_path: Path) -> None:
    listed = dict(line.split("\t") for line in plant("example").stdout.splitlines())
    assert listed["bench"] == str(example_plant("bench"))
    assert plant("example", "taastrup").stdout.strip() == str(example_plant("taastrup"))

    copy = tmp_path / "mine.toml"
    assert plant("example", "bench", "--out", copy).exit_code == 0
    assert read_plant(copy) == read_plant(example_plant("bench"))


def test_an_example_never_overwrites_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("name = 'mine'\n")
    result = plant("example", "bench", "--out", mine)
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert mine.read_text() == "name = 'mine'\n"


def test_what_cannot_be_handed_out_is_a_sentence(tmp_path: Path) -> None:
    unknown = plant("example", "mars")
    unnamed = plant("example", "--out", tmp_path / "x.toml")
    nowhere = plant("example", "bench", "--out", tmp_path / "no" / "x.toml")
    assert [each.exit_code for each in (unknown, unnamed, nowhere)] == [1, 1, 1]
    assert "there is no example plant 'mars'; there are bench" in unknown.stderr
    assert "say which example to copy" in unnamed.stderr
    assert "cannot be written: No such file or directory" in nowhere.stderr


def test_checking_a_plant_loads_neither_solver_nor_web_nor_opcua() -> None:
    code = (
        "import sys\n"
        "from pilotline.main import app\n"
        f"app(['plant', 'check', {str(example_plant('bench'))!r}], standalone_mode=False)\n"
        "heavy = {'ortools', 'fastapi', 'asyncua', 'numpy', 'sqlalchemy'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
