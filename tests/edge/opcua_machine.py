"""A small OPC UA server that stands in for a machine and remembers what it sent."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from pilotline_simulators.opcua.standard_nodes import SharingServer
from tests.lifetime import Lifetime

NAMESPACE = "urn:pilotline:test"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Sent:
    """One value that the machine wrote."""

    tag: str
    source_ns: int
    value: float | int | str


class QuickServer(SharingServer):
    """asyncua's inner server without its second of building nodes and its second of stopping."""

    async def stop(self) -> None:
        clock, self.time_task = self.time_task, None
        if clock is not None:
            clock.cancel()
            await asyncio.wait([clock])
        await super().stop()


@dataclass
class OpcUaMachine(Lifetime):
    """An asyncua server with variables ``ns=2;s=<tag>``.

    Attributes:
        tags: names of its variables.
        port: port it listens on, kept over restarts.
        ledger: every value written while it ran, in order.
        prepare: gives the server what else it has, before it starts.
        policies: what it offers.
        index: of its variables' namespace, given by the server at each start.
    """

    tags: tuple[str, ...]
    port: int = field(default_factory=free_port)
    ledger: list[Sent] = field(default_factory=list)
    prepare: Callable[[Server], Any] | None = None
    policies: tuple[ua.SecurityPolicyType, ...] = (ua.SecurityPolicyType.NoSecurity,)
    index: int = 2
    _server: Server | None = None
    _values: dict[str, float] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    @staticmethod
    def url_at(port: int) -> str:
        return f"opc.tcp://127.0.0.1:{port}/machine"

    async def start(self) -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        server = Server(iserver=QuickServer())
        await server.init()
        server.set_endpoint(self.url)
        server.set_security_policy(list(self.policies))
        if self.prepare is not None:
            await self.prepare(server)
        self.index = await server.register_namespace(NAMESPACE)
        for tag in self.tags:
            await self.add(tag, server, self.index)
        await server.start()
        self._server = server

    async def add(self, tag: str, server: Server | None = None, index: int = 2) -> None:
        """Give the machine one more variable."""
        server = server or self._server
        assert server is not None
        name: Any = tag
        node, browse_name = (
            ua.NodeId(name, ua.Int16(index)),
            ua.QualifiedName(name, ua.UInt16(index)),
        )
        await server.nodes.objects.add_variable(node, browse_name, 0.0)

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(asyncio.CancelledError):
                await server.stop()

    async def write(self, tag: str, value: float | str, status: int = 0) -> Sent:
        """Write a value with the present as its source time."""
        assert self._server is not None
        now = datetime.now(UTC)
        kind = ua.VariantType.String if isinstance(value, str) else ua.VariantType.Double
        held: Any = ua.DataValue(ua.Variant(value, kind))
        held.StatusCode = ua.StatusCode(ua.UInt32(status))
        held.SourceTimestamp = held.ServerTimestamp = now
        name: Any = tag
        sent = Sent(tag, (now - _EPOCH) // datetime.resolution * 1000, value)
        await self._server.write_attribute_value(ua.NodeId(name, ua.Int16(self.index)), held)
        self.ledger.append(sent)
        return sent

    async def run(self, period_s: float) -> None:
        """Write a new value to every tag each period, until cancelled."""
        while True:
            for tag in self.tags:
                self._values[tag] = self._values.get(tag, 0.0) + 1.0
                await self.write(tag, self._values[tag])
            await asyncio.sleep(period_s)
