"""The OPC UA servers that faults are tried with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.witness import TAGS, Witness, WitnessedMachine
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

ASYNCUA, NODE = "asyncua", "node-opcua"
EACH_SERVER = pytest.mark.parametrize(
    "server", [ASYNCUA, pytest.param(NODE, marks=pytest.mark.node)]
)
_NODE_PERIOD_MS = 100


def need_server(server: str) -> None:
    """Skip, or fail in CI, where the server's parts are missing."""
    if server == NODE:
        need_node_opcua()


@asynccontextmanager
async def witness(server: str, folder: Path) -> AsyncIterator[Witness]:
    """Run a machine on a server until the block ends."""
    if server == ASYNCUA:
        async with WitnessedMachine(TAGS) as machine:
            yield machine
        return
    node = NodeMachine(TAGS, folder / "server-pki", period_ms=_NODE_PERIOD_MS, resting=True)
    async with node:
        yield node
