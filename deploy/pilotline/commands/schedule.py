"""`pilotline schedule`."""

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def schedule() -> None:
    """See `pilotline --help`."""
