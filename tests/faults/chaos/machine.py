"""Machines of the chaos: they go on changing whatever happens to their servers."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from asyncua import ua
from asyncua.server.server import Server

from tests.edge.crowded_machine import Room
from tests.edge.history_machine import KeptHistory
from tests.edge.opcua_machine import Sent
from tests.edge.reporting_machine import ReportingMachine
from tests.edge.running import until
from tests.faults.witness import WitnessedMachine, ns_of
from tests.interop.node_machine import NodeMachine

STEADY = ("a", "b", "c", "x")
"""Change each `PERIOD_S`; the plant file has ``x`` now and then."""
SELDOM = "seldom"
"""Changes every other second."""
POLLED = "polled"
"""Changes every other second and is polled."""
PERIOD_S = 0.1
_SELDOM_EVERY = 20
_POLLED_EVERY = 20
_EVENT_EVERY = 3


class Changing(Protocol):
    """A machine whose server may go and come while it goes on.

    Attributes:
        ledger: what its variables took.
        acknowledged: source times of values that were acknowledged.
        skipped: source times of values that no server sampled.
        told: when each event happened, ns UTC, by its message.
    """

    port: int
    ledger: list[Sent]
    acknowledged: set[int]
    skipped: set[int]
    told: dict[str, int]

    @property
    def tags(self) -> tuple[str, ...]: ...

    @property
    def resting(self) -> bool:
        """Whether it changes no more."""

    async def begin(self) -> None:
        """Start the server and the changes."""

    async def end(self) -> None:
        """Stop both."""

    async def rest(self) -> None:
        """Change no more."""

    async def restart(self, away_s: float, *, renumbered: bool) -> None:
        """Have the server forget everything; with other namespace indexes where it can."""

    async def forget_subscriptions(self) -> None:
        """Have the server end every subscription and tell nobody, where it can."""


@dataclass
class AsyncuaChaos(WitnessedMachine, ReportingMachine):
    """A machine on asyncua's server: steady, seldom and polled variables, and events.

    Attributes:
        told: when each event happened, ns UTC, by its message.
        history: what the server keeps of every variable, over restarts, or None.
        room: how much its server has, where that is little.
    """

    told: dict[str, int] = field(default_factory=dict)
    history: KeptHistory | None = None
    room: Room | None = None
    _fillers: int = 0
    _turn: int = 0
    _changing: asyncio.Task[None] | None = None
    _open: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Have the server number its namespaces as it is told."""
        self.prepare = self._fill

    @property
    def resting(self) -> bool:
        return self._changing is None

    async def _fill(self, server: Server) -> None:
        for number in range(self._fillers):
            await server.register_namespace(f"urn:pilotline:filler:{number}")
        if self.room is not None:
            await self.room.furnish(server)
        if self.history is not None:
            server.iserver.history_manager.set_storage(self.history)

    async def add(self, tag: str, server: Server | None = None, index: int = 2) -> None:
        server = server or self._server
        await super().add(tag, server, index)
        assert server is not None
        if self.history is not None:
            name: Any = tag
            node = server.get_node(ua.NodeId(name, ua.Int16(index)))
            await server.historize_node_data_change(node)
            # The value it has already was written before anybody listened.
            newest = await node.read_data_value()
            if newest.SourceTimestamp not in self.history.times(tag)[-2:]:
                await self.history.save_node_value(node.nodeid, newest)

    async def begin(self) -> None:
        await self.start()
        self._changing = asyncio.ensure_future(self._change())

    async def end(self) -> None:
        await self.rest()
        await self.stop()

    async def rest(self) -> None:
        changing, self._changing = self._changing, None
        if changing is not None:
            assert not changing.done(), f"the machine stopped changing: {changing}"
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)

    async def restart(self, away_s: float, *, renumbered: bool) -> None:
        async with self._open:
            await self._kept()
            await self.stop()
            await asyncio.sleep(away_s)
            renumbered = renumbered and self.history is None  # it knows its nodes by their ids
            self._fillers = random.Random(len(self.ledger)).randrange(4) if renumbered else 0
            await self.start()

    async def _kept(self) -> None:
        """Wait until the history has every value: one that forgets some in between is a liar."""
        if self.history is None:
            return
        last = {sent.tag: sent.source_ns for sent in self.ledger}
        history = self.history
        await until(
            lambda: all(at in map(ns_of, history.times(tag)[-3:]) for tag, at in last.items())
        )

    async def forget_subscriptions(self) -> None:
        async with self._open:
            assert self._server is not None
            service = self._server.iserver.subscription_service
            # Those without are the server's own, by which it keeps its history.
            ours = [n for n, each in service.subscriptions.items() if each.pub_request_callback]
            await service.delete_subscriptions(ours)

    async def stop(self) -> None:
        with suppress(ConnectionError):
            await super().stop()

    async def _change(self) -> None:
        while True:
            async with self._open:
                await self._once()
            await asyncio.sleep(PERIOD_S)

    async def _once(self) -> None:
        self._turn += 1
        tags = list(STEADY)
        tags += [SELDOM] if self._turn % _SELDOM_EVERY == 0 else []
        tags += [POLLED] if self._turn % _POLLED_EVERY == 0 else []
        for tag in tags:
            await self.write(tag, self._values.get(tag, 0.0) + 1.0)
        if self._turn % _EVENT_EVERY == 0:
            message = f"event {len(self.told)}"
            self.told[message] = await self.report(500, message)

    def ahead(self, by: timedelta) -> None:
        """Set the machine's clock, which stamps its values, ahead."""
        self.clock += by


class NodeChaos:
    """A machine on node-opcua, whose variables all are steady; it reports no events."""

    def __init__(self, folder: Path, of_one: int = 0) -> None:
        folder.mkdir()
        limits = {"maxMonitoredItemsPerSubscription": of_one} if of_one else {}
        period_ms = int(PERIOD_S * 1000)
        self._node = NodeMachine(
            STEADY, folder, period_ms=period_ms, resting=True, limits=limits, hidden=bool(of_one)
        )
        self._open = asyncio.Lock()
        self._writing: Any = None
        self.told: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the machine has
        return getattr(self._node, name)

    @property
    def resting(self) -> bool:
        return self._writing is None

    async def begin(self) -> None:
        await self._node.start()
        self._writing = self._node.writing()
        await self._writing.__aenter__()

    async def end(self) -> None:
        await self.rest()
        await self._node.stop()

    async def rest(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing.__aexit__(None, None, None)

    async def restart(self, away_s: float, *, renumbered: bool) -> None:
        del renumbered
        async with self._open:
            await self.rest()
            await self._node.stop()
            await asyncio.sleep(away_s)
            await self.begin()

    async def forget_subscriptions(self) -> None:
        """node-opcua has no way to be told."""
