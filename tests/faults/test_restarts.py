"""A server that dies and starts again is read again within seconds; what it forgot is declared."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.faults.counts import full, times
from tests.faults.servers import EACH_SERVER, need_server, witness
from tests.faults.witness import TAGS, Witness, find

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

_BETWEEN_S = 0.7
_AWAY_S = 0.3
_PATIENCE_S = 60.0


async def _restarted(mill: Witness) -> float:
    """Restart the server while it writes; return seconds from its port to the first value."""
    async with mill.writing():
        await asyncio.sleep(_BETWEEN_S)
    await mill.stop()
    await asyncio.sleep(_AWAY_S)
    await mill.start()
    open_since, known = time.monotonic(), len(mill.ledger)
    async with mill.writing():
        await until(
            lambda: any(sent.source_ns in mill.acknowledged for sent in mill.ledger[known:]),
            _PATIENCE_S,
        )
        first_s = time.monotonic() - open_since
        await asyncio.sleep(_BETWEEN_S)
    return first_s


@EACH_SERVER
def test_a_restarted_server_is_read_again_and_what_it_forgot_is_declared(
    tmp_path: Path, server: str
) -> None:
    need_server(server)
    count = times(1, 20)

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with witness(server, tmp_path) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, data):
                await until(lambda: status_of(data).get("connected") is True)
                first_s = [await _restarted(mill) for _ in range(count)]
                last = {sent.source_ns for sent in mill.ledger[-len(TAGS) :]}
                await until(lambda: last <= {at for _, at in historian.stored})
            causes = {gap.cause for gap in historian.gaps("mill-1", 0, 2**62)}
            unexpected = causes - {"agent-started", "server-restarted"}
            find(
                mill,
                historian,
                read,
                "server restarted",
                server=server,
                count=count,
                first_s=first_s if full() else (),
                missed=[f"a gap, {cause}" for cause in unexpected],
            ).need()

    asyncio.run(work())
