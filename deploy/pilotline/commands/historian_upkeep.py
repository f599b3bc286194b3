"""`pilotline historian init` and `backup`: what an administrator does to a store."""

from pathlib import Path
from typing import Annotated

import typer

from pilotline.commands.historian_access import HistorianUrl, fail, opened

_FOR_EVER = "forever"


def init(
    url: HistorianUrl,
    keep: Annotated[
        str, typer.Option(metavar="DURATION", help="At least so long: 90d, 52w, or forever.")
    ] = _FOR_EVER,
) -> None:
    """Make the store ready, and set how long it keeps samples and gaps."""
    from pilotline_historian.times import read_duration

    try:
        keep_ns = None if keep == _FOR_EVER else read_duration(keep)
    except ValueError as error:
        raise typer.BadParameter(f"--keep {error}, or forever") from None
    with opened(url) as store:
        store.retain(keep_ns)
    kept = "for ever" if keep_ns is None else f"for {keep} at least"
    typer.echo(f"The historian is ready; it keeps samples and gaps {kept}.")


def backup(
    url: HistorianUrl,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The copy; it must not be there yet.")],
) -> None:
    """Copy the embedded store as it is now, while it is written and read."""
    from pilotline_historian.embedded import EmbeddedHistorian

    with opened(url) as store:
        if not isinstance(store, EmbeddedHistorian):
            fail(f"{url} is a server; back it up with its own tool (influxd backup, influx backup)")
        try:
            store.back_up(out)
        except OSError as error:
            fail(f"the copy {out} was not made: {error}")
    typer.echo(f"{out}: {out.stat().st_size:,} bytes")
