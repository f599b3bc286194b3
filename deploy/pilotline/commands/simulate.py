"""`pilotline simulate`."""

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """See `pilotline --help`."""
