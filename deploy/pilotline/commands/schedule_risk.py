"""`pilotline schedule risk`: the chance that a plan keeps its promises."""

from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.schedule_options import (
    AsJson,
    Format,
    PlanFile,
    ProblemFile,
    Quantile,
    Seed,
    fail,
    print_json,
    read_problem_at,
)

if TYPE_CHECKING:
    from rich.table import Table

    from pilotline_scheduler.robustness import Chance, PlanRisk

_OPERATIONS_SHOWN = 8
_DRIVERS_SHOWN = 1


def risk(
    problem: ProblemFile,
    plan: PlanFile,
    form: Format = "pilotline",
    samples: Annotated[int, typer.Option(min=1, help="Executions of the plan.")] = 1000,
    seed: Seed = 0,
    shorter: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Share by which work without a spread takes less at best (0 if --longer)."
        ),
    ] = None,
    longer: Annotated[
        float | None,
        typer.Option(min=0.0, help="Share by which it takes more at worst (0 if --shorter)."),
    ] = None,
    early: Annotated[
        bool, typer.Option("--early", help="Work may start before its planned start.")
    ] = False,
    quantile: Quantile = None,
    as_json: AsJson = False,
) -> None:
    """Execute a plan many times with sampled durations: the chance of each promise.

    Durations come from the spread of each mode. Machines and orders stay; what is held up is pushed
    right.
    """
    from dataclasses import asdict

    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.pilotline_json import read_plan
    from pilotline_scheduler.robustness import risk as weighed
    from pilotline_scheduler.robustness import with_usual_spread

    try:
        read = read_problem_at(problem, form, quantile)
        if shorter is not None or longer is not None:
            read = with_usual_spread(read, shorter or 0.0, longer or 0.0)
        found = weighed(read, read_plan(plan), samples=samples, seed=seed, early=early)
    except (SchedulerError, OSError) as error:
        fail(error)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)


def _print(found: "PlanRisk") -> None:
    from rich.console import Console

    kept = _percent(found.all_by_due)
    typer.echo(f"{found.samples:,} executions; every due tick is kept in {kept}")
    if found.weighted_tardiness is not None and found.weighted_tardiness_p90 is not None:
        typer.echo(
            f"weighted tardiness {found.weighted_tardiness:,.0f} on average, "
            f"at most {found.weighted_tardiness_p90:,.0f} in 90 of 100"
        )
    Console().print(_table(found))
    typer.echo("most often on the way to a delay:")
    for each in found.operations[:_OPERATIONS_SHOWN]:
        if each.criticality:
            share = f"{100 * each.criticality:.0f} %"
            typer.echo(
                f"  {each.operation}: {share}, starts {each.mean_delay:,.0f} late on average"
            )
    for lag in found.lags:
        side = f"at most {lag.maximum}" if lag.maximum is not None else f"at least {lag.minimum}"
        typer.echo(f"{lag.before} to {lag.after}, {side}: breaks in {_percent(lag.broken)}")


def _percent(chance: "Chance | None") -> str:
    if chance is None:
        return "-"
    return f"{100 * chance.share:.0f} % ({100 * chance.low:.0f}-{100 * chance.high:.0f})"


def _table(found: "PlanRisk") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Run", overflow="fold", min_width=10)
    for heading in ("Due", "In time", "Deadline", "Late by", "90 % by"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Mostly for", overflow="fold", min_width=10)
    for run in found.runs:
        if run.due is None and run.deadline is None:
            continue
        late = run.expected_lateness
        table.add_row(
            run.run,
            "-" if run.due is None else f"{run.due:,}",
            _percent(run.by_due),
            "-" if run.by_deadline is None else f"{100 * run.by_deadline.share:.0f} %",
            "-" if late is None else f"{late:,.0f}",
            "-" if run.end_p90 is None else f"{run.end_p90:,}",
            ", ".join(each.operation for each in run.drivers[:_DRIVERS_SHOWN]),
        )
    return table
