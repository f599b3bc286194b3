"""Status: what an agent says of itself in a file that anyone on the machine may read."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilotline_edge.forwarding import ForwarderState
from pilotline_edge.journal import JournalSize
from pilotline_edge.link import MachineLink
from pilotline_edge.live import LiveFeed

FILE_NAME = "status.json"
STALE_AFTER_S = 5.0
"""A status older than this belongs to an agent that no longer runs."""


class Rates:
    """Values per second between two looks."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._at = time.monotonic()

    def per_s(self, values: Mapping[str, int]) -> dict[str, float]:
        """Return the rate per machine since the last call."""
        now = time.monotonic()
        elapsed_s = max(now - self._at, 1e-3)
        rates = {
            machine: round((count - self._before.get(machine, 0)) / elapsed_s, 1)
            for machine, count in values.items()
        }
        self._before, self._at = dict(values), now
        return rates


def machine_status(link: MachineLink, per_s: float, delivered_ns: int | None) -> dict[str, Any]:
    """Return what is known of one machine's connection as JSON values."""
    state = link.state
    return {
        "id": link.machine.id,
        "name": link.machine.name,
        "connected": state.link.connected,
        "since": _instant(state.link.since_ms * 1_000_000),
        "cause": state.link.cause,
        "values": state.values,
        "values_per_s": per_s,
        "lag_s": state.lag_s if state.lag_s is None else round(state.lag_s, 3),
        "covered_until": _instant(link.covered_ns),
        "delivered_until": delivered_ns and _instant(delivered_ns),
        "gaps": state.gaps,
        "messages_missing": state.missing,
        "duplicates": state.duplicates,
        "reconnects": state.reconnects,
        "restarts": state.restarts,
        "healed_by": dict(state.healed_by),
        "bad_tags": state.bad_tags,
    }


def agent_status(
    *,
    agent: Mapping[str, Any],
    machines: Sequence[Mapping[str, Any]],
    journal: JournalSize,
    set_aside: str | None,
    forwarder: ForwarderState,
    live: LiveFeed | None,
) -> dict[str, Any]:
    """Return the whole status as JSON values."""
    return {
        **agent,
        "pid": os.getpid(),
        "updated": _instant(time.time_ns()),
        "machines": machines,
        "journal": {
            "records": journal.records,
            "samples": journal.samples,
            "bytes": journal.bytes,
            "blocked": journal.blocked,
            "damaged_set_aside": set_aside,
        },
        "historian": {
            "samples": forwarder.samples,
            "gaps": forwarder.gaps,
            "rejected": forwarder.rejected,
            "corrupt_records": forwarder.corrupt,
            "problem": forwarder.problem,
            "problem_since": forwarder.problem_since
            and _instant(int(forwarder.problem_since * 1e9)),
        },
        "live": None if live is None else {"pushed": live.pushed, "problem": live.problem},
    }


def write_status(folder: Path, status: Mapping[str, Any]) -> None:
    """Replace the status file, so that a reader sees the old one or the new one whole."""
    path = folder / FILE_NAME
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(status, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(path)


def read_status(folder: Path) -> dict[str, Any] | None:
    """Return the status that an agent on this data directory wrote last, or None.

    ``running`` in it says whether it is fresh.
    """
    try:
        text = (folder / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    status: dict[str, Any] = json.loads(text)
    updated = datetime.fromisoformat(status["updated"])
    status["running"] = (datetime.now(UTC) - updated).total_seconds() < STALE_AFTER_S and not (
        status.get("stopped")
    )
    return status


def delivered_before(folder: Path) -> dict[str, int]:
    """Return up to when each machine's values were delivered by an agent before, ns UTC.

    It is what is left to say since when values are missing after the journal itself is lost.
    """
    try:
        status = read_status(folder)
    except (ValueError, KeyError, OSError):
        return {}
    return {
        machine["id"]: _ns(machine.get("delivered_until") or status["started"])
        for machine in (status or {"machines": ()})["machines"]
        if status is not None
    }


def _ns(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp() * 1000) * 1_000_000


def _instant(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")
