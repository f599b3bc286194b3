"""`pilotline historian`: looks at time series and copies them to files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, fail, opened
from pilotline.commands.historian_events import events
from pilotline.commands.historian_printing import (
    AsCsv,
    AsJson,
    End,
    Start,
    print_json,
    print_json_stream,
    print_rows,
    shown,
    span_of,
    span_record,
)
from pilotline.commands.historian_upkeep import backup, init

if TYPE_CHECKING:
    from pilotline_historian import Bucket, Gap, Historian, Sample, Series

app = typer.Typer(no_args_is_help=True)
app.command()(init)
app.command()(backup)
app.command()(events)

Site = Annotated[str | None, typer.Option(help="Site, where several have such a machine.")]


@app.callback()
def historian() -> None:
    """See `pilotline --help`."""


@app.command()
def query(
    machine: Annotated[str, typer.Argument(help="Machine id.", metavar="MACHINE")],
    tag: Annotated[str, typer.Argument(help="Tag id.", metavar="TAG")],
    url: HistorianUrl,
    start: Start = "1h",
    end: End = "now",
    points: Annotated[
        int | None, typer.Option(min=1, help="Reduce to at most so many buckets.")
    ] = None,
    site: Site = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the samples of a tag, or their minima, maxima and means."""
    with opened(url) as store:
        span = span_of(start, end)
        series = _one_series(store, site, machine, tag)
        if points is not None:
            buckets = store.buckets(series, *span, points)
            _print_buckets(series, span, buckets, as_json=as_json, as_csv=as_csv)
        else:
            _print_samples(series, span, store.raw(series, *span), as_json=as_json, as_csv=as_csv)


@app.command()
def export(
    url: HistorianUrl,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="File ending in .csv, .jsonl or .parquet.")
    ],
    machine: Annotated[
        list[str] | None, typer.Option(help="Only this machine; repeatable.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only this tag; repeatable.")] = None,
    site: Site = None,
    start: Start = None,
    end: End = "now",
) -> None:
    """Copy samples to a file: series after series, each in time order."""
    from pilotline_historian.export import exporting

    with opened(url) as store:
        span = span_of(start, end)
        chosen = [
            series
            for series in store.series()
            if (not machine or series.machine in machine)
            and (not tag or series.tag in tag)
            and site in (None, series.site)
        ]
        if not chosen:
            fail("no series fits --site, --machine and --tag")
        with exporting(out) as writer, _counting(len(chosen)) as counted:
            for series in chosen:
                writer.write(counted(series, store.raw(series, *span)))


@app.command()
def gaps(
    url: HistorianUrl,
    machine: Annotated[
        str | None, typer.Argument(help="Machine id; all without it.", metavar="MACHINE")
    ] = None,
    start: Start = None,
    end: End = "now",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the declared intervals without data, and why there is none."""
    with opened(url) as store:
        span = span_of(start, end)
        found = store.gaps(machine, *span)
    if as_json:
        print_json({**span_record(span), "gaps": [_gap_record(gap) for gap in found]})
        return
    columns = ("site", "machine", "tag", "start", "end", "seconds", "cause")
    print_rows("Gaps", columns, (_gap_cells(gap) for gap in found), as_csv=as_csv)


def _one_series(store: "Historian", site: str | None, machine: str, tag: str) -> "Series":
    known = store.series()
    fitting = [
        series
        for series in known
        if (series.machine, series.tag) == (machine, tag) and site in (None, series.site)
    ]
    if len(fitting) > 1:
        sites = ", ".join(series.site for series in fitting)
        fail(f"several sites have a {machine} with tag {tag}; choose one by --site: {sites}")
    if not fitting:
        tags = sorted({series.tag for series in known if series.machine == machine})
        machines = sorted({series.machine for series in known})
        hint = f"its tags: {', '.join(tags)}" if tags else f"machines: {', '.join(machines)}"
        fail(f"no samples of machine {machine}, tag {tag}; {hint if known else 'none at all yet'}")
    return fitting[0]


def _print_samples(
    series: "Series",
    span: tuple[int, int],
    samples: Iterator["Sample"],
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    from pilotline_historian.export import COLUMNS, cells, record

    if as_json:
        dropped = ("site", "machine", "tag")
        records = (
            {name: field for name, field in record(sample).items() if name not in dropped}
            for sample in samples
        )
        print_json_stream({**series._asdict(), **span_record(span)}, "samples", records)
        return
    title = f"{series.machine} {series.tag}"
    print_rows(title, COLUMNS[3:], (cells(sample)[3:] for sample in samples), as_csv=as_csv)


def _print_buckets(
    series: "Series",
    span: tuple[int, int],
    buckets: list["Bucket"],
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    from pilotline_historian.export import json_value
    from pilotline_historian.times import instant_text

    records = [
        {
            **bucket._asdict(),
            "start_ns": instant_text(bucket.start_ns),
            "last": json_value(bucket.last),
        }
        for bucket in buckets
    ]
    for each in records:
        each["start"] = each.pop("start_ns")
    if as_json:
        print_json({**series._asdict(), **span_record(span), "buckets": records})
        return
    columns = ("start", "minimum", "maximum", "mean", "last", "good_count")
    rows = (tuple(shown(each[column]) for column in columns) for each in records)
    print_rows(f"{series.machine} {series.tag}", columns, rows, as_csv=as_csv)


@contextmanager
def _counting(number_of_series: int) -> Iterator[Any]:
    """Show on the terminal how many series and samples are done."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    console = Console(stderr=True)
    total = 0
    with Progress(
        *columns, TextColumn("{task.fields[samples]:,} samples"), console=console
    ) as progress:
        task = progress.add_task("Series", total=number_of_series, samples=0)

        def counted(series: "Series", samples: Iterator["Sample"]) -> Iterator["Sample"]:
            nonlocal total
            progress.update(task, description=f"{series.machine} {series.tag}")
            for sample in samples:
                total += 1
                if total % 10_000 == 0:
                    progress.update(task, samples=total)
                yield sample
            progress.update(task, advance=1, samples=total)

        yield counted


def _gap_record(gap: "Gap") -> dict[str, Any]:
    return {
        "site": gap.site,
        "machine": gap.machine,
        "tag": gap.tag,
        **span_record((gap.start_ns, gap.end_ns)),
        "cause": gap.cause,
    }


def _gap_cells(gap: "Gap") -> tuple[str, ...]:
    fields = _gap_record(gap)
    seconds = f"{(gap.end_ns - gap.start_ns) / 1e9:.3f}"
    names = ("site", "machine", "tag", "start", "end")
    return (*(shown(fields[name]) for name in names), seconds, shown(gap.cause))
