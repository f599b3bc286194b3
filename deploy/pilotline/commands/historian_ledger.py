"""`pilotline historian gaps`: declared gaps, and the ledger of what is covered for each tag."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, opened
from pilotline.commands.historian_choice import Site, Tags, check_machine, chosen_series
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

if TYPE_CHECKING:
    from pilotline_historian import Gap, Historian
    from pilotline_historian.completeness import Completeness

_GAP_COLUMNS = ("site", "machine", "tag", "start", "end", "seconds", "cause")
_LEDGER_COLUMNS = (
    "site",
    "machine",
    "tag",
    "covered_pct",
    "gaps",
    "longest_s",
    "missing_s",
    "causes",
    "first",
    "last",
)
_TABLE_COLUMNS = ("Machine", "Tag", "Covered", "Gaps", "Longest", "Missing")
_LEDGER_START = "1d"


def gaps(
    url: HistorianUrl,
    machine: Annotated[
        str | None, typer.Argument(help="Machine id; all without it.", metavar="MACHINE")
    ] = None,
    by_tag: Annotated[
        bool,
        typer.Option("--by-tag", help="Of each tag, how much is covered; of a day unless told."),
    ] = False,
    tag: Tags = None,
    site: Site = None,
    start: Start = None,
    end: End = "now",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the declared intervals without data, and why; or how complete each tag is."""
    with opened(url) as store:
        if by_tag:
            span = span_of(start or _LEDGER_START, end)
            _print_ledger(store, span, (site, machine, tag), as_json=as_json, as_csv=as_csv)
            return
        span = span_of(start, end)
        found = [
            gap
            for gap in store.gaps(machine, *span)
            if site in (None, gap.site) and (not tag or gap.tag is None or gap.tag in tag)
        ]
        if not found:
            check_machine(store, machine)
    if as_json:
        print_json({**span_record(span), "gaps": [gap_record(gap) for gap in found]})
        return
    title = "Gaps from {start} to {end}".format(**span_record(span)) if start else "Gaps"
    print_rows(title, _GAP_COLUMNS, (_gap_cells(gap) for gap in found), as_csv=as_csv)


def _print_ledger(
    store: "Historian",
    span: tuple[int, int],
    asked: tuple[str | None, str | None, list[str] | None],
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    from pilotline_historian import COVERED
    from pilotline_historian.completeness import ledger

    site, machine, tag = asked
    fitting = chosen_series(store, site, machine and [machine], tag)
    chosen = [each for each in fitting if each.tag != COVERED]
    entries = ledger(store, chosen, *span)
    if as_json:
        print_json_stream(span_record(span), "tags", map(ledger_record, entries))
        return
    if as_csv or not sys.stdout.isatty():
        cells = (tuple(map(shown, _ledger_cells(each))) for each in map(ledger_record, entries))
        print_rows("", _LEDGER_COLUMNS, cells, as_csv=True)
        return
    title = "Covered from {start} to {end}".format(**span_record(span))
    print_rows(title, _TABLE_COLUMNS, map(_table_cells, entries), as_csv=False)


def ledger_record(entry: "Completeness") -> dict[str, Any]:
    """Return how complete a tag is, for JSON."""
    from pilotline_historian.times import instant_text

    return {
        **entry.series._asdict(),
        "covered_pct": _percent(entry.covered_ns, entry.end_ns - entry.start_ns),
        "gaps": len(entry.gaps),
        "longest_s": entry.longest_ns / 1e9,
        "missing_s": sum(entry.missing_ns.values()) / 1e9,
        "causes": {cause: lost_ns / 1e9 for cause, lost_ns in sorted(entry.missing_ns.items())},
        "first": None if entry.first_ns is None else instant_text(entry.first_ns),
        "last": None if entry.last_ns is None else instant_text(entry.last_ns),
    }


def _percent(covered_ns: int, whole_ns: int) -> float:
    """Return a share in percent, rounded down: only what misses nothing is 100."""
    return covered_ns * 100_000 // whole_ns / 1_000


def _table_cells(entry: "Completeness") -> tuple[str, ...]:
    """Return how complete a tag is, for eighty columns of a terminal."""
    from pilotline_historian.times import duration_text

    longest = duration_text(entry.longest_ns) if entry.gaps else ""
    missing = sorted(entry.missing_ns.items(), key=lambda each: -each[1])
    return (
        entry.series.machine,
        entry.series.tag,
        f"{_percent(entry.covered_ns, entry.end_ns - entry.start_ns):.3f} %",
        str(len(entry.gaps)),
        longest,
        ", ".join(f"{cause} {duration_text(lost_ns)}" for cause, lost_ns in missing),
    )


def _ledger_cells(record: dict[str, Any]) -> tuple[Any, ...]:
    causes = "; ".join(f"{cause} {lost_s:.3f} s" for cause, lost_s in record["causes"].items())
    cells = {
        **record,
        "covered_pct": f"{record['covered_pct']:.3f}",
        "longest_s": f"{record['longest_s']:.3f}",
        "missing_s": f"{record['missing_s']:.3f}",
        "causes": causes,
    }
    return tuple(cells[column] for column in _LEDGER_COLUMNS)


def gap_record(gap: "Gap") -> dict[str, Any]:
    """Return a declared gap for JSON."""
    return {
        "site": gap.site,
        "machine": gap.machine,
        "tag": gap.tag,
        **span_record((gap.start_ns, gap.end_ns)),
        "cause": gap.cause,
    }


def _gap_cells(gap: "Gap") -> tuple[str, ...]:
    fields = gap_record(gap)
    seconds = f"{(gap.end_ns - gap.start_ns) / 1e9:.3f}"
    names = ("site", "machine", "tag", "start", "end")
    return (*(shown(fields[name]) for name in names), seconds, shown(gap.cause))
