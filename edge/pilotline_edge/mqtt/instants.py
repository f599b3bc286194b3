"""Instants: source times as MQTT messages carry them, ISO 8601 with nanoseconds."""

import re
from datetime import UTC, datetime

_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_LEAST_NS, _MOST_NS = -(2**63), 2**63 - 1


def instant(ns: int) -> str:
    """Return an instant in ns UTC as text that keeps its nanoseconds."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def instant_ns(text: str) -> int:
    """Return what `instant` wrote, in ns UTC.

    Raises:
        ValueError: it is no such text, or no instant in ns that 64 bits hold.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no instant such as 2026-03-02T11:13:20.123456789Z")
    at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    ns = int(at.timestamp()) * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))
    if not _LEAST_NS <= ns <= _MOST_NS:
        raise ValueError(f"{text} lies before 1677 or after 2262")
    return ns
