"""Starts the node-opcua tank, whose level raises an alarm."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.edge.opcua_machine import OpcUaMachine, free_port
from tests.interop.node_machine import FOLDER
from tests.real_parts import find_node

_READY_WITHIN_S = 60.0


@dataclass
class AlarmMachine:
    """A node-opcua server with one alarm; its high limits are 80 and 90.

    Attributes:
        pki: folder for its certificates.
        port: where it listens, kept over restarts.
    """

    pki: Path
    port: int = field(default_factory=free_port)
    _process: asyncio.subprocess.Process | None = None

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
        """Run the server and wait until it listens; its level is 50."""
        node = find_node()
        assert node is not None
        wishes = json.dumps({"port": self.port, "pki": str(self.pki)})
        self._process = await asyncio.create_subprocess_exec(
            node,
            str(FOLDER / "alarms.js"),
            wishes,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self._until("READY")

    async def stop(self) -> None:
        """Kill the server."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.communicate()

    async def level(self, level: float) -> None:
        """Set the level."""
        await self._say(f"{level:g}")

    async def report(self, severity: int, message: str) -> None:
        """Report an event that is of no condition."""
        await self._say(f"EVENT {severity} {message}")

    async def _say(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        await self._until(word)

    async def _until(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(_READY_WITHIN_S):
            while line := await self._process.stdout.readline():
                if line.decode().rstrip("\n") == word:
                    return
        raise AssertionError(f"the node-opcua tank ended before {word}")
