"""What the historian's commands share: the interval they are asked for, and how they print."""

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

_TABLE_ROWS = 500

Start = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="2026-11-22T06:00Z (UTC without Z or offset), or how long ago: 90min, 8h.",
    ),
]
End = Annotated[str, typer.Option(metavar="TIME", help="Like --start; nothing from there on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, as when the output is no terminal.")]


def span_of(start: str | None, end: str) -> tuple[int, int]:
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


def span_record(span: tuple[int, int]) -> dict[str, str]:
    """Return the interval for JSON."""
    from pilotline_historian.times import instant_text

    return {"start": instant_text(span[0]), "end": instant_text(span[1])}


def print_rows(
    title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, as_csv: bool
) -> None:
    """Print a table on a terminal, CSV into a pipe."""
    if as_csv or not sys.stdout.isatty():
        import csv

        written = csv.writer(sys.stdout, lineterminator="\n")
        written.writerow(columns)
        written.writerows(rows)
        return
    from itertools import islice

    from rich.console import Console

    from pilotline.commands.historian_table import readable

    console = Console()
    remaining = iter(rows)
    for part in readable(title, columns, list(islice(remaining, _TABLE_ROWS)), console):
        console.print(part)
    if next(remaining, None) is not None:
        typer.echo(f"the first {_TABLE_ROWS} rows; --csv prints all")


def shown(field: Any) -> str:  # noqa: ANN401 - a JSON scalar
    """Return a field as one text cell."""
    from pilotline_historian.export import value_cell

    return value_cell(field)


def print_json(fields: dict[str, Any]) -> None:
    """Print one JSON object."""
    import json

    typer.echo(json.dumps(fields, ensure_ascii=False))


def print_json_stream(fields: dict[str, Any], name: str, items: Iterable[Any]) -> None:
    """Print one JSON object whose list `name` is never held whole."""
    import json

    head = json.dumps(fields, ensure_ascii=False).removesuffix("}")
    sys.stdout.write(f"{head}, {json.dumps(name)}: [")
    for place, item in enumerate(items):
        sys.stdout.write((", " if place else "") + json.dumps(item, ensure_ascii=False))
    sys.stdout.write("]}\n")
