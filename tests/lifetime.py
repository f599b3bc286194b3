"""Lifetime: parts that are started when a block begins and stopped when it ends."""

from types import TracebackType
from typing import Self


class Lifetime:
    """Starts and stops a part with a block."""

    async def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
