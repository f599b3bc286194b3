"""Agent: reads every machine of a plant into a historian until told to stop."""

import asyncio
import contextlib
import signal
import socket
import threading
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from pilotline_edge.backoff import Backoff
from pilotline_edge.connection.identity import Identity, own_identity
from pilotline_edge.connection.session import MachineSession, SessionSettings
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.coverage import Coverage
from pilotline_edge.errors import JournalFailed
from pilotline_edge.forwarding import DeadLetters, Forwarder
from pilotline_edge.intake import Intake
from pilotline_edge.journal import Journal
from pilotline_edge.journal.journal import MAX_BYTES
from pilotline_edge.lease import Lease
from pilotline_edge.link import MachineLink
from pilotline_edge.live import LinkState, LiveFeed
from pilotline_edge.state import begun
from pilotline_edge.status import (
    Rates,
    agent_status,
    delivered_before,
    machine_status,
    write_status,
)
from pilotline_historian import Historian, Series
from pilotline_plant import Machine, Plant

log = structlog.get_logger("pilotline.edge")

_STATUS_S = 1.0
_RESTART_FIRST_S = 1.0
_RESTART_CAP_S = 30.0
_FORWARDER_ENDS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How an agent runs.

    Attributes:
        data: directory of journal, certificates, dead letters and status.
        live_url: address of the API that gets live values, or None.
        live_token: bearer token for it, or None.
        trust: further folder of certificates to accept, or None.
        journal_bytes: most bytes kept while the historian is away.
        session: timeouts and batches towards machines.
        name: what the agent calls itself towards the API.
    """

    data: Path
    live_url: str | None = None
    live_token: str | None = None
    trust: Path | None = None
    journal_bytes: int = MAX_BYTES
    session: SessionSettings = field(default_factory=SessionSettings)
    name: str = field(default_factory=socket.gethostname)


class EdgeAgent:
    """Reads every machine of a plant: machine → journal → historian, and live values outward.

    Opens connections outward only and never writes to a machine.

    Characteristics
        delivery: every value of a reported tag is in the historian at least once, or in a
            declared gap
        isolation: one machine that fails, hangs or lies delays no other
        stop: within three seconds; what is not delivered stays in the journal
    """

    def __init__(self, plant: Plant, historian: Historian, settings: AgentSettings) -> None:
        self._plant = plant
        self._historian = historian
        self._settings = settings
        self._started = time.time_ns()
        self._by_machine: dict[str, MachineLink] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set.

        Raises:
            LeaseHeld: another agent uses the data directory.
            JournalFailed: the disk does not keep what it took.
        """
        with Lease(self._settings.data):
            journal = self._open_journal()
            try:
                await self._read_into(journal, stop)
            finally:
                journal.close()

    def _open_journal(self) -> Journal:
        series = [
            Series(machine.site, machine.id, tag.id)
            for machine in self._plant.machines
            for tag in machine.tags
        ]
        path = self._settings.data / "journal.sqlite"
        return Journal.open(path, series, self._settings.journal_bytes)

    async def _read_into(self, journal: Journal, stop: asyncio.Event) -> None:
        letters = DeadLetters(self._settings.data / "dead-letters.jsonl")
        forwarder = Forwarder(journal, self._historian, letters)
        live = self._live_feed()
        links = self._links(journal, live)
        self._by_machine = {link.machine.id: link for link in links}
        forwarder.start()
        try:
            work = [
                *(_supervise(link) for link in links),
                self._tell(links, journal, forwarder, live),
                *([live.run()] if live is not None else []),
            ]
            await _until(stop, work)
        finally:
            forwarder.stop(_FORWARDER_ENDS_WITHIN_S)
            self._write_status(links, journal, forwarder, live, Rates(), stopped=True)

    def _live_feed(self) -> LiveFeed | None:
        settings = self._settings
        if settings.live_url is None:
            return None
        return LiveFeed(settings.live_url, settings.live_token, settings.name, self._link_states)

    def _link_states(self) -> dict[str, LinkState]:
        return {machine: link.state.link for machine, link in self._by_machine.items()}

    def _links(self, journal: Journal, live: LiveFeed | None) -> list[MachineLink]:
        pki = self._settings.data / "pki"
        trust = TrustStore(pki, self._settings.trust)
        identity: Identity | None = None
        if any(machine.endpoint.security != "None" for machine in self._plant.machines):
            identity = own_identity(pki / "own")
        delivered = delivered_before(self._settings.data)
        links = []
        for machine in self._plant.machines:
            session = MachineSession(machine, identity, trust, self._settings.session)
            state = begun(machine.id)
            coverage = recall(machine, journal, delivered.get(machine.id))
            intake = Intake(machine, coverage, journal, state, live)
            links.append(MachineLink(session, intake, state))
        return links

    async def _tell(
        self,
        links: list[MachineLink],
        journal: Journal,
        forwarder: Forwarder,
        live: LiveFeed | None,
    ) -> None:
        rates = Rates()
        while True:
            self._write_status(links, journal, forwarder, live, rates)
            if forwarder.failure is not None:
                raise forwarder.failure
            await asyncio.sleep(_STATUS_S)

    def _write_status(
        self,
        links: list[MachineLink],
        journal: Journal,
        forwarder: Forwarder,
        live: LiveFeed | None,
        rates: Rates,
        *,
        stopped: bool = False,
    ) -> None:
        per_s = rates.per_s({link.machine.id: link.state.values for link in links})
        damage = journal.damage
        status = agent_status(
            agent={
                "agent": self._settings.name,
                "plant": self._plant.name,
                "started": datetime.fromtimestamp(self._started / 1e9, UTC).isoformat(),
                "stopped": stopped,
            },
            machines=[
                machine_status(
                    link,
                    0.0 if stopped else per_s[link.machine.id],
                    forwarder.state.delivered_ns.get(link.machine.id),
                )
                for link in links
            ],
            journal=journal.size,
            set_aside=None if damage is None else damage.set_aside.name,
            forwarder=forwarder.state,
            live=live,
        )
        try:
            write_status(self._settings.data, status)
        except OSError as error:
            log.warning("edge.status_not_written", reason=str(error))


