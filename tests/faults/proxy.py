"""A TCP proxy that breaks connections on command."""

import asyncio
import math

from tests.lifetime import Lifetime

_BLOCK = 65536


class FaultProxy(Lifetime):
    """Stands between a client and a server on this machine and misbehaves when told.

    Attributes:
        port: where clients connect.
        connections: how many connections clients have made.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.WriteTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._up = True
        self._plugged = True
        self._dead: set[asyncio.WriteTransport] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._late_s = 0.0
        self._bytes_per_s = math.inf
        self._left_bytes: int | None = None
        self.connections = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """End, and every connection with it."""
        assert self._server is not None
        self._server.close()
        self.thaw()
        self.cut()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._up = False
        for transport in list(self._open):
            transport.abort()

    def restore(self) -> None:
        """Accept connections again."""
        self._up = True

    def freeze(self) -> None:
        """Accept bytes but pass none on, as a frozen peer or a half-open link does."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass bytes on again, those held back first."""
        self._flowing.set()

    def slow(self, late_s: float, bytes_per_s: float = math.inf) -> None:
        """Pass each block on late, and no more bytes than this; 0 and infinity end it."""
        self._late_s, self._bytes_per_s = late_s, bytes_per_s

    def tear(self, after_bytes: int) -> None:
        """Reset every connection once so many more bytes came from the server, mid-message."""
        self._left_bytes = after_bytes

    def pull(self) -> None:
        """Pull the cable: nobody is told, and what is sent is lost, on new connections too."""
        self._plugged = False
        self._dead |= self._open

    def plug(self) -> None:
        """Let new connections work again; those that were there stay dead and silent."""
        self._plugged = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if not self._up:
            writer.transport.abort()
            return
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer.transport, far_writer.transport}
        self._open |= both
        if not self._plugged:
            self._dead |= both
        try:
            await asyncio.gather(
                self._pump(reader, far_writer), self._pump(far_reader, writer, answers=True)
            )
        finally:
            self._open -= both
            self._dead -= both
            for transport in both:
                transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        try:
            while block := await reader.read(_BLOCK):
                await self._flowing.wait()
                await asyncio.sleep(self._late_s + len(block) / self._bytes_per_s)
                if writer.transport in self._dead:
                    continue
                if answers and self._left_bytes is not None:
                    await self._torn(block, writer)
                    continue
                writer.write(block)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()

    async def _torn(self, block: bytes, writer: asyncio.StreamWriter) -> None:
        """Pass on what may still pass; reset every connection once nothing may."""
        assert self._left_bytes is not None
        writer.write(block[: self._left_bytes])
        await writer.drain()
        self._left_bytes -= len(block)
        if self._left_bytes < 0:
            self._left_bytes = None
            await asyncio.sleep(0)  # what was passed on leaves before the reset overtakes it
            for transport in list(self._open):
                transport.abort()
