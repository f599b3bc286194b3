"""A status as a large plant's agent would write it, without an agent."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ago(**duration: float) -> str:
    """Return an instant before `NOW` as a status carries it."""
    return (NOW - timedelta(**duration)).isoformat(timespec="milliseconds")


def machine(name: str, **facts: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Return a machine that is well, but for these facts."""
    return {
        "id": name,
        "name": name,
        "connected": True,
        "since": ago(hours=3, minutes=12),
        "cause": None,
        "endpoint": "opc.tcp://192.168.1.20:4840",
        "servers": [],
        "server_changes": 0,
        "values": 120_000,
        "values_per_s": 412.5,
        "lag_s": 0.113,
        "clock_skew_s": -0.004,
        "covered_until": ago(seconds=1),
        "delivered_until": ago(seconds=1),
        "gaps": 1,
        "last_gap": {
            "tag": None,
            "start": ago(hours=4),
            "end": ago(hours=3.9),
            "cause": "agent-started",
        },
        "messages_missing": 0,
        "duplicates": 0,
        "reconnects": 0,
        "restarts": 0,
        "healed_by": {},
        "gaps_waiting": 0,
        "conditions": 0,
        "last_healed": None,
        "tags": 42,
        "bad_tags": {},
        "suppressed": 0,
        "server": None,
        "reading": {"subscribed": 42, "polled": 0, "polled_instead": {}, "remarks": {}},
        **facts,
    }


def status(*machines: dict[str, Any], **facts: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Return a status of an agent that is well, but for these facts."""
    return {
        "agent": "edge-1",
        "plant": "Pilot lines",
        "started": ago(hours=4),
        "stopped": False,
        "pid": 4711,
        "updated": ago(seconds=1),
        "age_s": 1.0,
        "running": True,
        "not_ready": None,
        "plant_file": {"taken": ago(hours=4), "reloads": 0, "refused": 0, "problem": None},
        "machines": list(machines),
        "journal": {
            "records": 12,
            "samples": 3_100,
            "bytes": 46_000,
            "limit_bytes": 2 * 1024**3,
            "oldest_s": 0.8,
            "blocked": None,
            "held": [],
            "given_up": 0,
            "damaged_set_aside": None,
        },
        "historian": {
            "samples": 9_412_000,
            "gaps": 24,
            "rejected": 0,
            "corrupt_records": 0,
            "last_delivery": ago(seconds=0.4),
            "writing_since": None,
            "problem": None,
            "problem_since": None,
            "next_attempt": None,
        },
        "live": {"to": "mqtts://broker:8883/pilotline/v1", "pushed": 48_120, "problem": None},
        **facts,
    }
