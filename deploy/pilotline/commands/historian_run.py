"""`pilotline historian run`: what machines measured for one run, slot or client."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, fail, opened
from pilotline.commands.historian_description import counted, describe, plant_of, tag_record
from pilotline.commands.historian_ledger import gap_record, ledger_record
from pilotline.commands.historian_printing import span_record

if TYPE_CHECKING:
    from pilotline.run_slots import RunSlot
    from pilotline_historian import Historian, Sample
    from pilotline_historian.export import RowWriter
    from pilotline_plant import Plant

_DATABASE = "pilotline.sqlite"


def run(
    url: HistorianUrl,
    plant: Annotated[Path, typer.Option("--plant", help="Plant file: machines, tags, units.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="File ending in .csv, .jsonl or .parquet.")
    ],
    trial_run: Annotated[
        str | None, typer.Argument(help="Id or title of a trial run.", metavar="RUN")
    ] = None,
    slot: Annotated[str | None, typer.Option(help="Only this slot, by its id.")] = None,
    client: Annotated[str | None, typer.Option(help="Only slots of this client, by id.")] = None,
    data: Annotated[
        Path, typer.Option("--data", help="Data directory with the API's database.")
    ] = Path("pilotline-data"),
    database_url: Annotated[
        str | None,
        typer.Option("--database", envvar="PILOTLINE_DATABASE_URL", help="URL of PostgreSQL."),
    ] = None,
) -> None:
    """Copy what machines measured for a run to FILE, and what it is about to FILE.json."""
    if trial_run is None and slot is None and client is None:
        raise typer.BadParameter("name a RUN, a --slot or a --client")
    known = plant_of(plant)
    slots = _slots(database_url or _embedded_url(data), trial_run, slot, client)
    from pilotline_historian.export import SAMPLE_FORM, exporting

    with opened(url) as store:
        with exporting(out, SAMPLE_FORM) as writer:
            about = [_copied(store, known, each, writer) for each in slots]
        described = describe(out, {"slots": about})
    samples = sum(tag["samples"] for each in about for tag in each["tags"])
    typer.echo(f"{out}: {samples:,} samples of {len(about)} slots; {described} says of what")


def _copied(
    store: "Historian", plant: "Plant", slot: "RunSlot", writer: "RowWriter[Sample]"
) -> dict[str, Any]:
    """Write a slot's samples, tag after tag, and return what they are about."""
    from dataclasses import asdict

    from pilotline.run_slots import worked_spans
    from pilotline_historian import Series
    from pilotline_historian.completeness import ledger

    machine = plant.machine_by_id.get(slot.machine)
    if machine is None:
        fail(f"slot {slot.slot} is on machine {slot.machine}, which the plant file does not have")
    basis, spans = worked_spans(store, machine, slot)
    series = [Series(machine.site, machine.id, tag.id) for tag in machine.tags]
    counts: Counter[str] = Counter()
    for each in series:
        for span in spans:
            writer.write(counted(store.raw(each, *span), each.tag, counts))
    told = asdict(slot)
    planned = span_record((told.pop("start_ns"), told.pop("end_ns")))
    return {
        **told,
        "site": machine.site,
        "planned": planned,
        "basis": basis,
        "intervals": [
            {
                **span_record(span),
                "gaps": [gap_record(gap) for gap in store.gaps(machine.id, *span)],
                "completeness": [ledger_record(entry) for entry in ledger(store, series, *span)],
            }
            for span in spans
        ],
        "tags": [tag_record(tag, counts[tag.id]) for tag in machine.tags],
    }


def _embedded_url(data: Path) -> str:
    file = data.resolve() / _DATABASE
    if not file.exists():
        fail(f"{file} is not there; name the API's data directory by --data or --database")
    return f"sqlite:///{file}"


def _slots(
    database_url: str, trial_run: str | None, slot: str | None, client: str | None
) -> "list[RunSlot]":
    from pilotline.run_slots import SlotsUnreadable, run_slots
    from pilotline_api.errors import DatabaseUrlError
    from pilotline_api.kit.database import Database

    try:
        with closing(Database(database_url)) as database:
            found = run_slots(database, run=trial_run, slot=slot, client=client)
    except (DatabaseUrlError, SlotsUnreadable) as error:
        fail(str(error))
    if not found:
        fail("no slot in force fits RUN, --slot and --client; is the plan published?")
    return found
