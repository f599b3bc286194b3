"""Supervisor: keeps the parts running, and stops them together."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pilotline.errors import PartFailedError
from pilotline.up.part import Part

T = TypeVar("T")

STOP_GRACE_S = 3.5
"""How long parts may take to end by themselves; with the kill it stays below five seconds."""
FIRST_DELAY_S = 0.5
LAST_DELAY_S = 30.0
STEADY_S = 60.0
"""A part that lived this long starts again without delay."""


class Supervisor:
    """Runs parts until told to stop.

    Args:
        parts: what to run.
        on_restart: told of each part that ended, its exit code and the delay until it starts again.

    Characteristics
        restart policy: a part that ends is started again after 0.5 s, 1 s, 2 s … up to 30 s;
            the delay falls back once it lived for a minute
        order: parts start together and stop together
        stop bound: below five seconds, then the part's session is killed
    """

    def __init__(
        self, parts: Sequence[Part], on_restart: Callable[[Part, int, float], None]
    ) -> None:
        self.parts = tuple(parts)
        self._on_restart = on_restart
        self._stopping = False

    async def start(self) -> None:
        """Start every part."""
        await asyncio.gather(*(part.start() for part in self.parts))

    async def until_ready(self, ready: Callable[[], Awaitable[T]]) -> T:
        """Wait for `ready` and return what it gives, or for the first part that ends before.

        Raises:
            PartFailedError: a part ended first.
        """
        waiting = asyncio.ensure_future(ready())
        ends = {asyncio.ensure_future(part.ended()): part for part in self.parts}
        try:
            done, _ = await asyncio.wait({waiting, *ends}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiting, *ends):
                if not task.done():
                    task.cancel()
            await asyncio.gather(waiting, *ends, return_exceptions=True)
        for task, part in ends.items():
            if task in done:
                raise PartFailedError(part.name, task.result(), part.log, part.tail())
        return waiting.result()

    async def watch(self) -> None:
        """Start again whatever ends, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in self.parts:
                group.create_task(self._keep(part))

    async def _keep(self, part: Part) -> None:
        delay_s = FIRST_DELAY_S
        while True:
            begun = time.monotonic()
            code = await part.ended()
            if self._stopping:
                return
            if time.monotonic() - begun > STEADY_S:
                delay_s = FIRST_DELAY_S
            part.restarts += 1
            self._on_restart(part, code, delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LAST_DELAY_S)
            await part.start()

    async def stop(self) -> list[Part]:
        """Stop every part.

        Returns:
            the parts that had to be killed.
        """
        self._stopping = True
        by_itself = await asyncio.gather(*(part.stop(STOP_GRACE_S) for part in self.parts))
        return [part for part, willing in zip(self.parts, by_itself, strict=True) if not willing]
