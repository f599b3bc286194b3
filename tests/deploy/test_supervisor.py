"""The supervisor keeps parts running and stops them together within five seconds."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pilotline.errors import PartFailedError
from pilotline.up import supervisor as supervising
from pilotline.up.part import Part
from pilotline.up.supervisor import Supervisor

WILLING = "import time\nwhile True: time.sleep(0.1)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nwhile True: time.sleep(0.1)"  # noqa: E501 - a program


def part(folder: Path, name: str, program: str) -> Part:
    return Part(name, [sys.executable, "-c", program], {}, folder / f"{name}.log")


def ignore(part: Part, code: int, delay_s: float) -> None:
    del part, code, delay_s


async def _wait_for(check: Callable[[], bool], within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    told: list[tuple[str, int, float]] = []

    async def scene() -> None:
        victim = part(tmp_path, "edge", WILLING)
        supervisor = Supervisor(
            [victim], on_restart=lambda part, code, delay: told.append((part.name, code, delay))
        )
        await supervisor.start()
        watch = asyncio.create_task(supervisor.watch())
        first = victim.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await _wait_for(lambda: victim.pid not in {None, first})
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await supervisor.stop()

    asyncio.run(scene())
    assert told == [("edge", -signal.SIGKILL, supervising.FIRST_DELAY_S)]


@pytest.mark.alone
def test_a_part_that_will_not_end_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STOP_GRACE_S", 0.3)
    before = psutil.Process().children()

    async def scene() -> tuple[list[str], float]:
        deaf, willing = part(tmp_path, "deaf", STUBBORN), part(tmp_path, "willing", WILLING)
        supervisor = Supervisor([deaf, willing], on_restart=ignore)
        await supervisor.start()
        await _wait_for(lambda: "deaf" in deaf.tail())
        begun = time.monotonic()
        killed = await supervisor.stop()
        return [each.name for each in killed], time.monotonic() - begun

    killed, took_s = asyncio.run(scene())
    assert killed == ["deaf"]
    assert took_s < 5
    assert psutil.Process().children() == before


def test_a_part_that_fails_at_the_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    async def ready() -> None:
        await asyncio.sleep(60)

    async def scene() -> None:
        broken = part(tmp_path, "api", "import sys; sys.exit('no such plant')")
        supervisor = Supervisor([broken, part(tmp_path, "edge", WILLING)], on_restart=ignore)
        await supervisor.start()
        try:
            await supervisor.until_ready(ready)
        finally:
            await supervisor.stop()

    with pytest.raises(PartFailedError, match=r"api stopped with exit code 1(.|\n)*no such plant"):
        asyncio.run(scene())


@pytest.mark.skipif(sys.platform != "linux", reason="parts follow their parent on Linux only")
def test_parts_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    program = f"""
import asyncio, sys
from pathlib import Path
from pilotline.up.part import Part
async def main():
    part = Part("edge", [sys.executable, "-c", {WILLING!r}], {{}}, Path({str(tmp_path / "log")!r}))
    await part.start()
    Path({str(child_file)!r}).write_text(str(part.pid))
    await asyncio.sleep(60)
asyncio.run(main())
"""

    async def scene() -> None:
        supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        await _wait_for(lambda: child_file.exists() and bool(child_file.read_text()))
        child = psutil.Process(int(child_file.read_text()))
        supervisor.kill()
        await supervisor.wait()
        await asyncio.to_thread(child.wait, 5)

    asyncio.run(scene())
