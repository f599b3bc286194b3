"""`pilotline schedule replan`: a plan that holds again after disruptions."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pilotline_scheduler.replan import Disruption, Replan, Times

Many = list[str]
ProblemFile = Annotated[Path, typer.Argument(metavar="PROBLEM", help="Problem file.")]
PublishedPlan = Annotated[Path, typer.Argument(metavar="PLAN", help="The published plan.")]
Now = Annotated[str, typer.Option(metavar="TIME", help="A tick, or 2026-01-06T10:00Z.")]
Down = Annotated[
    Many | None, typer.Option(metavar="MACHINE=FROM..UNTIL", help="A machine is down.")
]
Ends = Annotated[
    Many | None, typer.Option(metavar="OPERATION=END", help="What runs ends then instead.")
]
Late = Annotated[
    Many | None, typer.Option(metavar="RUN[/OPERATION]=UNTIL", help="Its material comes then.")
]
Urgent = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="New runs as JSON; others make room.")
]
Cancel = Annotated[Many | None, typer.Option(metavar="RUN", help="A run is given up.")]
Short = Annotated[
    Many | None,
    typer.Option(metavar="POOL=UNITS@FROM..UNTIL", help="A pool has so many units fewer."),
]
Seconds = Annotated[float, typer.Option("--time", min=0.0, help="Seconds in all; 0 only repairs.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Threads; one per core by default.", show_default=False)
]
Seed = Annotated[int, typer.Option(help="The same seed draws the same.")]
Zone = Annotated[str, typer.Option(help="Time zone of what is printed.")]
NewPlan = Annotated[Path | None, typer.Option(metavar="PLAN", help="Plan file to write.")]
NewProblem = Annotated[
    Path | None, typer.Option(metavar="PROBLEM", help="Write the problem after the disruptions.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def replan(
    problem: ProblemFile,
    plan: PublishedPlan,
    now: Now,
    down: Down = None,
    overrun: Ends = None,
    late: Late = None,
    urgent: Urgent = None,
    cancel: Cancel = None,
    short: Short = None,
    time: Seconds = 10.0,
    workers: Workers = None,
    seed: Seed = 0,
    zone: Zone = "UTC",
    out: NewPlan = None,
    problem_out: NewProblem = None,
    as_json: AsJson = False,
) -> None:
    """Mend a published plan after a disruption: at once, then better while there is time.

    What has begun stays. First promises are kept, then as little as possible moves.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats import pilotline_json as files
    from pilotline_scheduler.replan import Times
    from pilotline_scheduler.replan import replan as replanned

    repaired_s: list[float] = []
    try:
        read = replace(files.read_problem(problem), previous=files.read_plan(plan).operations)
        tick = Times.of(read, 0).tick(now)
        times = Times.of(read, tick, ZoneInfo(zone))
        disruptions = disruptions_of(
            times, down=down, overrun=overrun, late=late, short=short, cancel=cancel, urgent=urgent
        )
        found = replanned(
            read,
            tick,
            disruptions,
            time_limit_s=time,
            workers=workers,
            seed=seed,
            on_repaired=lambda each: repaired_s.append(each.wall_s),
            times=times,
        )
        _write(found, out, problem_out)
    except (SchedulerError, OSError, ZoneInfoNotFoundError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(document(found, repaired_s[0]), ensure_ascii=False))
    else:
        _print(found, times, repaired_s[0])


def _write(found: "Replan", plan: Path | None, problem: Path | None) -> None:
    from pilotline_scheduler.formats.pilotline_json import write_plan, write_problem

    if plan is not None:
        write_plan(found.plan, plan)
    if problem is not None:
        write_problem(found.problem, problem)


def disruptions_of(
    times: "Times",
    *,
    down: Many | None,
    overrun: Many | None,
    late: Many | None,
    short: Many | None,
    cancel: Many | None,
    urgent: list[Path] | None,
) -> "list[Disruption]":
    """Return the disruptions that options name.

    Raises:
        SchedulerError: an option is not of its form.
    """
    from pilotline_scheduler.formats.pilotline_json import read_runs
    from pilotline_scheduler.replan import (
        CancelledRun,
        LateMaterial,
        MachineDown,
        Overrun,
        PoolShortage,
        UrgentRun,
    )

    found: list[Disruption] = []
    for text in down or ():
        machine, span = _parted(text, "=", "--down MACHINE=FROM..UNTIL")
        found.append(MachineDown(machine, *_span(times, span, "--down MACHINE=FROM..UNTIL")))
    for text in overrun or ():
        operation, end = _parted(text, "=", "--overrun OPERATION=END")
        found.append(Overrun(operation, times.tick(end)))
    for text in late or ():
        name, until = _parted(text, "=", "--late RUN=UNTIL")
        run, _, part = name.partition("/")
        found.append(LateMaterial(run, times.tick(until), part or None))
    for text in short or ():
        form = "--short POOL=UNITS@FROM..UNTIL"
        pool, rest = _parted(text, "=", form)
        units, span = _parted(rest, "@", form)
        found.append(PoolShortage(pool, _count(units, form), *_span(times, span, form)))
    found += [CancelledRun(run) for run in cancel or ()]
    found += [UrgentRun(run) for path in urgent or () for run in read_runs(path)]
    return found


def _parted(text: str, mark: str, form: str) -> tuple[str, str]:
    from pilotline_scheduler.errors import FormatError

    before, found, after = text.rpartition(mark) if mark == "=" else text.partition(mark)
    if not found or not before or not after:
        message = f"{text!r} is not of the form {form}"
        raise FormatError(message)
    return before, after


def _span(times: "Times", text: str, form: str) -> tuple[int, int]:
    start, end = _parted(text, "..", form)
    return times.tick(start), times.tick(end)


def _count(text: str, form: str) -> int:
    from pilotline_scheduler.errors import FormatError

    if not text.isdecimal():
        message = f"{text!r} is no number of units, as in {form}"
        raise FormatError(message)
    return int(text)


def document(found: "Replan", repaired_s: float) -> dict[str, object]:
    """Return what ``replan --json`` prints."""
    return {
        "stage": found.stage.value,
        "operations": found.operations,
        "moved": len(found.moves),
        "machine_changed": found.machine_changes,
        "promises_broken": len(found.broken),
        "repaired_s": repaired_s,
        "wall_s": found.wall_s,
        "moves": [
            {
                "operation": move.operation,
                "before": asdict(move.before),
                "after": asdict(move.after),
                "reason": move.reason,
                "sentence": move.sentence,
            }
            for move in found.moves
        ],
        "broken": [asdict(each) for each in found.broken],
        "concessions": list(found.concessions),
    }


def _print(found: "Replan", times: "Times", repaired_s: float) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if found.moves:
        table = Table("Operation", "Was", "Is", "Machine", "Why")
        for move in found.moves:
            machine = move.after.machine
            if move.machine_changed:
                machine = f"{move.before.machine} → {machine}"
            was, now = times.at(move.before.start), times.at(move.after.start)
            table.add_row(move.operation, was, now, machine, move.reason)
        console.print(table)
    for each in found.broken:
        console.print(f"[bold]promise broken[/bold]  {each.sentence}", highlight=False)
    for sentence in found.concessions:
        console.print(f"[bold]given up[/bold]  {sentence}", highlight=False)
    console.print(
        f"{found.stage.value}: {len(found.moves)} of {found.operations} operations move, "
        f"{found.machine_changes} to another machine; {len(found.broken)} promises broken; "
        f"repaired in {repaired_s:.2f} s, {found.wall_s:.2f} s in all",
        highlight=False,
    )
