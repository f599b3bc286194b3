"""Solves many instances and sets the results beside the best known ones."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pilotline_scheduler.formats.instances import read_problems
from pilotline_scheduler.plan import Answer
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver import solve_in_child
from pilotline_scheduler.verifier import verify

_SUFFIXES = (".txt", ".fjs", ".rcp", ".sch", ".json", ".zip")


@dataclass(frozen=True, slots=True)
class Case:
    """An instance with what is known about it.

    Attributes:
        problem: the instance.
        best_known: best objective known elsewhere, or None.
    """

    problem: Problem
    best_known: int | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What came of a solve.

    Attributes:
        name: of the instance.
        objective: first level of the best plan, or None without a plan.
        bound: proven lower bound of the first level, or None.
        best_known: best objective known elsewhere, or None.
        gap_pct: percent by which the objective is above the best known one, or None.
        first_s: seconds to the first plan, or None.
        wall_s: seconds in all.
        status: status of the answer; ``invalid`` when the verifier refuses the plan.
    """

    name: str
    objective: int | None
    bound: int | None
    best_known: int | None
    gap_pct: float | None
    first_s: float | None
    wall_s: float
    status: str


def cases(paths: Sequence[Path], form: str, manifest: Path | None) -> Iterator[Case]:
    """Yield the instances in files and folders, in order.

    Args:
        paths: files, ``FILE#NAME``, or folders of instance files.
        form: format word.
        manifest: CSV with the columns ``name`` and ``best_known``, and maybe ``path``; or None.

    Raises:
        SchedulerError: a file is not in the format.
        OSError: a file cannot be read.
    """
    known = {} if manifest is None else _best_known(manifest)
    for path in paths:
        for file in _files(path):
            said = _said_in_file(file, form)
            for problem in read_problems(file, form):
                best = known.get(problem.name, known.get(file.stem, said.get(problem.name)))
                yield Case(problem, best)


def measure(case: Case, *, time_limit_s: float, workers: int | None, seed: int) -> Measurement:
    """Return what a solve in a child process makes of an instance."""
    answer = solve_in_child(case.problem, time_limit_s=time_limit_s, workers=workers, seed=seed)
    valid = answer.plan is None or not verify(case.problem, answer.plan)
    objective = None if answer.objective is None else answer.objective[0]
    return Measurement(
        name=case.problem.name,
        objective=objective,
        bound=answer.bound[0] if answer.bound else None,
        best_known=case.best_known,
        gap_pct=gap_pct(objective, case.best_known),
        first_s=answer.first_s,
        wall_s=answer.wall_s,
        status=answer.status.value if valid else "invalid",
    )


def gap_pct(objective: int | None, reference: int | None) -> float | None:
    """Return the percent by which an objective is above a reference, or None if undefined."""
    if objective is None or reference is None:
        return None
    if objective == reference:
        return 0.0
    return 100 * (objective - reference) / reference if reference > 0 else None


def optimality_gap(answer: Answer) -> float | None:
    """Return ``(objective - bound) / objective`` of the first level, or None without both."""
    if answer.objective is None or not answer.bound or answer.bound[0] is None:
        return None
    objective, bound = answer.objective[0], answer.bound[0]
    return 0.0 if objective <= bound else (objective - bound) / objective


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES)
    else:
        yield path


def _best_known(manifest: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    with manifest.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            value = _upper(row.get("best_known") or "")
            if value is not None:
                found[row["name"]] = value
                found.setdefault(Path(row.get("path") or row["name"]).stem, value)
    return found


def _upper(text: str) -> int | None:
    """Return a value, or the upper end of a range such as ``270..281``."""
    digits = text.rpartition("..")[2]
    return int(digits) if digits.isdigit() else None


def _said_in_file(file: Path, form: str) -> dict[str, int]:
    """Return best known values that a twt file says itself."""
    path = Path(str(file).partition("#")[0])
    if form != "twt":
        return {}
    keys = ("best_known", "literature_best_from_memory")
    return {
        entry["instance"]: entry[key]
        for entry in json.loads(path.read_text(encoding="utf-8"))
        for key in keys
        if entry.get(key) is not None
    }
