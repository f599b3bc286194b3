"""`pilotline historian events`: what machines reported besides values."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, opened
from pilotline.commands.historian_choice import check_machine
from pilotline.commands.historian_printing import (
    AsCsv,
    AsJson,
    End,
    Start,
    print_json_stream,
    print_rows,
    shown,
    span_of,
    span_record,
)

if TYPE_CHECKING:
    from pilotline_historian import ConditionState, Event

_COLUMNS = (
    "time",
    "site",
    "machine",
    "severity",
    "source",
    "message",
    "type",
    "condition",
    "state",
    "event_id",
)


def events(
    url: HistorianUrl,
    machine: Annotated[
        str | None, typer.Argument(help="Machine id; all without it.", metavar="MACHINE")
    ] = None,
    start: Start = "1d",
    end: End = "now",
    least_severity: Annotated[
        int, typer.Option("--severity", min=1, max=1_000, help="Only events this severe or more.")
    ] = 1,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the events of machines: alarms that came and went, and what else they reported."""
    with opened(url) as store:
        span = span_of(start, end)
        found: Iterator[Event] = (
            event for event in store.events(machine, *span) if event.severity >= least_severity
        )
        first = next(found, None)
        if first is None:
            check_machine(store, machine)
        else:
            found = chain((first,), found)
        if as_json:
            records = (_record(event) for event in found)
            print_json_stream(span_record(span), "events", records)
            return
        title = "Events from {start} to {end}".format(**span_record(span))
        print_rows(title, _COLUMNS, (_cells(event) for event in found), as_csv=as_csv)


def state_words(condition: "ConditionState | None") -> str:
    """Return what an event says of its condition, in words."""
    if condition is None:
        return ""
    said = (
        (condition.active, "active", "inactive"),
        (condition.acknowledged, "acknowledged", "unacknowledged"),
        (condition.confirmed, "confirmed", "unconfirmed"),
        (condition.retain, None, "done"),
    )
    words = [yes if so else no for so, yes, no in said if so is not None]
    return ", ".join(word for word in words if word is not None)


def _cells(event: "Event") -> tuple[str, ...]:
    from pilotline_historian.times import instant_text

    condition = event.condition
    fields = (
        event.site,
        event.machine,
        event.severity,
        event.source_name,
        event.message,
        event.type_name,
        condition and condition.name,
        state_words(condition),
        event.event_id,
    )
    return (instant_text(event.time_ns), *map(shown, fields))


def _record(event: "Event") -> dict[str, Any]:
    from dataclasses import asdict

    from pilotline_historian.times import instant_text

    received_ns = event.received_ns
    return {
        "time": instant_text(event.time_ns),
        "received": None if received_ns is None else instant_text(received_ns),
        "site": event.site,
        "machine": event.machine,
        "event_id": event.event_id,
        "severity": event.severity,
        "source": event.source_name,
        "message": event.message,
        "type": event.type_name,
        "condition": None if event.condition is None else asdict(event.condition),
    }
