"""`pilotline schedule explain`: why a run is late, why this machine, why there is no plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.schedule_options import (
    AsJson,
    Format,
    ProblemFile,
    Quantile,
    Seconds,
    fail,
    print_json,
    read_problem_at,
)

if TYPE_CHECKING:
    from pilotline_scheduler.explain import Lateness, MachineChoice, View
    from pilotline_scheduler.plan import Plan
    from pilotline_scheduler.problem import Problem

_WAITS_SHOWN = 4
"""Waits for a machine that a person reads; a program gets all."""


def explain(
    problem: ProblemFile,
    plan: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="Plan file; none: why there is no plan.")
    ] = None,
    form: Format = "pilotline",
    run: Annotated[str | None, typer.Option(help="Why this run ends when it does.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="Why this operation is on its machine.")
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="Say it as this customer may read it, about own runs only.")
    ] = None,
    time: Seconds = 30.0,
    quantile: Quantile = None,
    as_json: AsJson = False,
) -> None:
    """Say why runs are late, why an operation is on its machine, or why there is no plan.

    With a plan, every late run is explained. Without one, rules that contradict each other are
    named, each with a way out. Exits with 1 where rules contradict, or no answer came in time.
    """
    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.pilotline_json import read_plan

    try:
        read = read_problem_at(problem, form, quantile)
        if plan is None:
            raise typer.Exit(_conflict(read, time, as_json=as_json))
        planned = read_plan(plan)
        if operation is not None:
            _machine(read, planned, operation, client, as_json=as_json)
        else:
            _late(read, planned, run, client, as_json=as_json)
    except (SchedulerError, OSError) as error:
        fail(error)


def _conflict(problem: "Problem", time_limit_s: float, *, as_json: bool) -> int:
    from dataclasses import asdict

    from pilotline_scheduler.explain import Verdict, explain_conflict

    found = explain_conflict(problem, time_limit_s)
    if as_json:
        told = asdict(found)
        told.pop("plan")
        print_json(told)
    elif found.verdict is Verdict.CONFLICT:
        typer.echo(f"{problem.name} has no plan, for {', '.join(found.runs)} cannot be planned:")
        for member in found.members:
            typer.echo(f"  - {member.sentence}")
            if member.way_out is not None:
                least = " (no less will do)" if member.way_out.least else ""
                typer.echo(f"      way out: {member.way_out.told}{least}")
        if not found.members:
            typer.echo(f"  - {found.message}")
        if not found.minimal:
            typer.echo("not yet minimal: time ended before each rule was shown to be needed")
    else:
        typer.echo(found.message)
    return 0 if found.verdict is Verdict.PLAN else 1


def _view(problem: "Problem", client: str | None) -> "View":
    from pilotline_scheduler.errors import AnalysisError
    from pilotline_scheduler.explain import View

    if client is not None and client not in {run.client for run in problem.runs}:
        message = f"the problem has no client {client!r}"
        raise AnalysisError(message)
    return View(client)


def _late(
    problem: "Problem", plan: "Plan", run: str | None, client: str | None, *, as_json: bool
) -> None:
    from dataclasses import asdict

    from pilotline_scheduler.explain import explain_late
    from pilotline_scheduler.explain.floor import Floor
    from pilotline_scheduler.explain.late import late_runs

    view = _view(problem, client)
    floor = Floor(problem, plan)
    own = {each.id for each in problem.runs if client in (None, each.client)}
    wanted = [each for each in ([run] if run else late_runs(problem, plan)) if each in own]
    if run is not None and not wanted:
        from pilotline_scheduler.errors import AnalysisError

        message = f"there is no run {run!r}" + (f" of client {client!r}" if client else "")
        raise AnalysisError(message)
    found = [explain_late(problem, plan, each, view, floor) for each in wanted]
    if as_json:
        print_json({"runs": [asdict(each) for each in found]})
        return
    for each in found:
        _print_late(each)
    if not found:
        typer.echo("no run is late")


def _print_late(lateness: "Lateness") -> None:
    first, *others = lateness.sentences
    typer.echo(first)
    for sentence in others:
        typer.echo(f"  {sentence}")
    parts = " ".join(f"{ticks:+d} {cause.value}" for cause, ticks in lateness.causes)
    typer.echo(f"  in sum: {parts} = {lateness.ticks}")


def _machine(
    problem: "Problem", plan: "Plan", operation: str, client: str | None, *, as_json: bool
) -> None:
    from dataclasses import asdict

    from pilotline_scheduler.errors import AnalysisError
    from pilotline_scheduler.explain import explain_machine

    view = _view(problem, client)
    owners = {each.id: run.client for run in problem.runs for each in run.operations}
    if client is not None and owners.get(operation) != client:
        message = f"there is no operation {operation!r} of client {client!r}"
        raise AnalysisError(message)
    found = explain_machine(problem, plan, operation, view)
    if as_json:
        print_json(asdict(found))
    else:
        _print_choice(found)


def _print_choice(choice: "MachineChoice") -> None:
    typer.echo(
        f"{choice.operation} is on {choice.machine} from {choice.start} to {choice.end}; "
        f"its own run lets it start from {choice.ready}"
    )
    if choice.decided:
        typer.echo(f"  {choice.decided}")
    for option in choice.options:
        typer.echo(f"  {option.sentence}")
        for wait in option.waits[:_WAITS_SHOWN]:
            typer.echo(f"      {wait.sentence}")
        if len(option.waits) > _WAITS_SHOWN:
            typer.echo(f"      and {len(option.waits) - _WAITS_SHOWN} waits more")
