"""Making a database or bucket, and how long it keeps what it holds, in InfluxDB 1.x, 2.x and 3."""

import json
from typing import Any, Final

from pilotline_historian.errors import HistorianRefused
from pilotline_historian.influxdb.server import Server

_HOUR_NS: Final = 3_600 * 10**9
_DAY_NS: Final = 24 * _HOUR_NS
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
    database, _, _ = server.address.bucket.partition("/")
    server.query(f"CREATE DATABASE {quoted(database)}")
    keep_policy(server, policy_in_use(server), keep_ns)


def policy_in_use(server: Server) -> str:
    """Return the retention policy that a bucket of 1.x names, or its database's default one."""
    _, _, policy = server.address.bucket.partition("/")
    if policy:
        return policy
    default = [str(each["name"]) for each in _policies(server) if each["default"]]
    return default[0] if default else "autogen"


def keep_policy(server: Server, policy: str, keep_ns: int | None) -> None:
    """Make a retention policy of 1.x where it is missing, and set how long it keeps."""
    database, _, _ = server.address.bucket.partition("/")
    duration = "INF" if keep_ns is None else f"{_rounded_up(keep_ns, _HOUR_NS)}h"
    verb, replication = "ALTER", ""
    if policy not in {each["name"] for each in _policies(server)}:
        verb, replication = "CREATE", " REPLICATION 1"
    server.query(
        f"{verb} RETENTION POLICY {quoted(policy)} ON {quoted(database)} "
        f"DURATION {duration}{replication} SHARD DURATION {_shard(keep_ns)}"
    )


def _shard(keep_ns: int | None) -> str:
    """Return how long a shard lasts: a policy that keeps for less than its shards do is refused."""
    if keep_ns is None or keep_ns >= 180 * _DAY_NS:
        return "168h"
    return "24h" if keep_ns >= 2 * _DAY_NS else "1h"


def _policies(server: Server) -> list[dict[str, Any]]:
    database, _, _ = server.address.bucket.partition("/")
    (shown,) = server.query(f"SHOW RETENTION POLICIES ON {quoted(database)}")
    return [dict(zip(shown.columns, row, strict=True)) for row in shown.values]


def _version_2(server: Server, keep_ns: int | None) -> None:
    keep_bucket(server, server.address.bucket, keep_ns)


def keep_bucket(server: Server, bucket: str, keep_ns: int | None) -> None:
    """Make a bucket of 2.x where it is missing, and set how long it keeps."""
    seconds = 0 if keep_ns is None else _rounded_up(keep_ns, _SECOND_NS)
    rules = [{"type": "expire", "everySeconds": seconds}]
    query = [("name", bucket), ("org", server.address.org)]
    found = asked(server, "/api/v2/buckets", query)["buckets"]
    if found:
        sent(server, "PATCH", f"/api/v2/buckets/{found[0]['id']}", {"retentionRules": rules})
        return
    wanted = {"orgID": organisation_id(server), "name": bucket, "retentionRules": rules}
    sent(server, "POST", "/api/v2/buckets", wanted)


def organisation_id(server: Server) -> str:
    """Return the id of the organisation of 2.x that the URL names.

    Raises:
        HistorianRefused: there is none.
    """
    org = server.address.org
    orgs = asked(server, "/api/v2/orgs", [("org", org)])["orgs"]
    if not orgs:
        raise HistorianRefused(
            f"{server.address.url} has no organisation {org!r}; give its name as org=… in the URL"
        )
    return str(orgs[0]["id"])


def _version_3(server: Server, keep_ns: int | None) -> None:
    """InfluxDB 3 Core takes a retention where a database is made, and nowhere else."""
    wanted: dict[str, Any] = {"db": server.address.bucket}
    if keep_ns is not None:
        wanted["retention_period"] = f"{_rounded_up(keep_ns, _SECOND_NS)}s"
    sent(server, "POST", "/api/v3/configure/database", wanted)


def quoted(name: str) -> str:
    """Return a name as an InfluxQL identifier."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rounded_up(keep_ns: int, unit_ns: int) -> int:
    return -(-keep_ns // unit_ns)


def asked(server: Server, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    """Return what the server's own interface answers."""
    answer: dict[str, Any] = json.loads(server.call("GET", path, query, _JSON, None))
    return answer


def sent(server: Server, method: str, path: str, body: dict[str, Any]) -> None:
    """Tell the server something by its own interface."""
    server.call(method, path, [], _JSON, body)
