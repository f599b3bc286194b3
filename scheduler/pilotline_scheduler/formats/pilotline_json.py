"""Pilotline's own JSON documents: a `Problem` or a `Plan`, field by field.

Reading is strict: an unknown key, a converted type or a contradiction is a mistake, and every
mistake is named by JSON pointer. The JSON Schemas beside this module describe the same documents.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pilotline_scheduler.errors import Mistake, PlanError, ProblemError
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem, Run
from pilotline_scheduler.problem.validation import validate

_PROBLEM = TypeAdapter(Problem)
_PLAN = TypeAdapter(Plan)
_RUNS: TypeAdapter[Run | tuple[Run, ...]] = TypeAdapter(Run | tuple[Run, ...])
_SHOWN_CHARS = 80


def read_problem(source: Path | str) -> Problem:
    """Return the problem in a file (`Path`) or a JSON text (`str`), validated.

    Raises:
        ProblemError: with every mistake; contradictions are looked for once the form is right.
        OSError: the file cannot be read.
    """
    try:
        problem = _PROBLEM.validate_json(_text(source))
    except ValidationError as error:
        raise ProblemError(_mistakes(error)) from error
    validate(problem)
    return problem


def read_plan(source: Path | str) -> Plan:
    """Return the plan in a file (`Path`) or a JSON text (`str`); only its form is checked.

    Raises:
        PlanError: with every mistake.
        OSError: the file cannot be read.
    """
    try:
        return _PLAN.validate_json(_text(source))
    except ValidationError as error:
        raise PlanError(_mistakes(error)) from error


def read_runs(source: Path | str) -> tuple[Run, ...]:
    """Return the run, or the list of runs, in a file (`Path`) or a JSON text (`str`).

    Raises:
        ProblemError: with every mistake of form.
        OSError: the file cannot be read.
    """
    try:
        found = _RUNS.validate_json(_text(source))
    except ValidationError as error:
        raise ProblemError(_mistakes(error)) from error
    return (found,) if isinstance(found, Run) else found


def write_problem(problem: Problem, path: Path | None = None) -> str:
    """Return the document of a problem; write it to `path` as well, if given."""
    return _written(_PROBLEM.dump_json(problem, indent=1), path)


def write_plan(plan: Plan, path: Path | None = None) -> str:
    """Return the document of a plan; write it to `path` as well, if given."""
    return _written(_PLAN.dump_json(plan, indent=1), path)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas by file name, as published in this folder."""
    return {
        "problem.schema.json": _PROBLEM.json_schema(),
        "plan.schema.json": _PLAN.json_schema(),
    }


def _text(source: Path | str) -> bytes:
    return source.read_bytes() if isinstance(source, Path) else source.encode()


def _written(document: bytes, path: Path | None) -> str:
    if path is not None:
        path.write_bytes(document + b"\n")
    return document.decode()


def _mistakes(error: ValidationError) -> list[Mistake]:
    return [
        Mistake(
            _pointer(found["loc"]),
            "" if found["type"] in ("missing", "json_invalid") else _shown(found["input"]),
            found["msg"],
        )
        for found in error.errors(include_url=False)
    ]


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
