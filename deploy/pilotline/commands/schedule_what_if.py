"""`pilotline schedule what-if`: what would change if the line or the orders were different."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.schedule_options import (
    AsJson,
    Format,
    ProblemFile,
    Seconds,
    Seed,
    Workers,
    fail,
    print_json,
)

if TYPE_CHECKING:
    from rich.table import Table

    from pilotline_scheduler.problem import Interval
    from pilotline_scheduler.what_if import Comparison, Figure, Outcome, Variation

_Hours = Annotated[
    list[str] | None,
    typer.Option("--open", metavar="MACHINE=FROM-TO", help="A machine is open in more hours."),
]
_Units = Annotated[
    list[str] | None,
    typer.Option(
        "--units", metavar="POOL=+N[@FROM-TO]", help="A pool has more or fewer units, or then."
    ),
]


def _many(name: str, metavar: str, words: str) -> object:
    return typer.Option(name, metavar=metavar, help=words)


def what_if(
    problem: ProblemFile,
    form: Format = "pilotline",
    plan: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="Plan to begin from, such as published.")
    ] = None,
    opened: _Hours = None,
    units: _Units = None,
    second: Annotated[
        list[str] | None, _many("--second", "MACHINE", "There is another machine like this one.")
    ] = None,
    without: Annotated[
        list[str] | None, _many("--without", "MACHINE", "A machine is not there.")
    ] = None,
    drop: Annotated[list[str] | None, _many("--drop", "RUN", "A run is not asked for.")] = None,
    due: Annotated[list[str] | None, _many("--due", "RUN=TICK", "Another due tick.")] = None,
    release: Annotated[list[str] | None, _many("--release", "RUN=TICK", "Another release.")] = None,
    deadline: Annotated[
        list[str] | None, _many("--deadline", "RUN=TICK", "Another deadline.")
    ] = None,
    weight: Annotated[list[str] | None, _many("--weight", "RUN=N", "Another weight.")] = None,
    time: Seconds = 10.0,
    workers: Workers = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Plan a problem as it is and with variations, and show what changes in every figure.

    Each variation can be given several times; all together make one other problem. Both are planned
    for the time given. Exits with 1 when one of them has no plan.
    """
    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.instances import read_one
    from pilotline_scheduler.formats.pilotline_json import read_plan
    from pilotline_scheduler.what_if import what_if as compared

    runs = {"due": due, "release": release, "deadline": deadline, "weight": weight}
    try:
        variations = [
            *_capacity(opened or [], units or [], second or []),
            *_orders(drop or [], {name: given or [] for name, given in runs.items()}),
            *_removed(without or []),
        ]
        found = compared(
            read_one(problem, form),
            variations,
            plan=None if plan is None else read_plan(plan),
            time_limit_s=time,
            workers=workers,
            seed=seed,
        )
    except (SchedulerError, OSError) as error:
        fail(error)
    if as_json:
        print_json(_report(found))
    else:
        _print(found)
    raise typer.Exit(0 if found.before.plan is not None and found.after.plan is not None else 1)


def _capacity(opened: list[str], units: list[str], second: list[str]) -> Iterator["Variation"]:
    from pilotline_scheduler.what_if import MorePoolUnits, OpenHours, SecondMachine

    for each in opened:
        machine, hours = _pair(each, "MACHINE=FROM-TO")
        yield OpenHours(machine, (_hours(hours),))
    for each in units:
        pool, words = _pair(each, "POOL=+N or POOL=+N@FROM-TO")
        number, _, when = words.partition("@")
        yield MorePoolUnits(pool, _whole(number), (_hours(when),) if when else ())
    for each in second:
        yield SecondMachine(each)


def _orders(drop: list[str], changes: dict[str, list[str]]) -> Iterator["Variation"]:
    from pilotline_scheduler.what_if import ChangedRun, DroppedRun

    for each in drop:
        yield DroppedRun(each)
    for name, given in changes.items():
        for each in given:
            run, value = _pair(each, f"RUN=TICK after --{name}")
            yield ChangedRun(run, **{name: _whole(value)})


def _removed(without: list[str]) -> Iterator["Variation"]:
    from pilotline_scheduler.what_if import RemovedMachine

    for each in without:
        yield RemovedMachine(each)


def _pair(words: str, form: str) -> tuple[str, str]:
    from pilotline_scheduler.errors import AnalysisError

    name, equals, value = words.rpartition("=")
    if not equals:
        message = f"{words!r} is not of the form {form}"
        raise AnalysisError(message)
    return name, value


def _whole(words: str) -> int:
    from pilotline_scheduler.errors import AnalysisError

    try:
        return int(words)
    except ValueError as error:
        message = f"{words!r} is no whole number"
        raise AnalysisError(message) from error


def _hours(words: str) -> "Interval":
    from pilotline_scheduler.errors import AnalysisError
    from pilotline_scheduler.problem import Interval

    start, dash, end = words.partition("-")
    if not dash:
        message = f"{words!r} is not of the form FROM-TO, in ticks"
        raise AnalysisError(message)
    return Interval(_whole(start), _whole(end))


def _report(found: "Comparison") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "variations": found.variations,
        "verdict": found.verdict,
        "before": _side(found.before),
        "after": _side(found.after),
        "figures": [{**asdict(each), "change": each.change} for each in found.figures],
    }


def _side(outcome: "Outcome") -> dict[str, object]:
    answer = outcome.answer
    return {
        "status": answer.status.value,
        "objectives": answer.objective,
        "bounds": answer.bound,
        "wall_s": answer.wall_s,
        "message": answer.message,
    }


def _print(found: "Comparison") -> None:
    from rich.console import Console

    typer.echo(f"what if {' and '.join(found.variations)}:")
    typer.echo(found.verdict)
    Console().print(_table(found))


def _table(found: "Comparison") -> "Table":
    from rich.table import Table

    table = Table("", "Figure")
    for heading in ("As it is", "Varied", "Change"):
        table.add_column(heading, justify="right", no_wrap=True)
    group = ""
    for each in found.figures:
        if each.group != "plan" and each.change == 0:
            continue
        table.add_row(
            "" if each.group == group else each.group,
            each.name,
            _number(each, each.before),
            _number(each, each.after),
            _number(each, each.change, sign="+"),
        )
        group = each.group
    table.caption = "in ticks, units or shares; figures of machines, pools and clients that change"
    return table


def _number(figure: "Figure", value: float | None, sign: str = "") -> str:
    if value is None:
        return "-"
    if figure.name in ("allocation", "utilisation"):
        return f"{100 * value:{sign}.1f} %"
    return f"{value:{sign},.0f}"
