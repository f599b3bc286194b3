"""An HTTP endpoint that takes line protocol and keeps nothing but figures, or hands it on.

`POST` anything: 204. `GET /figures`: samples taken, distinct series, and how long after its source
time each sample came, as JSON; declared gaps are not counted. With ``--upstream PORT`` each write
goes on to an InfluxDB on this machine first, and counts once that has answered. It is a process of
its own, so that a client's processor time holds none of it.
"""

import argparse
import asyncio
import gzip
import json
import time
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Figures:
    """What arrived.

    Attributes:
        lines: samples taken.
        series: distinct measurement and tag sets.
        ages_s: seconds from source time to taken, one array for each write.
        refused: answers of the upstream that were no success.
    """

    lines: int = 0
    refused: int = 0
    series: set[bytes] = field(default_factory=set)
    ages_s: list[np.ndarray] = field(default_factory=list)

    def take(self, body: bytes, now_ns: int) -> None:
        """Count a body of lines."""
        lines = [line for line in body.splitlines() if not line.startswith(b"gap,")]
        self.lines += len(lines)
        self.series.update(line.partition(b" ")[0] for line in lines)
        times = np.array([int(line.rpartition(b" ")[2]) for line in lines])
        self.ages_s.append((now_ns - times) / 1e9)

    def told(self, *, reset: bool) -> dict[str, object]:
        """Return the figures, and begin the ages anew when asked."""
        ages = np.concatenate(self.ages_s) if self.ages_s else np.zeros(0)
        p50, p99, most = np.percentile(ages, [50, 99, 100]) if len(ages) else (0.0, 0.0, 0.0)
        if reset:
            self.ages_s.clear()
        return {
            "lines": self.lines,
            "series": len(self.series),
            "refused": self.refused,
            "p50_s": float(p50),
            "p99_s": float(p99),
            "most_s": float(most),
        }


FIGURES = Figures()


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """Return head and body of one HTTP message, or None at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head, await reader.readexactly(length) if length else b""


class Sink:
    """Serves connections.

    Args:
        upstream: port of an InfluxDB that gets every write, or None.
    """

    def __init__(self, upstream: int | None) -> None:
        self._upstream = upstream

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        far = None
        if self._upstream is not None:
            far = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            while (message := await read_message(reader)) is not None:
                writer.write(await self._answer(*message, far))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            if far is not None:
                far[1].close()

    async def _answer(
        self,
        head: bytes,
        body: bytes,
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None,
    ) -> bytes:
        if head.startswith(b"GET /figures"):
            told = json.dumps(FIGURES.told(reset=b"reset" in head.partition(b"\r\n")[0])).encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told)
        answer = b"HTTP/1.1 204 No Content\r\nX-Influxdb-Version: 2.7\r\n\r\n"
        if far is not None:
            far[1].write(head + body)
            told_by_far = await read_message(far[0])
            if told_by_far is None:
                raise ConnectionResetError
            answer = b"".join(told_by_far)
        if head.startswith(b"POST /api/v2/write") or head.startswith(b"POST /write"):
            if answer[9:12] == b"204":
                packed = b"gzip" in head.lower()
                FIGURES.take(gzip.decompress(body) if packed else body, time.time_ns())
            else:
                FIGURES.refused += 1
        return answer


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--upstream", type=int)
    wishes = parser.parse_args()
    sink = Sink(wishes.upstream)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", wishes.port, limit=2**24)
    print(json.dumps({"ready": True}), flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
