"""The historian that a command works on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from pilotline_historian import Historian

HistorianUrl = Annotated[
    str,
    typer.Option(
        "--historian",
        envvar="PILOTLINE_HISTORIAN",
        metavar="URL",
        help="sqlite:///FILE, or influxdb://HOST:PORT/BUCKET?org=ORG.",
    ),
]


@contextmanager
def opened(url: str, *, create: bool = False) -> Iterator["Historian"]:
    """Open the historian of a URL for the block; its errors end the command.

    Args:
        url: where it is.
        create: whether a file that is not there is made; whoever only looks mistyped its name.
    """
    from pilotline.logs import log_to_stderr
    from pilotline_historian import HistorianError, open_historian

    log_to_stderr(warnings_only=True)
    try:
        store = open_historian(url, create=create)
        try:
            yield store
            sys.stdout.flush()
        finally:
            store.close()
    except HistorianError as error:
        fail(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        # Standard output is the only file that a command writes without a word of its own.
        where = error.filename or "what is printed"
        _forget_output()
        fail(f"{where} cannot be written: {error.strerror or error}")


def _forget_output() -> None:
    """Let what standard output holds go nowhere: Python would fail once more as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def fail(message: str) -> NoReturn:
    """End the command with an error in a sentence."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)
