"""Gone: declares what a plant file dropped while no agent ran, as a running agent would have."""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from pilotline_edge.backfill.loss import Losses
from pilotline_edge.cause import Cause
from pilotline_edge.events.coverage import EventCoverage
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal.source_times import SourceTimes
from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.known import BY_TAG
from pilotline_historian import EVENTS, Gap
from pilotline_plant import Machine


def retire_gone(journal: Journal, machines: Iterable[Machine]) -> list[asyncio.Future[None]]:
    """Declare gaps of machines, and of events, that the journal knows and nobody reads any more.

    Of a machine that is still read, the tags that are not are its intake's: see `Coverage.regain`.

    Returns:
        When each is on disk.
    """
    present = {machine.id: machine.events is not None for machine in machines}
    sites = {series.machine: series.site for series in journal.numbers}
    kept = [
        _retire_events(journal, sites, key)
        if key.endswith(f"/{EVENTS}")
        else _retire(journal, sites, key)
        for key, state in list(journal.coverage.items())
        if state and not _read(key, present)
    ]
    return [future for future in kept if future is not None]


def _read(key: str, present: dict[str, bool]) -> bool:
    machine = key.removesuffix(f"/{EVENTS}")
    return machine in present and (key == machine or present[machine])


def _retire(journal: Journal, sites: dict[str, str], machine: str) -> asyncio.Future[None] | None:
    state = journal.coverage[machine]
    if not state["last"] or machine not in sites:
        return None
    now_ns, site = time.time_ns(), sites[machine]
    coverage, losses = Coverage.from_json(site, machine, {}, {}, state), Losses()
    losses.take_over(site, machine, state.get("losses", ()))
    tags = coverage.regain(state)
    gaps = [*losses.retire(tags), *coverage.retire(tags, now_ns, Cause.PLANT_CHANGED)]
    after = {**coverage.to_json(), "taken": {}, "losses": losses.to_json()}
    return _declare(journal, site, machine, gaps, now_ns, machine, after)


def _retire_events(
    journal: Journal, sites: dict[str, str], key: str
) -> asyncio.Future[None] | None:
    machine = key.removesuffix(f"/{EVENTS}")
    if machine not in sites:
        return None
    now_ns, site = time.time_ns(), sites[machine]
    coverage = EventCoverage.from_json(site, machine, journal.coverage[key]["coverage"])
    gaps = coverage.retire(now_ns, Cause.PLANT_CHANGED)
    return _declare(journal, site, machine, gaps, now_ns, key, {})


def _declare(
    journal: Journal,
    site: str,
    machine: str,
    gaps: Sequence[Gap],
    now_ns: int,
    key: str,
    after: dict[str, Any],
) -> asyncio.Future[None]:
    journal.coverage[key] = after
    kept = json.dumps({name: value for name, value in after.items() if name not in BY_TAG})
    # Events have none: an empty row would make their state look like one of a machine.
    times = None if key.endswith(f"/{EVENTS}") else SourceTimes(whole=True)
    entry = Entry(
        site, machine, now_ns, Samples(), gaps, kept, coverage_key=key, source_times=times
    )
    return journal.append(entry)
