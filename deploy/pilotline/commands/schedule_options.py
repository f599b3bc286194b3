"""Arguments and options that the commands of `pilotline schedule` share, and how they end."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from pilotline_scheduler.problem import Problem

Format = Annotated[
    str,
    typer.Option(
        "--format",
        help="pilotline, jsp, fjsp, fjsp-matrix, fjsp-sdst, twt, rcpsp or rcpsp-max.",
    ),
]
Seconds = Annotated[float, typer.Option("--time", min=0.1, help="Seconds, kept to within one.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Threads; one per core by default.", show_default=False)
]
Seed = Annotated[int, typer.Option(help="The same seed draws the same.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ProblemFile = Annotated[
    Path, typer.Argument(metavar="PROBLEM", help="Problem file; FILE#NAME picks one of several.")
]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.")]
Quantile = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        help="Reckon with durations that are kept with this chance.",
        show_default=False,
    ),
]


def read_problem_at(path: Path, form: str, quantile: float | None) -> "Problem":
    """Return the problem in a file, with durations at a quantile of their spread if one is given.

    Raises:
        SchedulerError: the file cannot be read as a problem.
        OSError: the file cannot be read.
    """
    from pilotline_scheduler.formats.instances import read_one
    from pilotline_scheduler.robustness.quantile import at_quantile

    read = read_one(path, form)
    return read if quantile is None else at_quantile(read, quantile)


def print_json(answer: object) -> None:
    """Print one JSON object."""
    typer.echo(json.dumps(answer, ensure_ascii=False))


def fail(error: Exception) -> NoReturn:
    """End a command that could not begin."""
    typer.echo(str(error), err=True)
    raise typer.Exit(2)
