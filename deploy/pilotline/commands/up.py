"""`pilotline up`: everything on this machine."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def up(
    plant: Annotated[
        Path | None, typer.Option(help="Plant file; the example plant without it.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("pilotline-data"),
    host: Annotated[str, typer.Option(help="Address to serve the pages on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8700,
    historian: Annotated[
        str | None,
        typer.Option(envvar="PILOTLINE_HISTORIAN", help="Historian URL; embedded without it."),
    ] = None,
    simulators: Annotated[
        bool, typer.Option("--simulators/--no-simulators", help="Simulate the plant's machines.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of the simulators.")] = 1,
    ledger: Annotated[
        Path | None, typer.Option(help="Write every sample the simulators emit to this file.")
    ] = None,
    replay: Annotated[
        list[str] | None,
        typer.Option(metavar="MACHINE=FILE", help="Replay a recording on a machine; repeatable."),
    ] = None,
    solve_seconds: Annotated[
        int, typer.Option(min=1, help="How long the first plan may be improved.")
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Tell what happens as JSON lines.")
    ] = False,
) -> None:
    """Start simulators, edge, API and worker here; print addresses and demo logins."""
    from rich.console import Console

    from pilotline.errors import StartError
    from pilotline.up.banner import JsonScreen, TerminalScreen
    from pilotline.up.data_directory import DataDirectory
    from pilotline.up.line import Wishes
    from pilotline.up.run import run
    from pilotline_plant.errors import PlantError
    from pilotline_plant.examples import example_plant

    wishes = Wishes(
        plant=plant or example_plant("taastrup"),
        data=DataDirectory(data),
        host=host,
        port=port,
        historian=historian,
        simulators=simulators,
        seed=seed,
        ledger=ledger,
        replays=tuple(replay or ()),
        solve_s=solve_seconds,
    )
    console = Console(soft_wrap=True, highlight=False)
    try:
        run(wishes, JsonScreen(console) if as_json else TerminalScreen(console))
    except (StartError, PlantError) as error:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(str(error))
        raise typer.Exit(2) from error
