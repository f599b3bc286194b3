"""An agent that runs inside a test, and the question whether it lost anything."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pilotline_edge import AgentSettings, EdgeAgent, read_status
from pilotline_edge.connection.session import SessionSettings
from pilotline_historian import Historian
from pilotline_plant import Plant
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import Sent


@asynccontextmanager
async def agent(
    plant: Plant,
    historian: Historian,
    data: Path,
    **settings: Any,  # noqa: ANN401 - fields of AgentSettings
) -> AsyncIterator[None]:
    """Run an agent while the block runs; fail when it ended by itself."""
    stop = asyncio.Event()
    settings.setdefault("session", SessionSettings(request_timeout_s=2.0))
    running = asyncio.ensure_future(
        EdgeAgent(plant, historian, AgentSettings(data, **settings)).run(stop)
    )
    try:
        yield
        assert not running.done() or running.result() is None
    finally:
        stop.set()
        await running


async def until(condition: Callable[[], bool], within_s: float = 40.0) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it did not in time.
    """
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s} s")
        await asyncio.sleep(0.02)


def status_of(data: Path, machine: str = "mill-1") -> dict[str, Any]:
    """Return what the status file says of a machine, or nothing yet."""
    status = read_status(data)
    for each in status["machines"] if status else ():
        if each["id"] == machine:
            found: dict[str, Any] = each
            return found
    return {}


def undeclared(
    ledger: Iterable[Sent], historian: MemoryHistorian, machine: str = "mill-1"
) -> list[Sent]:
    """Return what the machine sent that is neither in the historian nor in a declared gap."""
    stored = {(series.tag, at): sample for (series, at), sample in historian.stored.items()}
    gaps = historian.gaps(machine, 0, 2**63 - 1)
    return [
        sent
        for sent in ledger
        if (sent.tag, sent.source_ns) not in stored
        and not any(
            gap.start_ns <= sent.source_ns <= gap.end_ns and gap.tag in (None, sent.tag)
            for gap in gaps
        )
    ]


def lost(ledger: Iterable[Sent], historian: MemoryHistorian) -> list[Sent]:
    """Return what the machine sent that is not in the historian."""
    stored = {(series.tag, at) for series, at in historian.stored}
    return [sent for sent in ledger if (sent.tag, sent.source_ns) not in stored]
