"""`pilotline schedule quote`: slots for new runs in a published plan."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pilotline_scheduler.quote import Option, Quote
    from pilotline_scheduler.replan import Times


def quote(
    problem: Annotated[Path, typer.Argument(metavar="PROBLEM", help="Problem file.")],
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The published plan.")],
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="JSON file with a run, or a list of runs.")
    ],
    now: Annotated[
        str, typer.Option(metavar="TIME", help="No slot begins before; a tick or an instant.")
    ] = "0",
    rates: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Prices of machines and energy as JSON.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of what is printed.")] = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Offer slots for new runs, without moving anything that is planned.

    Exits with 0 when there is an option and with 1 otherwise.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from pilotline_scheduler.errors import SchedulerError
    from pilotline_scheduler.formats.pilotline_json import read_plan, read_problem, read_runs
    from pilotline_scheduler.quote import QuoteDesk, Rates
    from pilotline_scheduler.quote.rates_json import read_rates
    from pilotline_scheduler.replan import Times

    try:
        read = read_problem(problem)
        tick = Times.of(read, 0).tick(now)
        times = Times.of(read, tick, ZoneInfo(zone))
        prices = Rates.of(read) if rates is None else read_rates(rates)
        desk = QuoteDesk(read, read_plan(plan), now=tick, rates=prices)
        found = desk.quote(*read_runs(run))
    except (SchedulerError, OSError, ZoneInfoNotFoundError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(document(found), ensure_ascii=False))
    else:
        _print(found, times)
    raise typer.Exit(0 if found.options else 1)


def document(found: "Quote") -> dict[str, object]:
    """Return what ``quote --json`` prints."""
    return {
        "runs": [run.id for run in found.runs],
        "options": [asdict(option) for option in found.options],
        "hindrances": [asdict(each) for each in found.hindrances],
        "soonest_end": found.soonest_end,
        "wall_s": found.wall_s,
    }


def _print(found: "Quote", times: "Times") -> None:
    from rich.console import Console

    console = Console()
    for option in found.options:
        console.print(_table(option, times))
    if found.options:
        return
    for each in found.hindrances:
        typer.echo(each.sentence(times))
    if found.soonest_end is not None:
        typer.echo(f"without its deadline it would end {times.at(found.soonest_end)}")


def _table(option: "Option", times: "Times") -> object:
    from rich.table import Table

    table = Table(
        "Operation", "Machine", "Set up", "Start", "End", title=", ".join(option.aims), min_width=60
    )
    for slot in option.slots:
        setup = times.at(slot.setup_start) if slot.setup_start < slot.start else "-"
        table.add_row(slot.operation, slot.machine, setup, times.at(slot.start), times.at(slot.end))
    late = f", {times.span(option.late)} late" if option.late else ""
    gas = "" if option.greenhouse is None else f", greenhouse {option.greenhouse:,.0f}"
    table.caption = (
        f"ends {times.at(option.end)}{late}; cost {option.cost:,.2f}, "
        f"{option.changeovers} changeovers, energy {option.energy:,}{gas}"
    )
    return table
