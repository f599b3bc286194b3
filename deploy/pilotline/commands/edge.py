"""`pilotline edge`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands import edge_browse

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(no_args_is_help=True)
app.command()(edge_browse.browse)

DATA = Path("pilotline-data/edge")
Data = Annotated[
    Path, typer.Option("--data", help="Directory of journal, certificates and status.")
]


@app.callback()
def edge() -> None:
    """Read machines into the historian."""


@app.command()
def run(
    plant: Annotated[Path, typer.Argument(help="Plant file.")],
    data: Data = DATA,
    historian: Annotated[
        str | None,
        typer.Option(help="Where values go: sqlite:///FILE or influxdb://HOST:PORT/BUCKET."),
    ] = None,
    live: Annotated[
        str | None,
        typer.Option(help="API that shows live values; the token is PILOTLINE_EDGE_TOKEN."),
    ] = None,
    trust: Annotated[
        Path | None, typer.Option(help="Further folder of server certificates to accept.")
    ] = None,
    journal_mb: Annotated[
        int, typer.Option(min=1, help="Most megabytes kept while the historian is away.")
    ] = 2048,
) -> None:
    """Run one agent until it is told to stop."""
    from pilotline.logs import log_to_stderr
    from pilotline_edge import AgentSettings, EdgeError, run_agent
    from pilotline_historian import HistorianError, open_historian
    from pilotline_plant import PlantError
    from pilotline_plant.reading import read_plant

    log_to_stderr()
    _quiet_libraries()
    settings = AgentSettings(
        data=data,
        live_url=live,
        live_token=os.environ.get("PILOTLINE_EDGE_TOKEN"),
        trust=trust,
        journal_bytes=journal_mb * 1024 * 1024,
    )
    try:
        data.mkdir(parents=True, exist_ok=True)
        target = historian or f"sqlite:///{(data / 'historian.sqlite').absolute()}"
        run_agent(read_plant(plant), open_historian(target), settings)
    except (EdgeError, HistorianError, PlantError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command()
def status(
    data: Data = DATA,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Tell how an agent does; exit code 1 when none runs."""
    from pilotline_edge import read_status

    found = read_status(data)
    if as_json:
        typer.echo(json.dumps(found or {"running": False}, ensure_ascii=False))
    elif found is None:
        typer.echo(f"no agent has run on {data}; start one with `pilotline edge run`", err=True)
    else:
        from rich.console import Console

        console = Console()
        console.print(_machines(found))
        for line in _summary(found):
            console.print(line, highlight=False)
    if found is None or not found["running"]:
        raise typer.Exit(1)


def _quiet_libraries() -> None:
    """Silence asyncua, which logs each lost connection as errors with stacks; our events say it."""
    import logging

    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _machines(status: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(title=f"{status['agent']} reads {status['plant']}")
    table.add_column("Machine")
    table.add_column("Connection")
    for column in ("Values/s", "Lag s", "Gaps", "Healed"):
        table.add_column(column, justify="right")
    table.add_column("Covered until")
    table.add_column("Bad tags")
    for machine in status["machines"]:
        connected = machine["connected"]
        table.add_row(
            machine["id"],
            "connected" if connected else f"away: {machine['cause']}",
            f"{machine['values_per_s']:.1f}",
            "" if machine["lag_s"] is None else f"{machine['lag_s']:.2f}",
            str(machine["gaps"]),
            str(sum(machine["healed_by"].values())),
            machine["covered_until"],
            ", ".join(machine["bad_tags"]),
        )
    return table


def _summary(status: dict[str, Any]) -> list[str]:
    journal, historian, live = status["journal"], status["historian"], status["live"]
    lines = [
        f"journal: {journal['samples']} values in {journal['bytes'] / 1e6:.1f} MB"
        + (f", blocked: {journal['blocked']}" if journal["blocked"] else ""),
        f"historian: {historian['samples']} values delivered, {historian['rejected']} rejected"
        + (f", away: {historian['problem']}" if historian["problem"] else ""),
    ]
    if live is not None:
        lines.append(f"live: {live['problem'] or 'pushed'}")
    if not status["running"]:
        lines.append(f"no agent runs now; this is what it said at {status['updated']}")
    return lines
