"""Status: what an agent says of itself in a file that anyone on the machine may read."""

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilotline_edge.connection.redundancy import Standing
from pilotline_edge.errors import StatusUnreadable
from pilotline_edge.link.link import MachineLink
from pilotline_edge.status.overview import Overview
from pilotline_historian import Gap

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
            machine: round(max(count - self._before.get(machine, 0), 0) / elapsed_s, 1)
            for machine, count in values.items()
        }
        self._before, self._at = dict(values), now
        return rates


def agent_status(overview: Overview, rates: Rates, *, stopped: bool = False) -> dict[str, Any]:
    """Return the whole status as JSON values.

    Args:
        overview: the agent.
        rates: counts of the look before this one.
        stopped: whether the agent is about to end.
    """
    links = list(overview.links.values())
    per_s = rates.per_s({link.machine.id: link.state.values for link in links})
    delivered = overview.forwarder.delivered_ns
    return {
        "agent": overview.agent,
        "plant": overview.plant,
        "started": _instant(overview.started_ns),
        "stopped": stopped,
        "pid": os.getpid(),
        "updated": _instant(time.time_ns()),
        "not_ready": overview.not_ready(),
        "plant_file": {
            "taken": _instant(overview.reloads.loaded_ns),
            "reloads": overview.reloads.done,
            "refused": overview.reloads.refused,
            "problem": overview.reloads.problem,
        },
        "machines": [
            _machine(
                link,
                0.0 if stopped else per_s[link.machine.id],
                delivered.get(link.machine.id),
            )
            for link in links
        ],
        "journal": _journal(overview),
        "historian": _historian(overview),
        "live": _live(overview),
    }


def _machine(link: MachineLink, per_s: float, delivered_ns: int | None) -> dict[str, Any]:
    state = link.state
    return {
        "id": link.machine.id,
        "name": link.machine.name,
        "connected": state.link.connected,
        "since": _instant(state.link.since_ms * 1_000_000),
        "cause": state.link.cause,
        "endpoint": link.endpoint,
        "servers": [_server(each, link.endpoint) for each in link.servers],
        "server_changes": link.server_changes,
        "values": state.values,
        "suppressed": state.suppressed,
        "values_per_s": per_s,
        "events": state.events,
        "conditions": state.conditions,
        "lag_s": _rounded(state.lag_s),
        "clock_skew_s": _rounded(state.skew.seconds),
        "covered_until": _instant(link.covered_ns),
        "delivered_until": delivered_ns and _instant(delivered_ns),
        "gaps": state.gaps,
        "gaps_healed": state.gaps_healed,
        "gaps_waiting": link.losses_waiting,
        "values_backfilled": state.backfilled,
        "last_gap": state.last_gap and _gap(state.last_gap),
        "messages_missing": state.missing,
        "duplicates": state.duplicates,
        "reconnects": state.reconnects,
        "restarts": state.restarts,
        "healed_by": dict(state.healed_by),
        "last_healed": state.last_healed
        and {"by": state.last_healed[0], "at": _instant(state.last_healed[1] * 1_000_000)},
        "tags": len(link.machine.tags),
        "bad_tags": state.bad_tags,
        **link.reading(),
    }


def _server(server: Standing, endpoint: str) -> dict[str, Any]:
    return {
        "url": server.url,
        "in_use": server.url == endpoint,
        "service_level": server.level,
        "problem": server.problem,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "tag": gap.tag,
        "start": _instant(gap.start_ns),
        "end": _instant(gap.end_ns),
        "cause": gap.cause,
    }


def _journal(overview: Overview) -> dict[str, Any]:
    size, damage = overview.journal.size, overview.journal.damage
    return {
        "records": size.records,
        "samples": size.samples,
        "bytes": size.bytes,
        "limit_bytes": overview.journal_limit_bytes,
        "oldest_s": _rounded(overview.oldest_s()),
        "blocked": size.blocked,
        "held": sorted(size.held),
        "given_up": overview.aging.given_up,
        "damaged_set_aside": None if damage is None else damage.set_aside.name,
    }


def _historian(overview: Overview) -> dict[str, Any]:
    state = overview.forwarder
    return {
        "samples": state.samples,
        "gaps": state.gaps,
        "events": state.events,
        "rejected": state.rejected,
        "corrupt_records": state.corrupt,
        "last_delivery": _second(state.delivered_at),
        "writing_since": _second(state.writing_since),
        "problem": state.problem,
        "problem_since": _second(state.problem_since),
        "next_attempt": _second(state.retry_at),
    }


def _live(overview: Overview) -> dict[str, Any] | None:
    live = overview.live
    if live is None:
        return None
    return {"to": live.address, "pushed": live.pushed, "problem": live.problem}


def write_status(folder: Path, status: Mapping[str, Any]) -> None:
    """Replace the status file, so that a reader sees the old one or the new one whole."""
    path = folder / FILE_NAME
    draft = path.with_suffix(".tmp")
    text = json.dumps(status, ensure_ascii=False, indent=1)
    draft.unlink(missing_ok=True)  # never through a link that somebody laid
    draft.write_text(text, encoding="utf-8", errors="replace")  # machines may send what is no text
    draft.replace(path)


def read_status(folder: Path) -> dict[str, Any] | None:
    """Return the status that an agent on this data directory wrote last, or None.

    ``running`` in it says whether it is fresh, ``age_s`` how old it is.

    Raises:
        StatusUnreadable: this user may not read it, or it is no status.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StatusUnreadable(
            f"{path} cannot be read ({error.strerror}); ask as the agent's own user"
        ) from error
    try:
        status: dict[str, Any] = json.loads(text)
        updated = datetime.fromisoformat(status["updated"])
    except (ValueError, KeyError, TypeError) as error:
        raise StatusUnreadable(f"{path} is no agent's status ({error!r}); remove it") from error
    age_s = (datetime.now(UTC) - updated).total_seconds()
    status["age_s"] = round(age_s, 1)
    status["running"] = age_s < STALE_AFTER_S and not status.get("stopped")
    return status


def delivered_before(folder: Path) -> dict[str, int]:
    """Return up to when each machine's values were delivered by an agent before, ns UTC.

    It is what is left to say since when values are missing after the journal itself is lost.
    """
    try:
        status = read_status(folder)
    except StatusUnreadable:
        return {}
    return {
        machine["id"]: _ns(machine.get("delivered_until") or status["started"])
        for machine in (status or {"machines": ()})["machines"]
        if status is not None
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _ns(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp() * 1000) * 1_000_000


def _instant(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")


def _second(at_s: float | None) -> str | None:
    return None if at_s is None else _instant(int(at_s * 1e9))
