"""`pilotline plant`: checks plant files and hands out the example plants."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from pilotline_plant.errors import PlantFileError
    from pilotline_plant.plant import Plant

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def plant() -> None:
    """See `pilotline --help`."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Plant file.", metavar="FILE")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read a plant file; list every mistake with file, line and reason.

    Exits with 0 when there is none and with 1 otherwise.
    """
    from pilotline_plant.errors import PlantFileError
    from pilotline_plant.reading import read_plant

    try:
        read = read_plant(file)
    except PlantFileError as refused:
        _refuse(file, refused, as_json=as_json)
    if as_json:
        _print_json({"file": str(file), "ok": True, "plant": _figures(read), "mistakes": []})
    else:
        _print_summary(file, read)


@app.command()
def example(
    name: Annotated[
        str | None, typer.Argument(help="Example plant; all are listed without it.", metavar="NAME")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Copy the plant file there, to be changed.", metavar="FILE")
    ] = None,
) -> None:
    """Print where an example plant file is, or copy it."""
    from shutil import copyfile

    from pilotline_plant.errors import PlantError
    from pilotline_plant.examples import example_plant, example_plants

    try:
        files = {each: example_plant(each) for each in ([name] if name else example_plants())}
    except PlantError as error:
        _fail(str(error))
    if out is None:
        for each, file in files.items():
            typer.echo(file if name else f"{each}\t{file}")
        return
    if name is None:
        _fail(f"say which example to copy to {out}: {', '.join(files)}")
    if out.exists():
        _fail(f"{out} exists already; choose another name")
    try:
        copyfile(files[name], out)
    except OSError as error:
        _fail(f"{out} cannot be written: {error.strerror}")
    typer.echo(out)


def _refuse(file: Path, refused: "PlantFileError", *, as_json: bool) -> NoReturn:
    from dataclasses import asdict

    if as_json:
        mistakes = [{**asdict(mistake), "file": str(mistake.file)} for mistake in refused.mistakes]
        _print_json({"file": str(file), "ok": False, "plant": None, "mistakes": mistakes})
    else:
        for mistake in refused.mistakes:
            typer.echo(mistake)
        count = len(refused.mistakes)
        typer.echo(f"{count} mistake{'s' if count > 1 else ''}")
    raise typer.Exit(1)


def _figures(plant: "Plant") -> dict[str, str | int]:
    return {
        "name": plant.name,
        "sites": len(plant.sites),
        "machines": len(plant.machines),
        "tags": sum(len(machine.tags) for machine in plant.machines),
        "calendars": len(plant.calendars),
        "changeovers": len(plant.changeovers),
        "pools": len(plant.pools),
        "clients": len(plant.clients),
        "walls": len(plant.walls),
        "procedures": len(plant.procedures),
    }


def _print_summary(file: Path, plant: "Plant") -> None:
    from rich.console import Console

    console = Console()
    console.print(_table_of_sites(plant))
    counts = ", ".join(
        f"{count} {noun.removesuffix('s') if count == 1 else noun}"
        for noun, count in _figures(plant).items()
        if noun != "name"
    )
    console.print(f"{file}: no mistakes. {counts}.", markup=False, highlight=False, soft_wrap=True)


def _table_of_sites(plant: "Plant") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(plant.name), title_justify="left")
    for heading in ("Site", "Time zone"):
        table.add_column(heading)
    for heading in ("Halls", "Machines", "Tags"):
        table.add_column(heading, justify="right")
    for site in plant.sites:
        machines = [machine for machine in plant.machines if machine.site == site.id]
        counts = (len(site.halls), len(machines), sum(len(each.tags) for each in machines))
        table.add_row(Text(site.name), Text(site.time_zone), *map(str, counts))
    return table


def _print_json(answer: dict[str, object]) -> None:
    import json

    typer.echo(json.dumps(answer, ensure_ascii=False))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
