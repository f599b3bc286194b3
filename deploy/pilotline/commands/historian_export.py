"""`pilotline historian export`: copies samples and events to files."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pilotline.commands.historian_access import HistorianUrl, opened
from pilotline.commands.historian_choice import Machines, Site, Tags, chosen_series
from pilotline.commands.historian_description import counted, describe, plant_of, series_record
from pilotline.commands.historian_ledger import gap_record
from pilotline.commands.historian_printing import End, Start, span_of, span_record

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pilotline_historian import Event, Gap, Historian, Series
    from pilotline_plant import Plant

_Row = TypeVar("_Row")


def export(
    url: HistorianUrl,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Samples: a file ending in .csv, .jsonl or .parquet."),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Events: a file ending in .csv, .jsonl or .parquet."),
    ] = None,
    machine: Machines = None,
    tag: Tags = None,
    site: Site = None,
    start: Start = None,
    end: End = "now",
    plant: Annotated[
        Path | None,
        typer.Option("--plant", help="Plant file: units, names and gaps go to FILE.json."),
    ] = None,
) -> None:
    """Copy samples to a file, series after series, and events to another, each in time order."""
    if out is None and events is None:
        raise typer.BadParameter("name a file for samples by --out, for events by --events")
    if out is not None and out == events:
        raise typer.BadParameter(f"samples and events cannot both go to {out}")
    known = plant_of(plant) if plant is not None else None
    with opened(url) as store:
        span = span_of(start, end)
        if out is not None:
            _export_samples(store, chosen_series(store, site, machine, tag), span, out, known)
        if events is not None:
            _export_events(store, site, machine, span, events, described=known is not None)


def _export_samples(
    store: "Historian",
    chosen: "list[Series]",
    span: tuple[int, int],
    out: Path,
    known: "Plant | None",
) -> None:
    from pilotline_historian.export import SAMPLE_FORM, exporting

    counts: Counter[Series] = Counter()
    with (
        exporting(out, SAMPLE_FORM) as writer,
        _progress("samples", "Series", len(chosen)) as shown,
    ):
        for series in chosen:
            samples = counted(store.raw(series, *span), series, counts)
            writer.write(shown(f"{series.machine} {series.tag}", samples))
    if known is not None:
        machines = {(series.site, series.machine) for series in chosen}
        found = (gap for gap in store.gaps(None, *span) if (gap.site, gap.machine) in machines)
        about = {
            "series": [series_record(known, each, counts[each]) for each in chosen],
            "gaps": [gap_record(gap) for gap in found],
        }
        describe(out, {**span_record(span), **about})
    typer.echo(f"{out}: {counts.total():,} samples of {len(chosen)} series")


def _export_events(
    store: "Historian",
    site: str | None,
    machines: Collection[str] | None,
    span: tuple[int, int],
    out: Path,
    *,
    described: bool,
) -> None:
    from pilotline_historian import EVENTS
    from pilotline_historian.export import EVENT_FORM, exporting

    def asked_for(each: "Event | Gap") -> bool:
        return (not machines or each.machine in machines) and site in (None, each.site)

    # A store asks its index for one machine; of several, all are read and those not meant left out.
    only = next(iter(machines)) if machines and len(machines) == 1 else None
    counts: Counter[str] = Counter()
    found = counted(filter(asked_for, store.events(only, *span)), "events", counts)
    with exporting(out, EVENT_FORM) as writer, _progress("events", "Events", 1) as shown:
        writer.write(shown("Events", found))
    if described:
        gaps = (gap for gap in store.gaps(only, *span) if gap.tag in (None, EVENTS))
        records = [gap_record(gap) for gap in gaps if asked_for(gap)]
        describe(out, {**span_record(span), "events": counts["events"], "gaps": records})
    typer.echo(f"{out}: {counts['events']:,} events")


class _Shown:
    """Shows on the terminal how many parts and rows are done."""

    def __init__(self, bar: "Progress", task: "TaskID") -> None:
        self._bar = bar
        self._task = task
        self._total = 0

    def __call__(self, description: str, copied: Iterator[_Row]) -> Iterator[_Row]:
        """Yield a part's rows as they come."""
        self._bar.update(self._task, description=description)
        for row in copied:
            self._total += 1
            if self._total % 10_000 == 0:
                self._bar.update(self._task, rows=self._total)
            yield row
        self._bar.update(self._task, advance=1, rows=self._total)


@contextmanager
def _progress(rows: str, title: str, parts: int) -> Iterator[_Shown]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    counter = TextColumn("{task.fields[rows]:,} " + rows)
    with Progress(*columns, counter, console=Console(stderr=True)) as bar:
        yield _Shown(bar, bar.add_task(title, total=parts, rows=0))
