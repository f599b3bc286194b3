"""What `pilotline schedule` promises other programs and people."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from pilotline.main import app
from pilotline_scheduler.formats.gantt_html import gantt_html
from pilotline_scheduler.formats.pilotline_json import read_plan, read_problem, write_plan
from pilotline_scheduler.generator import Feature, generate
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Machine, Problem
from pilotline_scheduler.verifier import verify

LINE = Problem("line", (Machine("M"),), ())
FT06 = """6 6
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""
"""Fisher & Thompson 1963; optimum 55."""


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["schedule", *map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generated problem and a plan of it."""
    folder = tmp_path_factory.mktemp("schedule")
    problem, plan = folder / "problem.json", folder / "plan.json"
    made = run("generate", "--runs", 8, "--machines", 4, "--seed", 2, "--out", problem)
    assert made.exit_code == 0, made.output
    solved = run("solve", problem, "--time", 2, "--seed", 1, "--out", plan)
    assert solved.exit_code == 0, solved.output
    return folder


def test_a_line_is_generated_with_every_feature_there_is(tmp_path: Path) -> None:
    out = tmp_path / "rich.json"
    wanted = [word for feature in Feature for word in ("--with", feature.value)]
    assert run("generate", "--runs", 12, "--machines", 8, *wanted, "--out", out).exit_code == 0
    made = read_problem(out)
    assert made == generate(12, 8, 0, list(Feature))
    assert made.running
    refused = run("generate", "--runs", 3, "--machines", 2, "--with", "magic", "--out", out)
    assert refused.exit_code == 2
    assert "kiln" in refused.output


def test_a_generated_problem_is_solved_and_the_plan_holds(folder: Path) -> None:
    problem = read_problem(folder / "problem.json")
    plan = read_plan(folder / "plan.json")
    assert verify(problem, plan) == []
    checked = run("check", folder / "problem.json", folder / "plan.json")
    assert checked.exit_code == 0
    assert "keeps every rule" in checked.output


def test_check_names_every_violation_and_exits_with_1(folder: Path) -> None:
    plan = read_plan(folder / "plan.json")
    broken = folder / "broken.json"
    write_plan(Plan(plan.operations[1:]), broken)
    checked = run("check", folder / "problem.json", broken)
    assert checked.exit_code == 1
    assert f"once: operation {plan.operations[0].operation} is planned 0 times" in checked.output
    told = json.loads(run("check", folder / "problem.json", broken, "--json").output)
    assert told["ok"] is False
    assert len(told["violations"]) == len(checked.output.splitlines()) - 1


def test_solve_prints_one_json_object(tmp_path: Path) -> None:
    (tmp_path / "ft06.txt").write_text(FT06)
    solved = run("solve", tmp_path / "ft06.txt", "--format", "jsp", "--time", 30, "--json")
    assert solved.exit_code == 0
    told = json.loads(solved.output)
    assert (told["status"], told["objective"], told["bound"], told["gap"]) == ("optimal", 55, 55, 0)
    assert 0 < told["first_s"] <= told["wall_s"]
    assert told["trajectory"][-1]["objective"] == 55
    assert [each["wall_s"] for each in told["trajectory"]] == sorted(
        each["wall_s"] for each in told["trajectory"]
    )


def test_solve_tells_a_person_status_objective_bound_gap_and_time(folder: Path) -> None:
    solved = run("solve", folder / "problem.json", "--time", 1)
    words = [line.split()[0] for line in solved.stdout.splitlines()]
    assert words == ["status", "objective", "bound", "gap", "time", "plans"]


def test_bench_sets_results_beside_the_best_known_values(tmp_path: Path) -> None:
    shops = tmp_path / "shops"
    shops.mkdir()
    (shops / "ft06.txt").write_text(FT06)
    (shops / "tiny.txt").write_text("1 1\n0 7\n")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("set,name,path,best_known\njsp,ft06,jsp/ft06.txt,50\n")
    out = tmp_path / "out.json"
    words = ("--format", "jsp", "--manifest", manifest, "--time", 20, "--json", out)
    benched = run("bench", shops, *words)
    assert benched.exit_code == 0, benched.output
    ft06, tiny = json.loads(out.read_text())
    assert list(ft06) == [
        "name",
        "objective",
        "bound",
        "best_known",
        "gap_pct",
        "first_s",
        "wall_s",
        "status",
    ]
    assert (ft06["name"], ft06["objective"], ft06["status"]) == ("ft06", 55, "optimal")
    assert ft06["gap_pct"] == pytest.approx(10.0)
    assert (tiny["objective"], tiny["best_known"], tiny["gap_pct"]) == (7, None, None)
    assert "mean gap 10.00 %" in benched.output


def test_a_plan_is_drawn_with_every_operation(folder: Path) -> None:
    out = folder / "plan.svg"
    assert run("plot", folder / "problem.json", folder / "plan.json", "--out", out).exit_code == 0
    picture = ET.fromstring(out.read_text())  # noqa: S314 - our own file
    titles = [each.text or "" for each in picture.iter("{http://www.w3.org/2000/svg}title")]
    plan = read_plan(folder / "plan.json")
    assert {title.split(" of ")[0] for title in titles} == {
        planned.operation for planned in plan.operations
    }


def test_a_plan_is_drawn_in_pixels_and_as_a_page_of_its_own(folder: Path) -> None:
    words = ("plot", folder / "problem.json", folder / "plan.json", "--out")
    assert run(*words, folder / "plan.png").exit_code == 0
    assert (folder / "plan.png").read_bytes().startswith(b"\x89PNG")
    assert run(*words, folder / "plan.html").exit_code == 0
    page = (folder / "plan.html").read_text()
    assert "http" not in page
    plan = read_plan(folder / "plan.json")
    assert all(json.dumps(planned.operation) in page for planned in plan.operations)
    refused = run(*words, folder / "plan.gif")
    assert refused.exit_code == 2
    assert "not '.gif'" in refused.output


def test_a_name_cannot_break_out_of_the_page() -> None:
    problem = replace(LINE, name="</script><script>alert(1)</script><!--")
    page = gantt_html(problem, Plan(()))
    assert page.count("</script>") == 1
    assert "<!--" not in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("solve", "nowhere.json"), "nowhere.json"),
        (("solve", "nowhere.json", "--cluster", "tcp://a:1", "--processes", 2), "nowhere.json"),
        (("solve", "nowhere.json", "--format", "xml"), "unknown format 'xml'"),
        (("check", "nowhere.json", "nowhere.json"), "nowhere.json"),
        (("generate", "--runs", 3, "--machines", 2, "--out", "no/such/folder.json"), "folder"),
    ],
)
def test_what_cannot_be_done_is_told_and_exits_with_2(words: tuple[object, ...], told: str) -> None:
    failed = run(*words)
    assert failed.exit_code == 2
    assert told in failed.output


def test_an_interrupt_keeps_the_best_plan_so_far(folder: Path, tmp_path: Path) -> None:
    problem, out = tmp_path / "problem.json", tmp_path / "plan.json"
    run("generate", "--runs", 60, "--machines", 10, "--out", problem)
    command = [sys.executable, "-m", "pilotline", "schedule", "solve", str(problem)]
    with subprocess.Popen(
        [*command, "--time", "90", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as solving:
        assert solving.stderr is not None
        assert "seed:edd" in solving.stderr.readline()
        solving.send_signal(signal.SIGINT)
        told, _ = solving.communicate(timeout=60)
    assert solving.returncode == 0
    assert "cancelled" in told.splitlines()[0]
    assert verify(read_problem(problem), read_plan(out)) == []