def recall(machine: Machine, journal: Journal, delivered_ns: int | None = None) -> Coverage:
    """Return a machine's coverage from the journal, with what happened since then as a loss.

    Args:
        machine: the machine.
        journal: the journal, just opened.
        delivered_ns: up to when values were delivered, for the case that the journal is lost.
    """
    groups = {tag.id: tag.publishing_ms for tag in machine.tags}
    sampling: dict[int, int] = {}
    for tag in machine.tags:
        slowest = max(sampling.get(tag.publishing_ms, 0), tag.sampling_ms)
        sampling[tag.publishing_ms] = slowest
    kept = journal.coverage.get(machine.id)
    if kept is not None:
        coverage = Coverage.from_json(machine.site, machine.id, groups, sampling, kept)
        coverage.begin(time.time_ns())
        coverage.lost(groups, "agent-stopped")
        return coverage
    saved = journal.damage.since_ns if journal.damage is not None else {}
    since = saved.get(machine.id, delivered_ns)
    coverage = Coverage(machine.site, machine.id, groups, sampling)
    coverage.begin(since or time.time_ns())
    coverage.lost(groups, "agent-started" if since is None else "journal-damaged")
    return coverage


async def _supervise(link: MachineLink) -> None:
    """Keep a machine's link running whatever goes wrong in it, except the journal."""
    backoff = Backoff(_RESTART_FIRST_S, _RESTART_CAP_S)
    while True:
        try:
            await link.run()
        except JournalFailed:
            raise
        except Exception as error:
            log.exception("edge.link_failed", machine=link.machine.id)
            link.state.restarts += 1
            link.state.disconnected(f"the reader failed: {type(error).__name__}: {error}")
        await asyncio.sleep(backoff.wait_s())


async def _until(stop: asyncio.Event, work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run `work` until `stop` is set; the first failure ends all and is raised."""
    tasks = [asyncio.ensure_future(each) for each in (stop.wait(), *work)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def run_agent(plant: Plant, historian: Historian, settings: AgentSettings) -> None:
    """Run an agent in this process until SIGTERM or SIGINT.

    Raises:
        LeaseHeld: another agent uses the data directory.
        JournalFailed: the disk does not keep what it took; start again.
    """

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
        await EdgeAgent(plant, historian, settings).run(stop)

    with contextlib.closing(historian):
        asyncio.run(run())
