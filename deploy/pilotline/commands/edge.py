"""`pilotline edge`."""

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def edge() -> None:
    """See `pilotline --help`."""
