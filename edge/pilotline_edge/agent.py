"""Agent: reads every machine of a plant into a historian until told to stop."""

import asyncio
import contextlib
import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pilotline_edge.connection.session import SessionSettings
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import LiveUrlError
from pilotline_edge.fleet.fleet import Fleet, Wiring
from pilotline_edge.fleet.reload import PlantFile, Reloader, Signature
from pilotline_edge.forwarding import DeadLetters, Forwarder
from pilotline_edge.hangup import handle_hangup
from pilotline_edge.journal import Journal
from pilotline_edge.journal.aging import Aging
from pilotline_edge.journal.journal import MAX_BYTES
from pilotline_edge.lease import Lease
from pilotline_edge.link.series import series_of
from pilotline_edge.live.feed import ConditionRow, LinkState, LiveFeed, LiveOutlet
from pilotline_edge.metrics import MetricsAddress, observed
from pilotline_edge.mqtt import MqttFeed, is_broker
from pilotline_edge.racing import first_to_fail
from pilotline_edge.status.overview import Overview, Reloads
from pilotline_edge.status.status import Rates, agent_status, delivered_before, write_status
from pilotline_historian import Historian
from pilotline_plant import Plant

log = structlog.get_logger("pilotline.edge")

_STATUS_S = 1.0
_GARBAGE_FROM = 50_000
_FORWARDER_ENDS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How an agent runs.

    Attributes:
        data: directory of journal, certificates, dead letters and status.
        live_url: API (``http://…``) or broker (``mqtt://…``) that gets live values, or None.
        live_token: bearer token for an API, or None.
        trust: further folder of certificates to accept, or None.
        journal_bytes: most bytes kept while the historian is away.
        journal_keep_s: longest time anything is kept while the historian is away, or None.
        session: timeouts and batches towards machines.
        name: what the agent calls itself towards whoever gets live values.
        plant_file: file to read again when it changes, or None.
        plant_state: `signature` of that file, taken before the plant was read from it; a file that
            is another by now is read again at once. None for what it is when the agent begins.
        metrics: where metrics and health are served, or None.
    """

    data: Path
    live_url: str | None = None
    live_token: str | None = None
    trust: Path | None = None
    journal_bytes: int = MAX_BYTES
    journal_keep_s: float | None = None
    session: SessionSettings = field(default_factory=SessionSettings)
    name: str = field(default_factory=socket.gethostname)
    plant_file: Path | None = None
    plant_state: Signature = None
    metrics: MetricsAddress | None = None


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
        self._fleet: Fleet | None = None
        self._ask_again: Callable[[], None] | None = None

    def read_plant_again(self) -> None:
        """Have the plant file read now, where the agent has one."""
        if self._ask_again is not None:
            self._ask_again()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set.

        Raises:
            DataDirectoryUnusable: the data directory is not there to be written.
            LeaseHeld: another agent uses it.
            LiveUrlError: where live values should go is no address.
            JournalFailed: the disk does not keep what it took.
        """
        with Lease(self._settings.data):
            journal = self._open_journal()
            try:
                await self._read_into(journal, stop)
            finally:
                journal.close()

    def _open_journal(self) -> Journal:
        series = [each for machine in self._plant.machines for each in series_of(machine)]
        path = self._settings.data / "journal.sqlite"
        return Journal.open(path, series, self._settings.journal_bytes)

    async def _read_into(self, journal: Journal, stop: asyncio.Event) -> None:
        settings = self._settings
        letters = DeadLetters(settings.data / "dead-letters.jsonl")
        forwarder = Forwarder(journal, self._historian, letters)
        live = self._live_outlet()
        pki = settings.data / "pki"
        trust = TrustStore(pki, settings.trust)
        self._fleet = fleet = Fleet(Wiring(journal, live, trust, pki, settings.session))
        overview = Overview(
            agent=settings.name,
            plant=self._plant.name,
            started_ns=self._started,
            links=fleet.links,
            journal=journal,
            journal_limit_bytes=settings.journal_bytes,
            forwarder=forwarder.state,
            live=live,
            reloads=Reloads(),
            aging=Aging(journal, settings.journal_keep_s),
            own_pki=pki / "own",
        )
        rates = Rates()
        try:
            with observed(overview, settings.metrics):
                log.info(
                    "edge.started",
                    agent=settings.name,
                    plant=self._plant.name,
                    machines=len(self._plant.machines),
                    data=str(settings.data.absolute()),
                    waiting=journal.size.samples,
                )
                forwarder.start()
                fleet.begin(self._plant.machines, delivered_before(settings.data))
                work = [fleet.run(), self._tell(overview, rates, forwarder), overview.aging.run()]
                if live is not None:
                    work.append(live.run())
                if settings.plant_file is not None:
                    work.append(self._watch(settings.plant_file, Reloader(fleet, overview)))
                await first_to_fail(stop.wait(), *work)
        finally:
            forwarder.stop(_FORWARDER_ENDS_WITHIN_S)
            self._write_status(overview, rates, stopped=True)
            log.info("edge.stopped", agent=settings.name, waiting=journal.size.samples)

    async def _watch(self, path: Path, reloader: Reloader) -> None:
        file = PlantFile(path, reloader.take, self._settings.plant_state)
        self._ask_again = file.ask
        await file.watch(reloader.refuse)

    def _live_outlet(self) -> LiveOutlet | None:
        settings = self._settings
        if settings.live_url is None:
            return None
        if not settings.live_url.startswith(("http://", "https://", "mqtt://", "mqtts://")):
            raise LiveUrlError(
                f"live values cannot go to {settings.live_url!r}; write http://HOST:PORT of the "
                "API, or mqtt://HOST:PORT of a broker (https://, mqtts:// with TLS)"
            )
        if is_broker(settings.live_url):
            return MqttFeed(
                settings.live_url,
                settings.name,
                self._machine_states,
                conditions=self._conditions,
            )
        return LiveFeed(
            settings.live_url,
            settings.live_token,
            settings.name,
            self._link_states,
            conditions=self._conditions,
        )

    def _link_states(self) -> dict[str, LinkState]:
        links = self._fleet.links if self._fleet is not None else {}
        return {machine: link.state.link for machine, link in links.items()}

    def _conditions(self) -> dict[str, list[ConditionRow]]:
        links = self._fleet.links if self._fleet is not None else {}
        return {machine: link.conditions for machine, link in links.items()}

    def _machine_states(self) -> dict[str, tuple[str, LinkState]]:
        links = self._fleet.links if self._fleet is not None else {}
        return {machine: (link.machine.site, link.state.link) for machine, link in links.items()}

    async def _tell(self, overview: Overview, rates: Rates, forwarder: Forwarder) -> None:
        while True:
            overview.turned_at = time.monotonic()
            self._write_status(overview, rates)
            if forwarder.failure is not None:
                raise forwarder.failure
            await asyncio.sleep(_STATUS_S)

    def _write_status(self, overview: Overview, rates: Rates, *, stopped: bool = False) -> None:
        try:
            write_status(self._settings.data, agent_status(overview, rates, stopped=stopped))
        except OSError as error:
            log.warning("edge.status_not_written", reason=str(error))


def run_agent(plant: Plant, historian: Historian, settings: AgentSettings) -> None:
    """Run an agent in this process until SIGTERM or SIGINT, or its terminal is closed.

    Any other SIGHUP reads the plant file again.

    Raises:
        LeaseHeld: another agent uses the data directory.
        JournalFailed: the disk does not keep what it took; start again.
    """

    async def run() -> None:
        stop = asyncio.Event()
        agent = EdgeAgent(plant, historian, settings)
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
            again = agent.read_plant_again if settings.plant_file is not None else None
            handle_hangup(loop, again, stop.set)
        await agent.run(stop)

    with contextlib.closing(historian), _patient_collector():
        asyncio.run(run())


@contextlib.contextmanager
def _patient_collector() -> Iterator[None]:
    """Have Python look for garbage in cycles seldom; values are in none.

    With its usual threshold it looks through every value of a batch several times, for a fifth of
    the processor time that a value takes in all.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_GARBAGE_FROM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
