"""A node-opcua server of companion specifications and of structures of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.edge.opcua_machine import OpcUaMachine, free_port
from tests.interop.node_process import NodeProcess

NAMESPACE = "urn:pilotline:companion"


@asynccontextmanager
async def companion_machine(pki: Path) -> AsyncIterator[str]:
    """Run the server while the block runs; gives its address."""
    node, port = NodeProcess("companion.js"), free_port()
    try:
        await node.start(port=port, pki=str(pki))
        yield OpcUaMachine.url_at(port)
    finally:
        await node.stop()
