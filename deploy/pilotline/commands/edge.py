"""`pilotline edge`."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pilotline.commands import edge_browse, edge_trust

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(edge_browse.browse)
app.add_typer(edge_trust.app, name="trust")

DATA = Path("pilotline-data/edge")
Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Directory of journal, certificates and status."),
]


@app.callback()
def edge() -> None:
    """Read machines into the historian."""


@app.command()
def run(
    plant: Annotated[Path, typer.Argument(metavar="PLANT", help="Plant file.")],
    data: Data = DATA,
    historian: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="PILOTLINE_HISTORIAN",
            help="Where values go: sqlite:///FILE, influxdb://HOST:PORT/BUCKET or "
            "victoriametrics://HOST:PORT; by default a file in the data directory.",
        ),
    ] = None,
    live: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where live values go: an API (http://…, token in PILOTLINE_EDGE_TOKEN) or a "
            "broker (mqtt://HOST[:PORT]\\[/PREFIX], mqtts://…).",
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Further folder of server certificates to accept."),
    ] = None,
    journal_mb: Annotated[
        int,
        typer.Option(metavar="MB", min=1, help="Most megabytes kept while the historian is away."),
    ] = 2048,
    journal_hours: Annotated[
        float | None,
        typer.Option(
            metavar="HOURS",
            min=0.01,
            help="Longest time anything is kept while the historian is away; what is older becomes "
            "a declared gap. For ever unless given.",
        ),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help="Serve /metrics, /live and /ready; 0 for a free port.",
        ),
    ] = None,
    metrics_host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address they are served on; others than loopback see the figures.",
        ),
    ] = "127.0.0.1",
) -> None:
    """Run one agent until it is told to stop; a changed plant file is taken as it runs."""
    from pilotline.logs import log_to_stderr
    from pilotline_edge import AgentSettings, EdgeError, MetricsAddress, run_agent
    from pilotline_edge.data_directory import prepare
    from pilotline_edge.fleet.reload import signature
    from pilotline_historian import HistorianError, open_historian
    from pilotline_plant import PlantError
    from pilotline_plant.reading import read_plant

    log_to_stderr()
    _quiet_libraries()
    if trust is not None and not trust.is_dir():
        raise typer.BadParameter(f"--trust {trust}: there is no such folder")
    settings = AgentSettings(
        data=data,
        live_url=live,
        live_token=os.environ.get("PILOTLINE_EDGE_TOKEN"),
        trust=trust,
        journal_bytes=journal_mb * 1024 * 1024,
        journal_keep_s=None if journal_hours is None else journal_hours * 3600,
        plant_file=plant,
        plant_state=signature(plant),
        metrics=None if metrics_port is None else MetricsAddress(metrics_port, metrics_host),
    )
    try:
        prepare(data)
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
    from pilotline_edge import EdgeError, read_status

    try:
        found = read_status(data)
    except EdgeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(found or {"running": False}, ensure_ascii=False))
    elif found is None:
        typer.echo(
            f"no agent has run on {data}; name its directory by --data, or start one with "
            "`pilotline edge run`",
            err=True,
        )
    elif "plant_file" not in found:
        typer.echo(
            f"the status in {data} is an older agent's; restart the agent, or use --json", err=True
        )
    else:
        from rich.console import Console

        from pilotline.commands.edge_status import pages

        console = Console(markup=False)
        for page in pages(found, datetime.now(UTC)):
            console.print(page)
    if found is None or not found["running"]:
        raise typer.Exit(1)


def _quiet_libraries() -> None:
    """Silence asyncua, which logs each lost connection as errors with stacks; our events say it."""
    import logging

    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)
