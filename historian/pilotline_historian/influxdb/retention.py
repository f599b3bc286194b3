"""Making a database or bucket, and how long it keeps what it holds, in InfluxDB 1.x, 2.x and 3."""

import json
from typing import Any, Final

from pilotline_historian.errors import HistorianRefused
from pilotline_historian.influxdb.server import Server

_HOUR_NS: Final = 3_600 * 10**9
_SECOND_NS: Final = 10**9
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json"}


def set_retention(server: Server, keep_ns: int | None) -> None:
    """Make the database or bucket where it is missing, and keep its data at least so long.

    Args:
        server: where it is.
        keep_ns: how long, rounded up to what the server can tell apart; None is for ever.

    Raises:
        HistorianUnavailable: ask again later.
        HistorianRefused: the server does not let us.
    """
    major, _ = server.version()
    if major == 1:
        _version_1(server, keep_ns)
    elif major == 2:
        _version_2(server, keep_ns)
    else:
        _version_3(server, keep_ns)


def _version_1(server: Server, keep_ns: int | None) -> None:
    database, _, policy = server.address.bucket.partition("/")
    duration = "INF" if keep_ns is None else f"{_rounded_up(keep_ns, _HOUR_NS)}h"
    server.query(f"CREATE DATABASE {quoted(database)}")
    (shown,) = server.query(f"SHOW RETENTION POLICIES ON {quoted(database)}")
    policies = [dict(zip(shown.columns, row, strict=True)) for row in shown.values]
    if not policy:
        policy = next((str(each["name"]) for each in policies if each["default"]), "autogen")
    verb, replication = "ALTER", ""
    if policy not in {each["name"] for each in policies}:
        verb, replication = "CREATE", " REPLICATION 1"
    server.query(
        f"{verb} RETENTION POLICY {quoted(policy)} ON {quoted(database)} "
        f"DURATION {duration}{replication}"
    )


def _version_2(server: Server, keep_ns: int | None) -> None:
    seconds = 0 if keep_ns is None else _rounded_up(keep_ns, _SECOND_NS)
    rules = [{"type": "expire", "everySeconds": seconds}]
    bucket, org = server.address.bucket, server.address.org
    found = _asked(server, "/api/v2/buckets", [("name", bucket), ("org", org)])["buckets"]
    if found:
        _sent(server, "PATCH", f"/api/v2/buckets/{found[0]['id']}", {"retentionRules": rules})
        return
    orgs = _asked(server, "/api/v2/orgs", [("org", org)])["orgs"]
    if not orgs:
        raise HistorianRefused(
            f"{server.address.url} has no organisation {org!r}; give its name as org=… in the URL"
        )
    wanted = {"orgID": orgs[0]["id"], "name": bucket, "retentionRules": rules}
    _sent(server, "POST", "/api/v2/buckets", wanted)


def _version_3(server: Server, keep_ns: int | None) -> None:
    """InfluxDB 3 Core takes a retention where a database is made, and nowhere else."""
    wanted: dict[str, Any] = {"db": server.address.bucket}
    if keep_ns is not None:
        wanted["retention_period"] = f"{_rounded_up(keep_ns, _SECOND_NS)}s"
    _sent(server, "POST", "/api/v3/configure/database", wanted)


def quoted(name: str) -> str:
    """Return a name as an InfluxQL identifier."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rounded_up(keep_ns: int, unit_ns: int) -> int:
    return -(-keep_ns // unit_ns)


def _asked(server: Server, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(server.call("GET", path, query, _JSON, None))
    return answer


def _sent(server: Server, method: str, path: str, body: dict[str, Any]) -> None:
    server.call(method, path, [], _JSON, body)
