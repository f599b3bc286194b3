"""Fleet: the machines that an agent reads, each on its own, and how they change."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from pilotline_edge.backoff import Backoff
from pilotline_edge.cause import Cause
from pilotline_edge.connection.identity import Identity, own_identity
from pilotline_edge.connection.redundant_session import session_of
from pilotline_edge.connection.session import SessionSettings
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import JournalFailed
from pilotline_edge.events.intake import EventIntake, KnownEvents, recall_events
from pilotline_edge.fleet.difference import Difference
from pilotline_edge.fleet.gone import retire_gone
from pilotline_edge.journal import Journal
from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.link import MachineLink
from pilotline_edge.link.series import groups_of, series_of
from pilotline_edge.link.state import MachineState, begun
from pilotline_edge.live.feed import LiveOutlet
from pilotline_edge.resumption import Resumption, SessionFile
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")

_RESTART_FIRST_S = 1.0
_RESTART_CAP_S = 30.0
_WELL_AFTER_S = 60.0


@dataclass(slots=True)
class Wiring:
    """What a link is made of besides its machine.

    Attributes:
        journal: where values go.
        live: where the newest go besides, or None.
        trust: accepted server certificates.
        pki: folder of our own certificate, made once a machine needs it.
        session: timeouts and batches towards machines.
        identity: our certificate, once a machine needed it.
    """

    journal: Journal
    live: LiveOutlet | None
    trust: TrustStore
    pki: Path
    session: SessionSettings
    identity: Identity | None = None

    def prepare(self, machines: Iterable[Machine]) -> None:
        """Make our certificate if one of these machines needs it.

        Raises:
            OSError: it cannot be kept.
        """
        if self.identity is None and any(each.endpoint.security != "None" for each in machines):
            self.identity = own_identity(self.pki / "own")

    def link(
        self,
        machine: Machine,
        coverage: Coverage,
        state: MachineState,
        known: KnownEvents | None = None,
    ) -> MachineLink:
        """Return a link to a machine, not yet running.

        Args:
            machine: the machine.
            coverage: what is known of its tags.
            state: what is known of its connection.
            known: what is known of its events, where they are read.
        """
        session = session_of(machine, self.identity, self.trust, self.session)
        intake = Intake(machine, coverage, self.journal, state, self.live)
        events = None
        if known is not None and machine.events is not None:
            events = EventIntake(machine, machine.events, known, self.journal, state)
        intake.recall()
        sessions = self.journal.path.parent / "sessions"
        resumption = Resumption(SessionFile(sessions, machine.id))
        return MachineLink(session, intake, state, resumption, events)


class Fleet:
    """Reads machines side by side.

    Sessions stay at the servers when the fleet ends, for the next agent; the servers end them
    after the session timeout.

    Characteristics
        isolation: one machine that fails, hangs or lies delays no other
        restart: a reader that fails is started anew after 1 to 30 s, for ever; after 1 s again
            once it ran for a minute
        change: machines whose site and endpoint stay keep session and subscriptions; where tags
            come or go, the others lose nothing

    Attributes:
        links: the machines that are read, by id, in plant order.
    """

    def __init__(self, wiring: Wiring) -> None:
        self.links: dict[str, MachineLink] = {}
        self._wiring = wiring
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, machines: Iterable[Machine], delivered_ns: Mapping[str, int]) -> None:
        """Start to read machines as the journal remembers them.

        Args:
            machines: the machines.
            delivered_ns: up to when values were delivered, for the case that the journal is lost.
        """
        machines = list(machines)
        self._wiring.prepare(machines)
        retire_gone(self._wiring.journal, machines)
        for machine in machines:
            since = delivered_ns.get(machine.id)
            coverage = recall(machine, self._wiring.journal, since)
            known = recall_events(machine, self._wiring.journal, since)
            self._start(self._wiring.link(machine, coverage, begun(machine.id), known))

    async def run(self) -> None:
        """Read until cancelled.

        Raises:
            JournalFailed: the disk does not keep what it took.
        """
        try:
            await self._failed
        finally:
            for link in self.links.values():
                link.leave_session()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def change(self, difference: Difference) -> None:
        """Read other machines from now on.

        Whatever can be refused is done before the first machine is touched.

        Raises:
            JournalError: the journal has no room for new tags; nothing has changed.
            OSError: a certificate cannot be made; nothing has changed.
        """
        fresh = [*difference.added, *difference.changed]
        await self._wiring.journal.enrol(
            series for machine in fresh for series in series_of(machine)
        )
        self._wiring.prepare(fresh)
        for machine in difference.kept:
            self.links[machine.id].renamed(machine)
        anew = [each for each in difference.changed if not self.links[each.id].adapts_to(each)]
        leaving = [*difference.removed, *(machine.id for machine in anew)]
        await asyncio.gather(*(self._stop(machine) for machine in leaving))
        for machine_id in difference.removed:
            link = self.links.pop(machine_id)
            link.retire([tag.id for tag in link.machine.tags], Cause.PLANT_CHANGED)
            link.retire_events(Cause.PLANT_CHANGED)
        for machine in difference.changed:
            if machine not in anew:
                self.links[machine.id].adapt(machine)
        for machine in anew:
            former = self.links.pop(machine.id)
            former.retire(_gone(former.machine, machine), Cause.PLANT_CHANGED)
            if machine.events is None or machine.site != former.machine.site:
                former.retire_events(Cause.PLANT_CHANGED)
            self._start_changed(machine, former.state)
        for machine in difference.added:
            self._start_changed(machine, begun(machine.id))
        self.links = {machine: self.links[machine] for machine in difference.order}

    def _start_changed(self, machine: Machine, state: MachineState) -> None:
        journal, changed = self._wiring.journal, Cause.PLANT_CHANGED
        coverage = recall(machine, journal, cause=changed)
        known = recall_events(machine, journal, cause=changed)
        self._start(self._wiring.link(machine, coverage, state, known))

    def _start(self, link: MachineLink) -> None:
        self.links[link.machine.id] = link
        task = asyncio.ensure_future(_supervise(link))
        task.add_done_callback(self._ended)
        self._tasks[link.machine.id] = task

    async def _stop(self, machine: str) -> None:
        task = self._tasks[machine]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failed.done():
            return
        if (error := task.exception()) is not None:
            self._failed.set_exception(error)


def recall(
    machine: Machine,
    journal: Journal,
    delivered_ns: int | None = None,
    cause: Cause | None = None,
) -> Coverage:
    """Return a machine's coverage from the journal, with what happened since then as a loss.

    That the agent was stopped is only an absence: a session left at the server may bridge it.

    Args:
        machine: the machine.
        journal: the journal.
        delivered_ns: up to when values were delivered, for the case that the journal is lost.
        cause: of the loss, or None when the agent has just started.
    """
    groups, sampling = groups_of(machine)
    kept = journal.coverage.get(machine.id)
    if kept is not None:
        coverage = Coverage.from_json(machine.site, machine.id, groups, sampling, kept)
        coverage.begin(time.time_ns())
        if cause is None:
            coverage.absence = Cause.AGENT_STOPPED
        else:
            coverage.lost(groups, cause)
        return coverage
    saved = journal.damage.since_ns if journal.damage is not None else {}
    since = saved.get(machine.id, delivered_ns)
    coverage = Coverage(machine.site, machine.id, groups, sampling)
    coverage.begin(since or time.time_ns())
    started = cause or Cause.AGENT_STARTED
    coverage.lost(groups, started if since is None else Cause.JOURNAL_DAMAGED)
    return coverage


def _gone(former: Machine, machine: Machine) -> list[str]:
    """Return the tags a machine no longer has; at another site all its series are others."""
    if former.site != machine.site:
        return [tag.id for tag in former.tags]
    left = {tag.id for tag in machine.tags}
    return [tag.id for tag in former.tags if tag.id not in left]


async def _supervise(link: MachineLink) -> None:
    """Keep a machine's link running whatever goes wrong in it, except the journal."""
    backoff = Backoff(_RESTART_FIRST_S, _RESTART_CAP_S)
    while True:
        begun = time.monotonic()
        try:
            await link.run()
        except JournalFailed:
            raise
        except Exception as error:
            if time.monotonic() - begun > _WELL_AFTER_S:
                backoff.reset()
            log.exception("edge.link_failed", machine=link.machine.id)
            link.state.restarts += 1
            link.state.disconnected(f"the reader failed: {type(error).__name__}: {error}")
        await asyncio.sleep(backoff.wait_s())
