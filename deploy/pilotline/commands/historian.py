"""`pilotline historian`: looks at time series and copies them to files."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, fail, opened
from pilotline.commands.historian_upkeep import backup, init

if TYPE_CHECKING:
    from pilotline_historian import Bucket, Gap, Historian, Sample, Series

_TABLE_ROWS = 500

app = typer.Typer(no_args_is_help=True)
app.command()(init)
app.command()(backup)

Start = Annotated[
    str | None, typer.Option(metavar="TIME", help="2026-11-22T06:00Z, or how long ago: 90min, 8h.")
]
End = Annotated[str, typer.Option(metavar="TIME", help="Like --start; nothing from there on.")]
Site = Annotated[str | None, typer.Option(help="Site, where several have such a machine.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, as when the output is no terminal.")]


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
        span = _span(start, end)
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
        span = _span(start, end)
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
        span = _span(start, end)
        found = store.gaps(machine, *span)
    if as_json:
        _print_json({**_span_record(span), "gaps": [_gap_record(gap) for gap in found]})
        return
    columns = ("site", "machine", "tag", "start", "end", "seconds", "cause")
    _print_rows("Gaps", columns, (_gap_cells(gap) for gap in found), as_csv=as_csv)


def _span(start: str | None, end: str) -> tuple[int, int]:
    """Return the interval, ns; without a start it begins with the first sample."""
    import time

    from pilotline_historian.limits import FIRST_TIME_NS
    from pilotline_historian.times import read_instant

    now_ns = time.time_ns()
    try:
        start_ns = FIRST_TIME_NS if start is None else read_instant(start, now_ns)
        end_ns = read_instant(end, now_ns)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if end_ns <= start_ns:
        raise typer.BadParameter(f"--end {end} is not after --start {start}")
    return start_ns, end_ns


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
        _print_json_stream({**series._asdict(), **_span_record(span)}, "samples", records)
        return
    title = f"{series.machine} {series.tag}"
    _print_rows(title, COLUMNS[3:], (cells(sample)[3:] for sample in samples), as_csv=as_csv)


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
        _print_json({**series._asdict(), **_span_record(span), "buckets": records})
        return
    columns = ("start", "minimum", "maximum", "mean", "last", "good_count")
    rows = (tuple(_shown(each[column]) for column in columns) for each in records)
    _print_rows(f"{series.machine} {series.tag}", columns, rows, as_csv=as_csv)


def _print_rows(
    title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, as_csv: bool
) -> None:
    if as_csv or not sys.stdout.isatty():
        import csv

        written = csv.writer(sys.stdout, lineterminator="\n")
        written.writerow(columns)
        written.writerows(rows)
        return
    from itertools import islice

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title)
    remaining = iter(rows)
    for row in islice(remaining, _TABLE_ROWS):
        table.add_row(*map(Text, row))
    if next(remaining, None) is not None:
        table.caption = f"the first {_TABLE_ROWS} rows; --csv prints all, --points N reduces them"
    Console().print(table)


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


def _span_record(span: tuple[int, int]) -> dict[str, str]:
    from pilotline_historian.times import instant_text

    return {"start": instant_text(span[0]), "end": instant_text(span[1])}


def _gap_record(gap: "Gap") -> dict[str, Any]:
    return {
        "site": gap.site,
        "machine": gap.machine,
        "tag": gap.tag,
        **_span_record((gap.start_ns, gap.end_ns)),
        "cause": gap.cause,
    }


def _gap_cells(gap: "Gap") -> tuple[str, ...]:
    fields = _gap_record(gap)
    seconds = f"{(gap.end_ns - gap.start_ns) / 1e9:.3f}"
    names = ("site", "machine", "tag", "start", "end")
    return (*(_shown(fields[name]) for name in names), seconds, _shown(gap.cause))


def _shown(field: Any) -> str:  # noqa: ANN401 - a JSON scalar
    from pilotline_historian.export import value_cell

    return value_cell(field)


def _print_json(fields: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(fields, ensure_ascii=False))


def _print_json_stream(fields: dict[str, Any], name: str, items: Iterable[Any]) -> None:
    """Print one JSON object whose list `name` is never held whole."""
    import json

    head = json.dumps(fields, ensure_ascii=False).removesuffix("}")
    sys.stdout.write(f"{head}, {json.dumps(name)}: [")
    for place, item in enumerate(items):
        sys.stdout.write((", " if place else "") + json.dumps(item, ensure_ascii=False))
    sys.stdout.write("]}\n")
