"""`pilotline historian states` and `last`: what a tag was over time, and what all are now."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilotline.commands.historian_access import HistorianUrl, opened
from pilotline.commands.historian_choice import Site, Tags, chosen_series, one_series
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
    from pilotline_historian import Sample, Value
    from pilotline_historian.timeline import StateInterval

_STATE_TAG = "state"
_STATE_COLUMNS = ("start", "end", "seconds", "value", "word", "unknown")
_LAST_COLUMNS = ("site", "machine", "tag", "value", "type", "status", "source_time", "age_s")


def states(
    machine: Annotated[str, typer.Argument(help="Machine id.", metavar="MACHINE")],
    url: HistorianUrl,
    tag: Annotated[
        str, typer.Argument(help="Tag id; numbers of `state` get PackML words.", metavar="[TAG]")
    ] = _STATE_TAG,
    start: Start = "8h",
    end: End = "now",
    site: Site = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print when a tag had which value, and when nobody knows."""
    from pilotline_historian.timeline import state_timeline

    with opened(url) as store:
        span = span_of(start, end)
        series = one_series(store, site, machine, tag)
        packml = tag == _STATE_TAG
        found = (_state_record(each, packml) for each in state_timeline(store, series, *span))
        if as_json:
            print_json_stream({**series._asdict(), **span_record(span)}, "states", found)
            return
        rows = (tuple(shown(each[column]) for column in _STATE_COLUMNS) for each in found)
        print_rows(f"{machine} {tag}", _STATE_COLUMNS, rows, as_csv=as_csv)


def last(
    url: HistorianUrl,
    machine: Annotated[
        str | None, typer.Argument(help="Machine id; all without it.", metavar="MACHINE")
    ] = None,
    tag: Tags = None,
    site: Site = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the newest sample of every tag, and how old it is."""
    import time

    from pilotline_historian.times import instant_text

    with opened(url) as store:
        chosen = chosen_series(store, site, machine and [machine], tag)
        newest = store.last(chosen)
        now_ns = time.time_ns()
        found = (_last_record(newest[each], now_ns) for each in chosen if each in newest)
        if as_json:
            print_json_stream({"now": instant_text(now_ns)}, "last", found)
            return
        rows = (tuple(shown(each[column]) for column in _LAST_COLUMNS) for each in found)
        print_rows("Newest samples", _LAST_COLUMNS, rows, as_csv=as_csv)


def _state_record(interval: "StateInterval", packml: bool) -> dict[str, Any]:
    from pilotline_historian.export import json_value

    return {
        **span_record((interval.start_ns, interval.end_ns)),
        "seconds": (interval.end_ns - interval.start_ns) / 1e9,
        "value": json_value(interval.value),
        "word": _packml_word(interval.value) if packml else None,
        "unknown": interval.unknown,
    }


def _packml_word(value: "Value | None") -> str | None:
    from pilotline_plant.packml import PackMLState

    if isinstance(value, bool) or not isinstance(value, int) or value not in set(PackMLState):
        return None
    return PackMLState(value).word


def _last_record(sample: "Sample", now_ns: int) -> dict[str, Any]:
    from pilotline_historian.export import record

    return {**record(sample), "age_s": round((now_ns - sample.source_time_ns) / 1e9, 3)}
