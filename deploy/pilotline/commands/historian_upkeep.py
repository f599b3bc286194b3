"""`pilotline historian init`, `downsample` and `backup`: what an administrator does to a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.historian_access import HistorianUrl, fail, opened
from pilotline.commands.historian_printing import End, span_of

if TYPE_CHECKING:
    from pilotline_historian import Historian
    from pilotline_historian.influxdb import InfluxHistorian

_FOR_EVER = "forever"


def init(
    url: HistorianUrl,
    keep: Annotated[
        str, typer.Option(metavar="DURATION", help="At least so long: 90d, 52w, or forever.")
    ] = _FOR_EVER,
    downsample: Annotated[
        bool,
        typer.Option("--downsample", help="Let InfluxDB reduce samples by minute and hour."),
    ] = False,
    keep_reduced: Annotated[
        str, typer.Option(metavar="DURATION", help="With --downsample: keep reductions so long.")
    ] = _FOR_EVER,
    late: Annotated[
        str,
        typer.Option(metavar="DURATION", help="With --downsample: how late samples may come."),
    ] = "1h",
) -> None:
    """Make the store ready, and set how long it keeps samples and gaps."""
    keep_ns = _kept_ns("--keep", keep)
    keep_reduced_ns = _kept_ns("--keep-reduced", keep_reduced)
    late_ns = _duration_ns("--late", late)
    where: tuple[str, ...] = ()
    with opened(url, create=True) as store:
        store.retain(keep_ns)
        if downsample:
            where = _influxdb(store, url).downsample(keep_reduced_ns, late_ns)
    kept = "for ever" if keep_ns is None else f"for {keep} at least"
    typer.echo(f"The historian is ready; it keeps samples and gaps {kept}.")
    if where:
        typer.echo(f"It reduces samples by minute into {where[0]} and by hour into {where[1]}.")


def downsample(
    url: HistorianUrl,
    start: Annotated[str, typer.Option(metavar="TIME", help="2026-11-22T06:00Z, or 8h ago: 8h.")],
    end: End = "now",
) -> None:
    """Reduce samples by minute and hour again, for those that came too late."""
    from rich.console import Console
    from rich.progress import Progress

    with opened(url) as store, Progress(console=Console(stderr=True)) as progress:
        start_ns, end_ns = span_of(start, end)
        task = progress.add_task("Reducing", total=end_ns - start_ns)
        for done_ns in _influxdb(store, url).reduce_anew(start_ns, end_ns):
            progress.update(task, completed=min(done_ns, end_ns) - start_ns)
    typer.echo("Reductions by minute and hour are up to date.")


def _influxdb(store: "Historian", url: str) -> "InfluxHistorian":
    """Return the store if it is InfluxDB; another one ends the command."""
    from pilotline_historian.embedded import EmbeddedHistorian

    if isinstance(store, EmbeddedHistorian):
        fail(f"{url} keeps reductions by itself; leave --downsample out")
    from pilotline_historian.influxdb import InfluxHistorian

    if not isinstance(store, InfluxHistorian):
        fail(f"{url} has no downsampling that Pilotline could arrange; leave --downsample out")
    return store


def _kept_ns(option: str, keep: str) -> int | None:
    return None if keep == _FOR_EVER else _duration_ns(option, keep, f", or {_FOR_EVER}")


def _duration_ns(option: str, duration: str, otherwise: str = "") -> int:
    from pilotline_historian.times import read_duration

    try:
        return read_duration(duration)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}{otherwise}") from None


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
