"""`pilotline historian annotate`, `withdraw` and `annotations`: notes of people."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, fail, opened
from pilotline.commands.historian_choice import check_machine
from pilotline.commands.historian_printing import (
    AsCsv,
    AsJson,
    End,
    Start,
    print_json,
    print_rows,
    shown,
    span_of,
    span_record,
)

if TYPE_CHECKING:
    from pilotline_historian import Annotation, Historian

_COLUMNS = ("start", "end", "site", "machine", "tag", "author", "text", "withdrawn", "id")

Author = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="Who says so; you, unless told.")
]


def annotate(
    url: HistorianUrl,
    machine: Annotated[str, typer.Argument(help="Machine id.", metavar="MACHINE")],
    text: Annotated[str, typer.Argument(help="What there is to know.", metavar="TEXT")],
    tag: Annotated[str | None, typer.Option(help="Tag; the whole machine without it.")] = None,
    start: Annotated[
        str, typer.Option(metavar="TIME", help="2026-11-22T06:00Z, or how long ago: 90min, 8h.")
    ] = "now",
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Like --start; one instant without it.")
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="Site, where several have such a machine.")
    ] = None,
    author: Author = None,
) -> None:
    """Note something about a machine or a tag, and print the note's id."""
    import time
    from uuid import uuid4

    from pilotline_historian import Annotation
    from pilotline_historian.times import read_instant

    now_ns = time.time_ns()
    try:
        start_ns = read_instant(start, now_ns)
        end_ns = start_ns if end is None else read_instant(end, now_ns)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with opened(url) as store:
        place = _site(store, site, machine, tag)
        name = author or _yourself()
        note = Annotation(str(uuid4()), place, machine, tag, start_ns, end_ns, text, name, now_ns)
        try:
            store.annotate(note)
        except ValueError as error:
            fail(str(error))
    typer.echo(note.id)


def withdraw(
    url: HistorianUrl,
    note: Annotated[str, typer.Argument(help="Id of the note.", metavar="ID")],
    author: Author = None,
) -> None:
    """Take a note back; it stays readable with --withdrawn, with who did so."""
    import time

    from pilotline_historian import Withdrawal

    with opened(url) as store:
        try:
            done = store.withdraw(note, Withdrawal(author or _yourself(), time.time_ns()))
        except ValueError as error:
            fail(str(error))
    if not done:
        fail(f"no note {note} that counts; `pilotline historian annotations` lists them")


def annotations(
    url: HistorianUrl,
    machine: Annotated[
        str | None, typer.Argument(help="Machine id; all without it.", metavar="MACHINE")
    ] = None,
    start: Start = None,
    end: End = "now",
    withdrawn: Annotated[bool, typer.Option(help="Also those that were taken back.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the notes that touch an interval."""
    with opened(url) as store:
        span = span_of(start, end)
        # The one just written begins now.
        found = store.annotations(machine, span[0], span[1] + 1, withdrawn=withdrawn)
        if not found:
            check_machine(store, machine)
    if as_json:
        print_json({**span_record(span), "annotations": [_record(note) for note in found]})
        return
    rows = ([shown(cell) for cell in _cells(note)] for note in found)
    print_rows("Notes", _COLUMNS, (tuple(row) for row in rows), as_csv=as_csv)


def _site(store: "Historian", site: str | None, machine: str, tag: str | None) -> str:
    """Return the site of a machine, and refuse what nobody has: a note there would not be found."""
    known = store.series()
    sites = sorted(
        {
            series.site
            for series in known
            if series.machine == machine
            and tag in (None, series.tag)
            and site in (None, series.site)
        }
    )
    if len(sites) > 1:
        fail(f"several sites have a {machine}; choose one by --site: {', '.join(sites)}")
    if not sites:
        machines = ", ".join(sorted({series.machine for series in known})) or "none at all yet"
        about = machine if tag is None else f"{machine} with tag {tag}"
        fail(f"no samples of {about}; machines: {machines}")
    return sites[0]


def _yourself() -> str:
    import getpass

    return getpass.getuser()


def _cells(note: "Annotation") -> tuple[str | None, ...]:
    from pilotline_historian.times import instant_text

    taken_back = note.withdrawal
    return (
        instant_text(note.start_ns),
        instant_text(note.end_ns),
        note.site,
        note.machine,
        note.tag,
        note.author,
        note.text,
        f"{instant_text(taken_back.at_ns)} {taken_back.by}" if taken_back else None,
        note.id,
    )


def _record(note: "Annotation") -> dict[str, Any]:
    from pilotline_historian.times import instant_text

    taken_back = note.withdrawal
    return {
        "id": note.id,
        "site": note.site,
        "machine": note.machine,
        "tag": note.tag,
        **span_record((note.start_ns, note.end_ns)),
        "text": note.text,
        "author": note.author,
        "written": instant_text(note.written_ns),
        "withdrawn_by": taken_back.by if taken_back else None,
        "withdrawn": instant_text(taken_back.at_ns) if taken_back else None,
    }
