"""A network cut shorter than the server's queue costs nothing, whatever kind of cut it is."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.faults.agent_files import all_acknowledged
from tests.faults.counts import full, times
from tests.faults.proxy import FaultProxy
from tests.faults.servers import ASYNCUA, NODE, need_server, witness
from tests.faults.witness import TAGS, Witness, find
from tests.interop.node_machine import NodeMachine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

Cut = Callable[[FaultProxy, Witness], Awaitable[None]]
_BETWEEN_S = 0.7
_FROZEN_S = 8.0


async def reset(proxy: FaultProxy, _: Witness) -> None:
    """Reset the connection and refuse new ones for two seconds."""
    proxy.cut()
    await asyncio.sleep(2.0)
    proxy.restore()


def half_open(seconds: float) -> Cut:
    """Let nothing through for a while, and nothing of the old connections ever after."""

    async def cut(proxy: FaultProxy, _: Witness) -> None:
        proxy.pull()
        await asyncio.sleep(seconds)
        proxy.plug()

    return cut


async def frozen(proxy: FaultProxy, _: Witness) -> None:
    """Stop the network for eight seconds; then what it held back goes on."""
    proxy.freeze()
    await asyncio.sleep(_FROZEN_S)
    proxy.thaw()


async def stopped(_: FaultProxy, mill: Witness) -> None:
    """Stop the server's process for eight seconds; then it goes on where it was."""
    assert isinstance(mill, NodeMachine)
    mill.send(signal.SIGSTOP)
    await asyncio.sleep(_FROZEN_S)
    mill.send(signal.SIGCONT)


CUTS: dict[str, Cut] = {
    "reset": reset,
    "half-open 5 s": half_open(5.0),
    "half-open 30 s": half_open(30.0),
    "frozen network": frozen,
    "stopped server": stopped,
}
OFTEN = 20
SHORT = {(ASYNCUA, "half-open 5 s"), (NODE, "stopped server")}
"""What every run tries once; resets and a freeze are in tests/edge and tests/interop too."""
TWICE = {(NODE, "frozen network"), (NODE, "stopped server")}
"""Delivery is at least once: the newest values may come again from a server that was held up."""


async def _suffer(data: Path, proxy: FaultProxy, mill: Witness, cut: Cut, count: int) -> None:
    """Cut so often, each time after the agent is back and has read a little."""
    await until(lambda: status_of(data).get("connected") is True)
    for number in range(1, count + 1):
        await asyncio.sleep(_BETWEEN_S)
        await cut(proxy, mill)
        await until(
            lambda number=number: (
                status_of(data)["reconnects"] >= number and status_of(data)["connected"]
            ),  # type: ignore[misc]
            60.0,
        )
    await asyncio.sleep(_BETWEEN_S)


def _loss(data: Path, historian: MemoryHistorian) -> list[str]:
    """Return what a cut within the server's queue must not bring."""
    causes = {gap.cause for gap in historian.gaps("mill-1", 0, 2**62)} - {"agent-started"}
    healed = set(status_of(data)["healed_by"]) - {"republished"}
    return [f"a gap, {cause}" for cause in causes] + [f"healed by {step}" for step in healed]


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        pytest.param(server, kind, marks=[pytest.mark.node] if server == NODE else [])
        for server in (ASYNCUA, NODE)
        for kind in CUTS
        if server == NODE or kind != "stopped server"
    ],
)
def test_a_cut_costs_nothing(tmp_path: Path, server: str, kind: str) -> None:
    need_server(server)
    if (server, kind) not in SHORT and not full():
        pytest.skip("runs at full count")
    count = times(1, OFTEN)

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with AsyncExitStack() as parts:
            mill = await parts.enter_async_context(witness(server, tmp_path))
            proxy = await parts.enter_async_context(FaultProxy(mill.port))
            url = OpcUaMachine.url_at(proxy.port)
            read = plant(machine(url, [tag(name) for name in TAGS]))
            async with agent(read, historian, data):
                async with mill.writing():
                    await _suffer(data, proxy, mill, CUTS[kind], count)
                await all_acknowledged(mill)
                last = {sent.source_ns for sent in mill.ledger[-len(TAGS) :]}
                await until(lambda: last <= {at for _, at in historian.stored})
            missed = _loss(data, historian)
            if (server, kind) not in TWICE and historian.writes != len(historian.stored):
                missed.append("a point was delivered twice")
            find(mill, historian, read, kind, server=server, count=count, missed=missed).need()

    asyncio.run(work())
