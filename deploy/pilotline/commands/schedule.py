"""`pilotline schedule`: generates, solves, checks and measures scheduling problems."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.schedule_explain import explain
from pilotline.commands.schedule_options import (
    AsJson,
    Format,
    PlanFile,
    ProblemFile,
    Quantile,
    Seconds,
    Seed,
    Workers,
    fail,
    print_json,
    read_problem_at,
)
from pilotline.commands.schedule_quote import quote
from pilotline.commands.schedule_replan import replan
from pilotline.commands.schedule_risk import risk
from pilotline.commands.schedule_views import (
    Progress,
    figures,
    print_answer,
    report,
    table_of_results,
)
from pilotline.commands.schedule_what_if import what_if

if TYPE_CHECKING:
    import threading

    from pilotline_scheduler.benchmark import Measurement
    from pilotline_scheduler.plan import Answer
    from pilotline_scheduler.problem import Problem
    from pilotline_scheduler.solver.windows.workforce import Workforce

_ROWS_SHOWN = 15
"""Results on the screen while a bench runs; all of them are there at its end."""

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(explain)
app.command()(what_if)
app.command()(risk)
app.command()(replan)
app.command()(quote)


class Besides(StrEnum):
    """What a generated line can have besides, as the generator names it; it loads OR-Tools."""

    KILN = "kiln"
    TARIFF = "tariff"
    ENTITLEMENTS = "entitlements"
    RUNNING = "running"


@app.callback()
def schedule() -> None:
    """See `pilotline --help`."""


@app.command()
def generate(
    runs: Annotated[int, typer.Option(min=1, help="Trial runs, of five operations on average.")],
    machines: Annotated[int, typer.Option(min=2, help="Machines.")],
    out: Annotated[Path, typer.Option(metavar="F", help="Problem file to write.")],
    seed: Seed = 0,
    features: Annotated[
        list[Besides] | None,
        typer.Option("--with", help="What the line has besides."),
    ] = None,
) -> None:
    """Write a realistic pilot-line problem with every kind of constraint."""
    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.pilotline_json import write_problem
    from pilotline_scheduler.generator import Feature
    from pilotline_scheduler.generator import generate as generated

    wanted = [Feature(each.value) for each in features or ()]
    try:
        problem = generated(runs, machines, seed, wanted)
        write_problem(problem, out)
    except (SchedulerError, OSError) as error:
        fail(error)
    operations = sum(len(run.operations) for run in problem.runs)
    typer.echo(f"{out}: {problem.name}, {operations} operations")


@app.command()
def solve(
    problem: ProblemFile,
    form: Format = "pilotline",
    time: Seconds = 30.0,
    workers: Workers = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(metavar="PLAN", help="Plan file to write.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that decide parts of the plan besides.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Dask cluster that decides parts besides."),
    ] = None,
    quantile: Quantile = None,
    as_json: AsJson = False,
) -> None:
    """Find the best plan within a time limit; an interrupt keeps the best so far.

    Exits with 0 when there is a plan and with 1 otherwise.
    """
    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.pilotline_json import write_plan
    from pilotline_scheduler.solver.windows.workforce import Help

    try:
        read = read_problem_at(problem, form, quantile)
        with Help(processes, cluster).workforce() as workforce:
            answer = _solved(read, time, workers, seed, workforce, quiet=as_json)
        if out is not None and answer.plan is not None:
            write_plan(answer.plan, out)
    except (SchedulerError, OSError) as error:
        fail(error)
    if as_json:
        print_json({**report(read, answer), "quantile": quantile})
    else:
        print_answer(answer, out)
        if quantile is not None:
            told = f"durations  at quantile {quantile:g}; check the plan with the same --quantile"
            typer.echo(told)
    raise typer.Exit(0 if answer.plan is not None else 1)


@app.command()
def check(
    problem: ProblemFile,
    plan: PlanFile,
    form: Format = "pilotline",
    quantile: Quantile = None,
    as_json: AsJson = False,
) -> None:
    """Check a plan against its problem, independently of the solver; list every violation.

    Exits with 0 when there is none and with 1 otherwise.
    """
    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.pilotline_json import read_plan
    from pilotline_scheduler.verifier import evaluate, evaluate_goals, verify

    try:
        read, planned = read_problem_at(problem, form, quantile), read_plan(plan)
    except (SchedulerError, OSError) as error:
        fail(error)
    violations = verify(read, planned)
    if as_json:
        print_json(
            {
                "ok": not violations,
                "objective": list(evaluate(read, planned)),
                "goals": {
                    goal.value: value for goal, value in evaluate_goals(read, planned).items()
                },
                "violations": [
                    {"rule": each.rule, "operations": each.operations, "sentence": each.sentence}
                    for each in violations
                ],
            }
        )
    else:
        for each in violations:
            typer.echo(str(each))
        count = len(violations)
        verdict = "keeps every rule" if not count else f"breaks rules in {count} places"
        typer.echo(f"{plan} {verdict}; objective {figures(evaluate(read, planned))}")
    raise typer.Exit(1 if violations else 0)


@app.command()
def bench(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Instances or folders.")],
    form: Format,
    out: Annotated[Path, typer.Option("--json", metavar="OUT", help="Results file to write.")],
    manifest: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Best known values by name.")
    ] = None,
    time: Seconds = 10.0,
    workers: Workers = None,
    seed: Seed = 0,
) -> None:
    """Solve many instances and set the results beside the best known ones."""
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.live import Live

    from pilotline_scheduler.benchmark import cases, measure
    from pilotline_scheduler.errors import SchedulerError

    console = Console()
    results: list[Measurement] = []
    try:
        out.write_text("[]\n")
        with Live(console=console, auto_refresh=False, transient=True) as live:
            for case in cases(paths, form, manifest):
                live.update(
                    table_of_results(results[-_ROWS_SHOWN:], results, solving=case.problem.name),
                    refresh=console.is_terminal,
                )
                results.append(measure(case, time_limit_s=time, workers=workers, seed=seed))
                out.write_text(json.dumps([asdict(each) for each in results], indent=1) + "\n")
    except (SchedulerError, OSError) as error:
        fail(error)
    console.print(table_of_results(results, results))


@app.command()
def plot(
    problem: ProblemFile,
    plan: PlanFile,
    out: Annotated[Path, typer.Option(metavar="FILE", help="SVG, PNG or HTML file to write.")],
    form: Format = "pilotline",
) -> None:
    """Draw a plan as a Gantt chart: a picture, or a page to look around in."""
    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.gantt import draw
    from pilotline_scheduler.formats.instances import read_one
    from pilotline_scheduler.formats.pilotline_json import read_plan

    try:
        draw(read_one(problem, form), read_plan(plan), out)
    except (SchedulerError, OSError) as error:
        fail(error)
    typer.echo(str(out))


def _solved(
    problem: "Problem",
    time_limit_s: float,
    workers: int | None,
    seed: int,
    workforce: "Workforce | None",
    *,
    quiet: bool,
) -> "Answer":
    """Solve with progress on standard error; the first interrupt asks for the best so far."""
    import signal
    import threading

    from rich.console import Console
    from rich.live import Live

    from pilotline_scheduler.solver import solve as solved

    cancel = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: _interrupted(cancel))
    console = Console(stderr=True)
    shown = not quiet and console.is_terminal
    progress = Progress(time_limit_s, lines=not quiet and not shown)
    live = Live(
        console=console, get_renderable=progress.table, refresh_per_second=4, transient=True
    )
    try:
        if shown:
            live.start()
        return solved(
            problem,
            time_limit_s=time_limit_s,
            workers=workers,
            seed=seed,
            on_incumbent=progress.take,
            cancel=cancel,
            executor=workforce,
        )
    finally:
        if shown:
            live.stop()
        signal.signal(signal.SIGINT, before)


def _interrupted(cancel: "threading.Event") -> None:
    if cancel.is_set():
        raise KeyboardInterrupt
    cancel.set()
