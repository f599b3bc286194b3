"""`pilotline historian`: looks at time series and copies them to files."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.historian_access import HistorianUrl, opened
from pilotline.commands.historian_annotations import annotate, annotations, withdraw
from pilotline.commands.historian_choice import Site, one_series
from pilotline.commands.historian_events import events
from pilotline.commands.historian_export import export
from pilotline.commands.historian_ledger import gaps
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
from pilotline.commands.historian_reads import last, states
from pilotline.commands.historian_run import run
from pilotline.commands.historian_upkeep import backup, downsample, init

if TYPE_CHECKING:
    from pilotline_historian import Bucket, Sample, Series

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(annotate)
app.command()(withdraw)
app.command()(annotations)
app.command()(init)
app.command()(downsample)
app.command()(backup)
app.command()(events)
app.command()(export)
app.command()(gaps)
app.command()(last)
app.command()(states)
app.command()(run)


@app.callback()
def historian() -> None:
    """Look at time series, copy them to files, and keep the store."""


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
        series = one_series(store, site, machine, tag)
        if points is not None:
            buckets = store.buckets(series, *span, points)
            _print_buckets(series, span, buckets, as_json=as_json, as_csv=as_csv)
        else:
            _print_samples(series, span, store.raw(series, *span), as_json=as_json, as_csv=as_csv)


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
