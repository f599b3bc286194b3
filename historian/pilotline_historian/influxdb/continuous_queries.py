"""Continuous queries of InfluxDB 1.x that reduce samples by minute and hour."""

# ruff: noqa: S608 - InfluxQL has no parameters; `quoted` quotes every name

from typing import Final

from pilotline_historian.influxdb.line_protocol import SAMPLE, Kind
from pilotline_historian.influxdb.reading import within
from pilotline_historian.influxdb.retention import keep_policy, policy_in_use, quoted
from pilotline_historian.influxdb.server import Server

EVERY: Final = {"1m": "5m", "1h": "1h"}
"""How often the server runs the reduction; each time over all that may have come late."""

_EVERY_MINUTES: Final = {"1m": 5, "1h": 60}
_TAGS: Final = '"site", "machine", "tag"'
_GOOD: Final = f'"status" < {1 << 30} AND "kind" != \'{Kind.NONE}\''
_LAST: Final = ("last", "last_bool", "last_text", "last_kind")
_OF_SAMPLES: Final = ", ".join(
    (
        'min("value_float") AS "min"',
        'max("value_float") AS "max"',
        'mean("value_float") AS "mean"',
        'sum("value_float") AS "sum"',
        'count("value_float") AS "numbers"',
        'count("kind") AS "count"',
        'last("value_float") AS "last"',
        'last("value_bool") AS "last_bool"',
        'last("value_text") AS "last_text"',
        'last("kind") AS "last_kind"',
    )
)
_OF_MINUTES: Final = ", ".join(
    (
        'min("min") AS "min"',
        'max("max") AS "max"',
        'sum("sum") / sum("numbers") AS "mean"',
        'sum("sum") AS "sum"',
        'sum("numbers") AS "numbers"',
        'sum("count") AS "count"',
        *(f'last("{field}") AS "{field}"' for field in _LAST),
    )
)


def arrange(server: Server, keep_ns: int | None, late_minutes: int) -> tuple[str, ...]:
    """Make retention policies and continuous queries, or bring them up to date."""
    policy = policy_in_use(server)
    database = quoted(_database(server))
    for width in EVERY:
        keep_policy(server, f"{policy}_{width}", keep_ns)
        name = quoted(f"pilotline_{policy}_{width}")
        back = late_minutes + 2 * _EVERY_MINUTES[width]
        server.query(f"DROP CONTINUOUS QUERY {name} ON {database}")
        server.query(
            f"CREATE CONTINUOUS QUERY {name} ON {database} RESAMPLE EVERY {EVERY[width]} "
            f"FOR {back}m BEGIN {_reduction(server, policy, width)} END"
        )
    return tuple(f"{policy}_{width}.{SAMPLE}" for width in EVERY)


def reduce_anew(server: Server, start_ns: int, end_ns: int) -> None:
    """Reduce the samples of ``[start_ns, end_ns)`` again, whole hours."""
    policy = policy_in_use(server)
    for width in EVERY:
        server.query(_reduction(server, policy, width, within(start_ns, end_ns)))


def _reduction(server: Server, policy: str, width: str, condition: str = "") -> str:
    database = quoted(_database(server))
    fields, source, where = _OF_SAMPLES, policy, [_GOOD]
    if width == "1h":
        fields, source, where = _OF_MINUTES, f"{policy}_1m", []
    chosen = " AND ".join([*where, condition] if condition else where)
    return (
        f"SELECT {fields} INTO {database}.{quoted(f'{policy}_{width}')}.{quoted(SAMPLE)} "
        f"FROM {database}.{quoted(source)}.{quoted(SAMPLE)} "
        f"{f'WHERE {chosen} ' if chosen else ''}GROUP BY time({width}), {_TAGS} fill(none)"
    )


def _database(server: Server) -> str:
    return server.address.bucket.partition("/")[0]
