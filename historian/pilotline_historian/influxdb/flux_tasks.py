"""Tasks of InfluxDB 2.x, in Flux, that reduce samples by minute and hour."""

from typing import Final

from pilotline_historian.errors import HistorianRefused
from pilotline_historian.influxdb.line_protocol import SAMPLE
from pilotline_historian.influxdb.retention import asked, keep_bucket, organisation_id, sent
from pilotline_historian.influxdb.server import Server
from pilotline_historian.times import instant_text

_EVERY_MINUTES: Final = {"1m": 5, "1h": 60}
_QUERY: Final = {"Content-Type": "application/json", "Accept": "application/csv"}

_REDUCTION: Final = """\
good = from(bucket: {source})
  |> range(start: {start}, stop: {stop})
  |> filter(fn: (r) => r._measurement == "{sample}")
  |> filter(fn: (r) => r._field == "value_float" or r._field == "status")
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.value_float and exists r.status and r.status < {bad})
  |> drop(columns: ["status"])
  |> rename(columns: {{value_float: "_value"}})

reduced = (name, fn) => good
  |> aggregateWindow(every: {width}, fn: fn, timeSrc: "_start", createEmpty: false)
  |> set(key: "_field", value: name)
  |> to(bucket: {target}, org: {org})

reduced(name: "min", fn: min) |> yield(name: "min")
reduced(name: "max", fn: max) |> yield(name: "max")
reduced(name: "mean", fn: mean) |> yield(name: "mean")
reduced(name: "sum", fn: sum) |> yield(name: "sum")
reduced(name: "numbers", fn: count) |> yield(name: "numbers")
reduced(name: "last", fn: last) |> yield(name: "last")
"""


def arrange(server: Server, keep_ns: int | None, late_minutes: int) -> tuple[str, ...]:
    """Make buckets and tasks, or bring them up to date."""
    bucket, org = server.address.bucket, server.address.org
    for width, every in _EVERY_MINUTES.items():
        keep_bucket(server, f"{bucket}_{width}", keep_ns)
        name = f"pilotline {bucket} {width}"
        flux = _task(server, name, width, late_minutes + 2 * every)
        found = asked(server, "/api/v2/tasks", [("name", name), ("org", org)]).get("tasks") or []
        task = {"flux": flux, "status": "active"}
        if found:
            sent(server, "PATCH", f"/api/v2/tasks/{found[0]['id']}", task)
        else:
            sent(server, "POST", "/api/v2/tasks", {"orgID": organisation_id(server), **task})
    return tuple(f"{bucket}_{width}" for width in _EVERY_MINUTES)


def reduce_anew(server: Server, start_ns: int, end_ns: int) -> None:
    """Reduce the samples of ``[start_ns, end_ns)`` again, whole hours."""
    for width in _EVERY_MINUTES:
        flux = _reduction(server, width, instant_text(start_ns), instant_text(end_ns))
        query = [("org", server.address.org)]
        body = {"query": flux, "type": "flux"}
        told = server.call("POST", "/api/v2/query", query, _QUERY, body).decode(errors="replace")
        if ",error," in told.partition("\n")[0] + "," or told.startswith("error,"):
            raise HistorianRefused(f"{server.address} does not reduce samples: {told[:500]}")


def _task(server: Server, name: str, width: str, back_minutes: int) -> str:
    start = f"date.truncate(t: -{back_minutes}m, unit: {width})"
    stop = f"date.truncate(t: now(), unit: {width})"
    option = f"option task = {{name: {_text(name)}, every: {_EVERY_MINUTES[width]}m}}"
    return f'import "date"\n\n{option}\n\n{_reduction(server, width, start, stop)}'


def _reduction(server: Server, width: str, start: str, stop: str) -> str:
    bucket = server.address.bucket
    return _REDUCTION.format(
        source=_text(bucket),
        target=_text(f"{bucket}_{width}"),
        org=_text(server.address.org),
        sample=SAMPLE,
        start=start,
        stop=stop,
        width=width,
        bad=1 << 30,
    )


def _text(text: str) -> str:
    """Return a text as a Flux string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'
