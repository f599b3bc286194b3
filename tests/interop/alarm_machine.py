"""Starts the node-opcua tank, whose level raises an alarm."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.edge.opcua_machine import OpcUaMachine, free_port
from tests.interop.node_process import NodeProcess
from tests.lifetime import Lifetime


@dataclass
class AlarmMachine(Lifetime):
    """A node-opcua server with one alarm; its high limits are 80 and 90.

    Attributes:
        pki: folder for its certificates.
        port: where it listens, kept over restarts.
    """

    pki: Path
    port: int = field(default_factory=free_port)
    _node: NodeProcess = field(default_factory=lambda: NodeProcess("alarms.js"))

    @property
    def url(self) -> str:
        return OpcUaMachine.url_at(self.port)

    async def start(self) -> None:
        """Run the server and wait until it listens; its level is 50."""
        await self._node.start(port=self.port, pki=str(self.pki))

    async def stop(self) -> None:
        """Kill the server."""
        await self._node.stop()

    async def level(self, level: float) -> None:
        """Set the level."""
        await self._say(f"{level:g}")

    async def report(self, severity: int, message: str) -> None:
        """Report an event that is of no condition."""
        await self._say(f"EVENT {severity} {message}")

    async def _say(self, word: str) -> None:
        self._node.say(word)
        await self._node.until(word)
