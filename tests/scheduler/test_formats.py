"""The literature's instances are read as problems that mean the same."""

import json
import zipfile
from pathlib import Path

import pytest

from pilotline_scheduler.errors import FormatError
from pilotline_scheduler.formats.instances import FORMATS, read_one, read_problems
from pilotline_scheduler.plan import Status
from pilotline_scheduler.problem import Goal, Lag, Problem
from pilotline_scheduler.solver import solve
from pilotline_scheduler.verifier import verify

JSP = """
2 2
0 3 1 2
1 4 0 1 -1 -1
"""
# M0: 3 then 1; M1: 4 beside it, then 2: max(3 + 1, 4 + 2, ...) = 6.

FJSP = """2 2 1.5
2  2 1 3 2 5  1 2 2
1  1 1 4
"""
# J1.1 on M2 takes 5, on M1 3; J2 needs M1 for 4: J1.1 first on M1 0-3, J2 3-7, J1.2 3-5: 7.

MATRIX = """2
2
2 1
3 5
0 2
4 0
"""

SDST = """2 2 1
1 1 1 3
1 1 1 4
9 2
7 9
1000000 1000000
1000000 1000000
"""
# J1 then J2: 3 + 2 + 4 = 9; J2 then J1: 4 + 7 + 3.

TWT = [
    {
        "instance": "tiny",
        "jobs": [[[0, 3]], [[0, 2]]],
        "weights": [1, 5],
        "due": [3, 2],
        "release": [0, 0],
        "literature_best_from_memory": 2,
    },
    {
        "instance": "late",
        "jobs": [[[0, 3]]],
        "weights": [2],
        "due": [1],
        "release": [4],
        "literature_best_from_memory": 12,
    },
]

RCPSP = """
4 1
2
0 0 2 2 3
3 1 1 4
4 2 1 4
0 0 0
"""
# Demands 1 and 2 of 2: 3 + 4.

RCPSP_MAX = """2 1 0 0
0 1 1 1 [0]
1 1 2 2 3 [2] [5]
2 1 2 3 1 [3] [-2]
3 1 0
0 1 0 0
1 1 5 1
2 1 3 1
3 1 0 0
2
"""
# From start to start: 2 starts exactly 2 after 1, and ends 5 after it; so does 1: 5.

TEXTS = {
    "jsp": (JSP, 6),
    "fjsp": (FJSP, 7),
    "fjsp-matrix": (MATRIX, 7),
    "fjsp-sdst": (SDST, 9),
    "rcpsp": (RCPSP, 7),
    "rcpsp-max": (RCPSP_MAX, 5),
}


def read(tmp_path: Path, form: str, text: str) -> Problem:
    path = tmp_path / "instance.txt"
    path.write_text(text)
    return read_one(path, form)


@pytest.mark.parametrize("form", list(TEXTS))
def test_a_small_instance_has_the_optimum_of_its_arithmetic(tmp_path: Path, form: str) -> None:
    text, optimum = TEXTS[form]
    problem = read(tmp_path, form, text)
    answer = solve(problem, time_limit_s=20)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == (optimum,)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []


def test_one_of_several_weighted_shops_is_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "shops.json"
    path.write_text(json.dumps(TWT))
    assert [problem.name for problem in read_problems(path, "twt")] == ["tiny", "late"]
    with pytest.raises(FormatError, match="choose one as FILE#NAME: tiny, late"):
        read_one(path, "twt")
    for name, optimum in (("tiny", 2), ("late", 12)):
        problem = read_one(Path(f"{path}#{name}"), "twt")
        assert problem.objective.terms[0].goal is Goal.WEIGHTED_TARDINESS
        assert solve(problem, time_limit_s=20).objective == (optimum,)
    with pytest.raises(FormatError, match="no problem named 'none'"):
        read_one(Path(f"{path}#none"), "twt")


def test_an_archive_of_one_file_is_read_as_the_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "instance.zip", "w") as archive:
        archive.writestr("folder/instance.txt", JSP)
    assert read_one(tmp_path / "instance.zip", "jsp") == read(tmp_path, "jsp", JSP)


def test_lags_from_start_to_start_become_lags_from_end_to_start(tmp_path: Path) -> None:
    problem = read(tmp_path, "rcpsp-max", RCPSP_MAX)
    assert set(problem.runs[0].lags) == {
        Lag("A0", "A1", 0),
        Lag("A1", "A2", 2 - 5),
        Lag("A1", "A3", 5 - 5),
        Lag("A2", "A3", 3 - 3),
        Lag("A2", "A1", -2 - 3),
    }


@pytest.mark.parametrize(
    ("form", "text", "words"),
    [
        ("jsp", "2 2\n0 3 1 2\n", "2 jobs need a line each"),
        ("jsp", "1 1\n0 x\n", "line 2: a duration should be a whole number, not 'x'"),
        ("fjsp", "1 1\n1 1 1\n", "line 2: the file ends where a duration should be"),
        ("fjsp", "0 1\n", "line 1: the number of jobs should be at least 1, not 0"),
        ("fjsp-sdst", SDST.replace("9 2", "9 1000000"), "M1 has no setup time"),
        ("twt", "{", "line 1: Expecting property name"),
        ("twt", "[{}]", "no list of weighted job shops"),
        ("xml", "", "unknown format 'xml'; known are pilotline, jsp"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    tmp_path: Path, form: str, text: str, words: str
) -> None:
    with pytest.raises(FormatError, match=words):
        read(tmp_path, form, text)


def test_every_format_word_of_the_command_line_is_known() -> None:
    assert list(FORMATS) == [
        "pilotline",
        "jsp",
        "fjsp",
        "fjsp-matrix",
        "fjsp-sdst",
        "twt",
        "rcpsp",
        "rcpsp-max",
    ]
