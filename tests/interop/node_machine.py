"""Starts the node-opcua machine and keeps what it tells."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.edge.opcua_machine import OpcUaMachine, Sent, free_port
from tests.interop.node_process import NodeProcess
from tests.lifetime import Lifetime

_NS_PER_MS = 1_000_000


@dataclass
class NodeMachine(Lifetime):
    """A node-opcua server with variables ``ns=2;s=<tag>`` that change each period.

    Attributes:
        tags: names of its variables.
        pki: folder for its certificates.
        period_ms: how often every variable changes.
        secure: whether it speaks SignAndEncrypt to user ``edge`` only, or only unsecured.
        browse: nodes it takes in one Browse, with further sorts of nodes; 0 for no limit.
        resting: whether its variables change only within `writing`.
        ranged: those of its variables that are analog items with a range of 0 to 100.
        history: whether it keeps the history of its variables, in memory.
        limits: how much it has, by node-opcua's names (``maxMonitoredItemsPerSubscription``).
        hidden: whether it says nothing of that beforehand.
        port: where it listens, kept over restarts.
        ledger: what its variables took; no two values share a source time.
        acknowledged: source times of values that a client acknowledged.
        skipped: source times of values it overwrote before its own timer had sampled them.
    """

    tags: Sequence[str]
    pki: Path
    period_ms: int = 50
    secure: bool = False
    browse: int = 0
    resting: bool = False
    history: bool = False
    ranged: Sequence[str] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    hidden: bool = False
    port: int = field(default_factory=free_port)
    ledger: list[Sent] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    _node: NodeProcess = field(default_factory=lambda: NodeProcess("machine.js"))
    _reading: asyncio.Task[None] | None = None
    _rested: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return OpcUaMachine.url_at(self.port)

    @property
    def sampled(self) -> list[Sent]:
        """What its variables took and its timer had time to sample, in order."""
        return [sent for sent in self.ledger if sent.source_ns not in self.skipped]

    async def start(self) -> None:
        """Run the server and wait until it listens."""
        await self._node.start(
            port=self.port,
            pki=str(self.pki),
            tags=list(self.tags),
            periodMs=self.period_ms,
            secure=self.secure,
            browse=self.browse,
            resting=self.resting,
            history=self.history,
            ranged=list(self.ranged),
            limits=dict(self.limits),
            hidden=self.hidden,
        )
        self._reading = asyncio.ensure_future(self._read())

    async def stop(self) -> None:
        """Kill the machine and complete its ledger."""
        reading, self._reading = self._reading, None
        if reading is not None:
            self._node.send(signal.SIGKILL)
            await reading
        await self._node.stop()

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal, such as SIGSTOP."""
        self._node.send(number)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Let the variables change while the block runs; afterwards the ledger is complete."""
        self._node.say("GO")
        yield
        self._rested.clear()
        self._node.say("REST")
        await self._rested.wait()

    def level(self, service_level: int) -> None:
        """Have the server say how well it can serve."""
        self._node.say(f"LEVEL {service_level}")

    async def _read(self) -> None:
        while (line := await self._node.line()) is not None:
            match line.split():
                case ["WRITTEN", tag, at_ms, value]:
                    self.ledger.append(Sent(tag, int(at_ms) * _NS_PER_MS, float(value)))
                case ["ACKNOWLEDGED", at_ms]:
                    self.acknowledged.add(int(at_ms) * _NS_PER_MS)
                case ["SKIPPED", at_ms]:
                    self.skipped.add(int(at_ms) * _NS_PER_MS)
                case ["REST"]:
                    self._rested.set()
