"""A node-opcua server of companion specifications and of structures of its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.edge.opcua_machine import OpcUaMachine, free_port
from tests.interop.node_machine import FOLDER
from tests.real_parts import find_node

NAMESPACE = "urn:pilotline:companion"
_READY_WITHIN_S = 60.0


@asynccontextmanager
async def companion_machine(pki: Path) -> AsyncIterator[str]:
    """Run the server while the block runs; gives its address."""
    node, port = find_node(), free_port()
    assert node is not None
    process = await asyncio.create_subprocess_exec(
        node,
        str(FOLDER / "companion.js"),
        json.dumps({"port": port, "pki": str(pki)}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            while (line := await process.stdout.readline()) != b"READY\n":
                assert line, "the companion machine ended before it was ready"
        yield OpcUaMachine.url_at(port)
    finally:
        process.kill()
        await process.wait()
        await process.stdout.read()
