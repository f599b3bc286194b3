"""The world of the chaos: machines, network, agent, historian and disk, and what goes wrong."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import psutil

from pilotline_edge import read_status
from tests.edge.agent_process import edge_run, process
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.running import until
from tests.faults.chaos.historian import Stored
from tests.faults.chaos.machine import POLLED, SELDOM, AsyncuaChaos, Changing
from tests.faults.chaos.plant_file import Described, PlantFile
from tests.faults.chaos.sequence import Step
from tests.faults.proxy import FaultProxy
from tests.historian.influx_write import Answer

_STARTS_WITHIN_S = 0.1
_RESTART_S = 0.5
_PATIENCE_S = 90.0
_HISTORY_WITHIN_S = 45.0
_FILL_BYTES = 64 * 1024


@dataclass
class Footprint:
    """What an agent's process holds.

    Attributes:
        memory_mb: resident memory.
        files: open files.
        sockets: open sockets.
    """

    memory_mb: float
    files: int
    sockets: int

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        """Look at a process."""
        seen = psutil.Process(pid)
        return cls(
            seen.memory_info().rss / 1e6, len(seen.open_files()), len(seen.net_connections())
        )


@dataclass
class World:
    """Everything that faults happen to.

    Attributes:
        folder: where files lie; the agent's data are in its folder ``data``.
        machines: the machines.
        proxies: the network before each.
        stored: the historian.
        file: the plant file.
        diary: when each fault began and ended, seconds since the beginning.
        ended: how often the agent ended by itself, as it may while its disk is full.
        footprint: of the agent in the end.
        unvouched: what the historian lacked although the agent had vouched for it there.
    """

    folder: Path
    machines: Sequence[Changing]
    proxies: Sequence[FaultProxy]
    stored: Stored
    file: PlantFile
    diary: list[tuple[float, float, str]] = field(default_factory=list)
    ended: int = 0
    footprint: Footprint | None = None
    unvouched: list[str] = field(default_factory=list)
    begun_at: float = field(default_factory=time.time)
    _begun: float = field(default_factory=time.monotonic)
    _agent: "subprocess.Popen[bytes] | None" = None
    _wanted: bool = True
    _hands: asyncio.Lock = field(default_factory=asyncio.Lock)
    _full: int = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "agent.log"

    # -- the agent --------------------------------------------------------------------------

    async def look_after_agent(self) -> None:
        """Start the agent whenever it is not there, as a service manager does; until cancelled."""
        command = edge_run(self.file.path, self.data, self.stored.endpoint.url)
        while True:
            with process(command, self.log) as running:
                self._agent = running
                await until(lambda running=running: running.poll() is not None, inf)  # type: ignore[misc]
                self._agent = None
            if self._wanted and running.returncode != -signal.SIGKILL:
                self.ended += 1
                assert self._full, f"the agent ended by itself ({running.returncode})"
                await asyncio.sleep(_RESTART_S)
            await until(lambda: self._wanted, inf)

    def _signal(self, number: signal.Signals) -> None:
        if self._agent is not None and self._agent.poll() is None:
            self._agent.send_signal(number)

    async def _away(self, number: signal.Signals, away_s: float) -> None:
        """End the agent and let it be started again after a while."""
        async with self._hands:
            self._wanted = False
            self._signal(number)
            self._signal(signal.SIGCONT)
            await until(lambda: self._agent is None, _PATIENCE_S)
            await asyncio.sleep(away_s)
            self._wanted = True
            await until(lambda: self._agent is not None, _PATIENCE_S)

    # -- faults -----------------------------------------------------------------------------

    async def suffer(self, step: Step) -> None:
        """Let one fault happen, to its end."""
        begun = time.monotonic() - self._begun
        name = step.kind.replace("-", "_")
        fault: Callable[[Step], Awaitable[str | None]] = getattr(self, f"_fault_{name}")
        word = await fault(step)
        told = f"{step.kind} {word}" if word else step.kind
        self.diary.append((begun, time.monotonic() - self._begun, told))

    async def _fault_kill(self, step: Step) -> None:
        await self._away(signal.SIGKILL, step.lasts_s)

    async def _fault_kill_starting(self, step: Step) -> None:
        moments = random.Random(step.amount)
        for _ in range(1 + int(step.amount * 3)):
            await self._away(signal.SIGKILL, 0.0)
            # The interpreter takes most of a second; half the kills come after it has begun.
            await asyncio.sleep(
                moments.uniform(0.0, _STARTS_WITHIN_S)
                if moments.random() < 0.3
                else moments.uniform(0.5, 1.8)
            )
        await self._away(signal.SIGKILL, step.lasts_s)

    async def _fault_terminate(self, step: Step) -> None:
        await self._away(signal.SIGTERM, step.lasts_s)

    async def _fault_stop(self, step: Step) -> None:
        self._signal(signal.SIGSTOP)
        await asyncio.sleep(step.lasts_s)
        self._signal(signal.SIGCONT)

    async def _fault_change_plant(self, step: Step) -> str:
        word = self.file.change(step.machine, step.amount)
        # A hangup before the agent listens for it ends any process.
        status = read_status(self.data)
        if status is not None and self._agent is not None and status["pid"] == self._agent.pid:
            self._signal(signal.SIGHUP)
        return word

    async def _fault_change_plant_unseen(self, step: Step) -> str:
        async with self._hands:
            self._wanted = False
            self._signal(signal.SIGKILL)
            self._signal(signal.SIGCONT)
            await until(lambda: self._agent is None, _PATIENCE_S)
            await asyncio.sleep(step.lasts_s / 2)
            word = self.file.change(step.machine, step.amount)
            await asyncio.sleep(step.lasts_s / 2)
            self._wanted = True
            await until(lambda: self._agent is not None, _PATIENCE_S)
        return word

    async def _fault_reset(self, step: Step) -> None:
        proxy = self.proxies[step.machine]
        proxy.cut()
        await asyncio.sleep(step.lasts_s)
        proxy.restore()

    async def _fault_tear(self, step: Step) -> None:
        self.proxies[step.machine].tear(int(3_000 * step.amount**2))

    async def _fault_pull(self, step: Step) -> None:
        proxy = self.proxies[step.machine]
        proxy.pull()
        await asyncio.sleep(step.lasts_s)
        proxy.plug()

    async def _fault_freeze(self, step: Step) -> None:
        proxy = self.proxies[step.machine]
        proxy.freeze()
        await asyncio.sleep(step.lasts_s)
        proxy.thaw()

    async def _fault_slow(self, step: Step) -> None:
        proxy = self.proxies[step.machine]
        proxy.slow(step.amount, 20_000.0)
        await asyncio.sleep(step.lasts_s)
        proxy.slow(0.0)

    async def _fault_restart_server(self, step: Step) -> None:
        await self.machines[step.machine].restart(step.lasts_s, renumbered=False)

    async def _fault_renumber_server(self, step: Step) -> None:
        await self.machines[step.machine].restart(step.lasts_s, renumbered=True)

    async def _fault_forget_subscriptions(self, step: Step) -> None:
        await self.machines[step.machine].forget_subscriptions()

    async def _fault_clock_ahead(self, step: Step) -> None:
        machine = self.machines[step.machine]
        if isinstance(machine, AsyncuaChaos):
            machine.ahead(timedelta(seconds=3_600 * step.amount))

    async def _fault_historian_resets(self, step: Step) -> None:
        self.stored.endpoint.reset = True
        await self._historian_well_after(step.lasts_s)

    async def _fault_historian_late(self, step: Step) -> None:
        self.stored.endpoint.delay_s = 3 * step.amount
        await self._historian_well_after(step.lasts_s)

    async def _fault_historian_busy(self, step: Step) -> None:
        status = 429 if step.amount < 0.5 else 503
        self.stored.fault = Answer(status, b"{}", {"Retry-After": "1"})
        await self._historian_well_after(step.lasts_s)

    async def _fault_historian_refuses(self, step: Step) -> None:
        status = 401 if step.amount < 0.5 else 404
        self.stored.fault = Answer(status, b'{"code":"unauthorized","message":"planted"}')
        await self._historian_well_after(step.lasts_s)

    async def _fault_historian_picks(self, step: Step) -> None:
        self.stored.endpoint.bad_status = 400 if step.amount < 0.5 else 422
        self.stored.endpoint.store_the_rest = step.amount % 0.5 < 0.25
        self.stored.endpoint.is_bad = self.stored.picks
        await self._historian_well_after(step.lasts_s)

    async def _fault_historian_cut(self, step: Step) -> None:
        self.stored.endpoint.cut = int(40 * step.amount)
        await self._historian_well_after(step.lasts_s)

    async def _historian_well_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.stored.well()

    async def _fault_disk_full(self, step: Step) -> None:
        filler = self.data / f"filler-{time.monotonic_ns()}"
        self._full += 1
        try:
            deadline = time.monotonic() + step.lasts_s
            with filler.open("wb", buffering=0) as file:
                while time.monotonic() < deadline:
                    with contextlib.suppress(OSError):
                        file.write(bytes(_FILL_BYTES))
                        continue
                    await asyncio.sleep(0.05)
        finally:
            filler.unlink()
            # An agent that found no room while it started may still be about to end.
            await asyncio.sleep(3.0)
            self._full -= 1

    async def settled(self) -> None:
        """Wait until the agent has read every machine."""
        await until(
            lambda: all(self._read_since(n, 0) for n in range(len(self.machines))), _PATIENCE_S
        )

    # -- the end ----------------------------------------------------------------------------

    async def recover(self) -> None:
        """End every fault, and wait until all that the machines emitted is where it belongs."""
        for proxy in self.proxies:
            proxy.restore()
            proxy.thaw()
            proxy.plug()
            proxy.slow(0.0)
        self.stored.well()
        self._signal(signal.SIGCONT)
        begun = [len(machine.ledger) for machine in self.machines]
        await until(lambda: all(map(self._read_since, range(len(begun)), begun)), _PATIENCE_S)
        # The tag that changes seldom ends its own losses.
        await until(lambda: all(map(self._seldom_since, range(len(begun)), begun)), _PATIENCE_S)
        for machine in self.machines:
            await machine.rest()
        await asyncio.sleep(1.5)
        agent = self._agent
        assert agent is not None
        # On a busy machine late polls of what changes no more go on to be looked up in history.
        settled_at = time.monotonic() + _HISTORY_WITHIN_S
        await until(lambda: self._delivered(agent.pid, settled_at), _PATIENCE_S)
        assert self._failures() == 0, "the reader of a machine failed"
        self.footprint = Footprint.of(agent.pid)
        self._wanted = False
        self._signal(signal.SIGTERM)
        await until(lambda: self._agent is None, _PATIENCE_S)
        assert agent.returncode == 0, "the agent did not end well"

    def _read_since(self, number: int, begun: int) -> bool:
        """Return whether each subscribed tag of a machine was acknowledged since."""
        machine, described = self.machines[number], self.file.machines[number]
        wanted = set(machine.tags) - {POLLED, SELDOM} - (set() if described.present else {"x"})
        fresh = machine.ledger[begun:]
        return wanted <= {sent.tag for sent in fresh if sent.source_ns in machine.acknowledged}

    def _seldom_since(self, number: int, begun: int) -> bool:
        machine = self.machines[number]
        fresh = [sent for sent in machine.ledger[begun:] if sent.tag == SELDOM]
        return SELDOM not in machine.tags or any(
            sent.source_ns in machine.acknowledged for sent in fresh
        )

    def _delivered(self, pid: int, settled_at: float) -> bool:
        """Return whether nothing waits, be it in the journal or, for some time, for history."""
        status = read_status(self.data)
        if status is None or status["pid"] != pid or status["journal"]["records"]:
            return False
        waiting = any(each["gaps_waiting"] for each in status["machines"])
        return not waiting or time.monotonic() > settled_at

    def _failures(self) -> int:
        """Return how often the reader of a machine failed in any of the agent's runs."""
        return self.log.read_text("utf-8", "replace").count("edge.link_failed")


