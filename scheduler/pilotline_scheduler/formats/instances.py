"""Reads problems in any format by its word on the command line."""

import zipfile
from collections.abc import Callable
from pathlib import Path

from pilotline_scheduler.errors import FormatError
from pilotline_scheduler.formats.pilotline_json import read_problem
from pilotline_scheduler.formats.projects import read_rcpsp, read_rcpsp_max
from pilotline_scheduler.formats.shops import (
    read_fjsp,
    read_fjsp_matrix,
    read_fjsp_sdst,
    read_jsp,
    read_twt,
)
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.problem.validation import validate

FORMATS: dict[str, Callable[[str, str], list[Problem]]] = {
    "pilotline": lambda _, text: [read_problem(text)],
    "jsp": read_jsp,
    "fjsp": read_fjsp,
    "fjsp-matrix": read_fjsp_matrix,
    "fjsp-sdst": read_fjsp_sdst,
    "twt": read_twt,
    "rcpsp": read_rcpsp,
    "rcpsp-max": read_rcpsp_max,
}
"""Readers by the word of their format; each takes a name and a text."""


def read_problems(path: Path, form: str) -> list[Problem]:
    """Return the problems in a file, or in the single file of a zip archive.

    Args:
        path: the file; ``FILE#NAME`` chooses one of several problems in it.
        form: a word in `FORMATS`.

    Raises:
        FormatError: the format is unknown, or the file is not in it.
        ProblemError: a problem in it has mistakes.
        OSError: the file cannot be read.
    """
    if form not in FORMATS:
        message = f"unknown format {form!r}; known are {', '.join(FORMATS)}"
        raise FormatError(message)
    file, _, wanted = str(path).partition("#")
    problems = FORMATS[form](Path(file).stem, _text(Path(file)))
    if wanted:
        problems = [problem for problem in problems if problem.name == wanted]
        if not problems:
            message = f"{file} has no problem named {wanted!r}"
            raise FormatError(message)
    for problem in problems:
        validate(problem)
    return problems


def read_one(path: Path, form: str) -> Problem:
    """Return the only problem in a file; see `read_problems`."""
    problems = read_problems(path, form)
    if len(problems) != 1:
        names = ", ".join(problem.name for problem in problems)
        message = f"{path} has {len(problems)} problems; choose one as FILE#NAME: {names}"
        raise FormatError(message)
    return problems[0]


def _text(path: Path) -> str:
    if path.suffix != ".zip":
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            message = f"{path} holds {len(names)} files; one is expected"
            raise FormatError(message)
        return archive.read(names[0]).decode("utf-8")
