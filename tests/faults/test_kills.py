"""An agent killed at any moment loses nothing it acknowledged and comes back within seconds."""

import asyncio
import random
import signal
import time
from pathlib import Path
from statistics import median

import psutil
import pytest

from tests.faults.agent_files import AgentFiles, ended, first_value, last_run
from tests.faults.counts import full, times
from tests.faults.findings import FIRST_VALUE_BAR_S
from tests.faults.servers import ASYNCUA, EACH_SERVER, need_server, witness
from tests.faults.witness import find


@pytest.mark.slow
@pytest.mark.timeout(3600)
@EACH_SERVER
def test_a_killed_agent_loses_nothing_and_is_back_within_seconds(
    tmp_path: Path, server: str
) -> None:
    need_server(server)
    kills, moments = times(3 if server == ASYNCUA else 2, 100), random.Random(11)
    wall_s: list[float] = []
    cpu_s: list[float] = []

    async def work() -> None:
        async with witness(server, tmp_path) as mill:
            files = AgentFiles(tmp_path, mill)
            async with mill.writing():
                for _ in range(kills):
                    begun = time.monotonic()
                    with files.running() as process:
                        await first_value(mill, process)
                        wall_s.append(time.monotonic() - begun)
                        cpu_s.append(sum(psutil.Process(process.pid).cpu_times()[:2]))
                        await asyncio.sleep(moments.uniform(0.0, 1.0))
                        await ended(process, signal.SIGKILL)
            await last_run(files)
            with files.historian() as historian:
                causes = [gap.cause for gap in historian.gaps("mill-1", 0, 2**62)]
                find(
                    mill,
                    historian,
                    files.plant,
                    "agent killed",
                    server=server,
                    count=kills,
                    # Without the full count other work on the machine is in the wall's seconds.
                    first_s=wall_s if full() else (),
                    note=f"{median(cpu_s):.2f} processor seconds to the first value",
                ).need()
            assert causes.count("agent-stopped") <= kills + 1

    asyncio.run(work())
    assert median(cpu_s) < FIRST_VALUE_BAR_S


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_agent_killed_while_it_starts_loses_nothing(tmp_path: Path) -> None:
    if not full():
        pytest.skip("runs at full count")
    kills, moments = 20, random.Random(12)

    async def work() -> None:
        async with witness(ASYNCUA, tmp_path) as mill:
            files = AgentFiles(tmp_path, mill)
            async with mill.writing():
                for _ in range(kills):
                    with files.running() as process:
                        await asyncio.sleep(moments.uniform(0.8, 2.5))
                        await ended(process, signal.SIGKILL)
            await last_run(files)
            with files.historian() as historian:
                find(
                    mill, historian, files.plant, "agent killed while it starts", count=kills
                ).need()

    asyncio.run(work())