@asynccontextmanager
async def world(folder: Path, stored: Stored, machines: Sequence[Changing]) -> AsyncIterator[World]:
    """Let an agent read machines until the block ends."""
    async with AsyncExitStack() as parts:
        for machine in machines:
            await machine.begin()
            parts.push_async_callback(machine.end)
        proxies = [
            await parts.enter_async_context(FaultProxy(machine.port)) for machine in machines
        ]
        described = [
            Described(
                f"mill-{number}",
                OpcUaMachine.url_at(proxy.port),
                isinstance(machine, AsyncuaChaos),
            )
            for number, (machine, proxy) in enumerate(zip(machines, proxies, strict=True), 1)
        ]
        file = PlantFile(folder / "plant.toml", described)
        made = World(folder, machines, proxies, stored, file)
        looking = asyncio.ensure_future(made.look_after_agent())
        try:
            yield made
            assert not looking.done(), f"nobody looks after the agent: {looking}"
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def play(
    made: World, steps: Sequence[Step], watch: Callable[[World], Coroutine[Any, Any, None]]
) -> None:
    """Let the faults of a sequence happen, each when its time has come, and recover.

    Args:
        made: the world.
        steps: the sequence.
        watch: looks at the historian meanwhile, until cancelled.
    """
    await made.settled()
    happening: list[asyncio.Task[Any]] = []
    watching = asyncio.ensure_future(watch(made))
    try:
        for step in steps:
            await asyncio.sleep(step.after_s)
            happening.append(asyncio.ensure_future(made.suffer(step)))
        await asyncio.gather(*happening)
        await made.recover()
        assert not watching.done(), watching
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def tail(path: Path, lines: int = 30) -> str:
    """Return the last lines of a file."""
    with contextlib.suppress(FileNotFoundError):
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    return os.fspath(path)
