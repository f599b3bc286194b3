"""A disk that is full or fails: nothing is called durable that is not, and the agent comes back."""

import asyncio
import contextlib
import errno
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.edge.small_disk import mounted_at
from tests.faults.agent_files import AgentFiles, ended, last_run
from tests.faults.counts import times
from tests.faults.witness import TAGS, WitnessedMachine, find
from tests.real_parts import need

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RESUMED_WITHIN_S = 5.0
_QUIET_S = 1.5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted_at(folder) as disk:
        yield disk


async def _fill(file: Path) -> None:
    """Take every free byte of the disk, and what becomes free later, until cancelled."""
    with file.open("ab", buffering=0) as filler:
        while True:
            try:
                filler.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                await asyncio.sleep(0.02)


@pytest.mark.root
def test_an_agent_on_a_full_disk_acknowledges_nothing_and_resumes_within_seconds(
    tmp_path: Path, small_disk: Path
) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        data = small_disk / "data"
        async with WitnessedMachine(TAGS) as mill:
            read = plant(machine(OpcUaMachine.url_at(mill.port), [tag(name) for name in TAGS]))
            async with agent(read, historian, data):
                await until(lambda: status_of(data).get("connected") is True)
                async with mill.writing():
                    for _ in range(times(1, 10)):
                        await asyncio.sleep(0.5)
                        resumed_s.append(await _full_for_a_while(mill, small_disk / "filler"))
                last = {sent.source_ns for sent in mill.ledger[-len(TAGS) :]}
                await until(lambda: last <= {at for _, at in historian.stored})
            resumed = f"resumed {max(resumed_s):.2f} s after there was room"
            late = [resumed] if max(resumed_s) > RESUMED_WITHIN_S else []
            find(
                mill,
                historian,
                read,
                "full disk",
                count=len(resumed_s),
                note=resumed,
                missed=late,
            ).need()

    resumed_s: list[float] = []
    asyncio.run(work())


async def _full_for_a_while(mill: WitnessedMachine, filler: Path) -> float:
    """Fill the disk until nothing is acknowledged; return how long it takes to resume, seconds."""
    filling = asyncio.ensure_future(_fill(filler))
    try:
        await until(lambda: time.monotonic() - mill.acknowledged_at > _QUIET_S)
    finally:
        filling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await filling
    quiet_since = mill.acknowledged_at
    filler.unlink()  # noqa: ASYNC240 - a file in memory
    begun = time.monotonic()
    await until(lambda: mill.acknowledged_at > quiet_since)
    return time.monotonic() - begun


def test_a_flush_that_fails_ends_the_agent_and_nothing_was_called_durable(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    need(strace is not None, "strace (apt-get install strace)")
    assert strace is not None

    async def work() -> None:
        async with WitnessedMachine(TAGS) as mill:
            files = AgentFiles(tmp_path, mill)
            count = times(1, 10)
            async with mill.writing():
                for number in range(count):
                    nth = 40 + 17 * number
                    inject = f"fdatasync:error=EIO:when={nth}+"
                    files.before = [strace, "-f", "-qq", "-o", str(tmp_path / "trace"), "-e"]
                    files.before += ["trace=fdatasync", "-e", f"inject={inject}"]
                    with files.running() as process:
                        await ended(process)
                        assert process.returncode == 1, files.log.read_text()[-2000:]
                assert "cannot be written" in files.log.read_text()
            files.before = []
            await last_run(files)
            with files.historian() as historian:
                find(mill, historian, files.plant, "failing flush", count=count).need()

    asyncio.run(work())
