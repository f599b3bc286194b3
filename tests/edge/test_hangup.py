"""An agent started by hand ends with its terminal; every other hangup reads the plant file."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.edge.agent_process import pilotline, write_plant
from tests.edge.running import until
from tests.edge.test_reload import plant_file

HUNG_UP = """
import asyncio, signal, sys
from pilotline_edge.hangup import handle_hangup

async def work():
    stop = asyncio.Event()
    handle_hangup(asyncio.get_running_loop(), {again}, stop.set)
    print("ready", flush=True)
    async with asyncio.timeout(2):
        await stop.wait()

asyncio.run(work())
"""


class InTerminal(NamedTuple):
    """A process and the other end of its terminal."""

    process: "subprocess.Popen[bytes]"
    screen: int


def _hung_up_as_usual() -> None:
    """Forget that the tests themselves may run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _at_a_terminal() -> None:
    """Make standard input the controlling terminal."""
    _hung_up_as_usual()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def in_terminal(arguments: Sequence[str]) -> Iterator[InTerminal]:
    """Run a command as a terminal of its own would; closing `screen` closes the terminal."""
    screen, line = os.openpty()
    running = subprocess.Popen(
        arguments,
        stdin=line,
        stdout=line,
        stderr=line,
        start_new_session=True,
        preexec_fn=_at_a_terminal,  # noqa: PLW1509 - this test runs no threads
    )
    os.close(line)
    try:
        yield InTerminal(running, screen)
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()


def test_closing_the_terminal_ends_an_agent_that_a_hangup_alone_does_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    plant = write_plant(tmp_path, "opc.tcp://127.0.0.1:1/absent")
    command = pilotline("edge", "run", str(plant), "--data", str(data))

    async def work() -> None:
        with in_terminal(command) as (running, screen), closing(os.fdopen(screen, "rb", 0)) as tty:
            await until((data / "status.json").exists)
            plant.write_text("name = 3\n", encoding="utf-8")
            os.kill(running.pid, signal.SIGHUP)
            await until(lambda: plant_file(data)["refused"] == 1)
            assert running.poll() is None
            tty.close()
            await until(lambda: running.poll() is not None)
            assert running.returncode == 0

    asyncio.run(work())
    assert '"stopped": true' in (data / "status.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("begin", "again", "ends"),
    [
        ("", "None", 0),
        ("import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)", "None", 1),
        ("", "lambda: None", 1),
    ],
    ids=["nothing-to-read", "nohup", "service"],
)
def test_a_hangup_ends_only_what_has_nothing_to_read_again(
    begin: str, again: str, ends: int
) -> None:
    program = f"{begin}\n{HUNG_UP.format(again=again)}"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_hung_up_as_usual,  # noqa: PLW1509 - this test runs no threads
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGHUP)
        assert running.wait(30) == ends
