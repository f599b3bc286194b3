"""An agent killed at any moment loses nothing it acknowledged and comes back within seconds."""

import asyncio
import random
import signal
import time
from pathlib import Path
from statistics import median

import psutil
import pytest

from tests.edge.running import until
from tests.faults.agent_process import AgentFiles, first_value, last_run
from tests.faults.counts import full, tell, times
from tests.faults.witness import TAGS, WitnessedMachine, need_no_fault, writing

BAR_S = 5.0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_killed_agent_loses_nothing_and_is_back_within_seconds(tmp_path: Path) -> None:
    kills, moments = times(3, 100), random.Random(11)
    wall_s: list[float] = []
    cpu_s: list[float] = []

    async def work() -> None:
        async with WitnessedMachine(TAGS) as mill:
            files = AgentFiles(tmp_path, mill.url)
            async with writing(mill):
                for _ in range(kills):
                    begun = time.monotonic()
                    with files.running() as process:
                        await first_value(mill, process)
                        wall_s.append(time.monotonic() - begun)
                        cpu_s.append(sum(psutil.Process(process.pid).cpu_times()[:2]))
                        await asyncio.sleep(moments.uniform(0.0, 1.0))
                        process.send_signal(signal.SIGKILL)
                        await until(lambda process=process: process.poll() is not None)  # type: ignore[misc]
                drained = last_run(files, mill)
                await drained.__aenter__()
            await drained.__aexit__(None, None, None)
            with files.historian() as historian:
                found = need_no_fault(mill, historian, files.plant)
                causes = [gap.cause for gap in historian.gaps("mill-1", 0, 2**62)]
            assert causes.count("agent-stopped") <= kills
            assert set(causes) == {"agent-started", "agent-stopped"}
            tell(
                f"{kills} kills: {found}\n  first value after {median(wall_s):.2f} s "
                f"(median; at most {max(wall_s):.2f} s), {median(cpu_s):.2f} processor seconds"
            )

    asyncio.run(work())
    assert median(cpu_s) < BAR_S
    if full():
        assert median(wall_s) < BAR_S


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_agent_killed_while_it_starts_loses_nothing(tmp_path: Path) -> None:
    if not full():
        pytest.skip("runs at full count")
    moments = random.Random(12)

    async def work() -> None:
        async with WitnessedMachine(TAGS) as mill:
            files = AgentFiles(tmp_path, mill.url)
            async with writing(mill):
                for _ in range(20):
                    with files.running() as process:
                        await asyncio.sleep(moments.uniform(0.8, 2.5))
                        process.send_signal(signal.SIGKILL)
                        await until(lambda process=process: process.poll() is not None)  # type: ignore[misc]
                drained = last_run(files, mill)
                await drained.__aenter__()
                await asyncio.sleep(1.0)
            await drained.__aexit__(None, None, None)
            with files.historian() as historian:
                need_no_fault(mill, historian, files.plant)

    asyncio.run(work())
