"""What the live stream costs: CPU of the API process and latency from ingest to client.

Starts the API on the example plant, pushes every tag of every machine each 200 ms as an edge agent
does, and reads the stream with several clients::

    python api/benchmarks/stream.py --clients 5 50 --seconds 20

The clients and the pushing run in this process, so that only the API's own time is counted. On a
machine with fewer cores than two the two share one, and latencies say more about that.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import Organisation, Role, User
from pilotline_api.accounts.sessions import COOKIE, open_session
from pilotline_api.kit.base import new_id, utc_now
from pilotline_api.kit.database import Database
from pilotline_api.migrations import migrate
from pilotline_plant import Plant
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant

PUSH_S = 0.2
STREAMS_EACH = 25
EDGE = {"Authorization": "Bearer benchmark"}
SERVE = """
import sys
from pathlib import Path
from pydantic import SecretStr
from pilotline_api.app import create_app
from pilotline_api.live.server import server
from pilotline_api.settings import Settings
plant, data, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
settings = Settings(plant=plant, data=data, edge_token=SecretStr("benchmark"))
server(create_app(settings), host="127.0.0.1", port=port).run()
"""


def main() -> None:
    """Measure with each number of clients and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, nargs="+", default=[5, 50])
    parser.add_argument("--seconds", type=float, default=20.0)
    chosen = parser.parse_args()
    print(json.dumps(asyncio.run(measure(chosen.clients, chosen.seconds)), indent=2))


async def measure(clients: Sequence[int], seconds: float) -> dict[str, Any]:
    """Return the figures for each number of clients."""
    file = example_plant("taastrup")
    plant = read_plant(file)
    with tempfile.TemporaryDirectory() as data, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        sessions = signed_in(Path(data), people=max(1, max(clients) // STREAMS_EACH + 1))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVE,
            str(file),
            data,
            str(port),
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await until_alive(port)
            bench = Bench(plant, port, sessions, psutil.Process(process.pid))
            return {
                "machines": len(plant.machines),
                "tags": sum(len(machine.tags) for machine in plant.machines),
                "push_every_s": PUSH_S,
                "cores": os.cpu_count(),
                "runs": [await bench.run(each, seconds) for each in clients],
            }
        finally:
            process.terminate()
            await process.wait()


def signed_in(data: Path, people: int) -> list[str]:
    """Make the database with some operators, and return a session's token of each."""
    with closing(Database(f"sqlite:///{data / 'pilotline.sqlite'}")) as database:
        migrate(database)
        with database.writing() as session:
            institute = Organisation(id=new_id(), name="Institute", client=None)
            session.add(institute)
            session.flush()
            return [_operator(session, institute.id, number) for number in range(people)]


def _operator(session: Session, organisation: str, number: int) -> str:
    user = User(
        id=new_id(),
        organisation_id=organisation,
        name="Operator",
        email=f"{number}@example.org",
        role=Role.OPERATOR,
        password_hash="-",  # noqa: S106 - no password has this hash
        created_at=utc_now(),
    )
    session.add(user)
    session.flush()
    return open_session(session, user, utc_now())


async def until_alive(port: int) -> None:
    """Wait until the API answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(300):
            try:
                if (await client.get(f"http://127.0.0.1:{port}/api/v1/live")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    sys.exit("the API did not start")


class Bench:
    """One API process under measurement."""

    def __init__(
        self, plant: Plant, port: int, sessions: list[str], process: psutil.Process
    ) -> None:
        self._plant = plant
        self._port = port
        self._sessions = sessions
        self._process = process
        self._latencies_ms: list[float] = []
        self._frames = 0
        self._bytes = 0
        self._mark = plant.machines[0].tags[-1].id

    async def run(self, clients: int, seconds: float) -> dict[str, Any]:
        """Measure with some clients."""
        readers = [
            asyncio.create_task(self._read(self._sessions[each // STREAMS_EACH]))
            for each in range(clients)
        ]
        pushing = asyncio.create_task(self._push())
        await asyncio.sleep(2)
        self._latencies_ms.clear()
        self._frames = self._bytes = 0
        began, cpu = time.perf_counter(), self._cpu_s()
        await asyncio.sleep(seconds)
        took, used = time.perf_counter() - began, self._cpu_s() - cpu
        for task in (*readers, pushing):
            task.cancel()
        await asyncio.gather(*readers, pushing, return_exceptions=True)
        return {
            "clients": clients,
            "cpu_pct_of_one_core": round(100 * used / took, 1),
            "frames_per_s_and_client": round(self._frames / took / clients, 2),
            "kB_per_s_and_client": round(self._bytes / took / clients / 1000, 1),
            "latency_ms": quantiles(self._latencies_ms),
            "rss_MB": round(self._process.memory_info().rss / 1e6),
        }

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    async def _read(self, session: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        request = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: {COOKIE}={session}\r\n\r\n"
        writer.write(request.encode())
        mark = f'"{self._mark}":['.encode()
        try:
            while line := await reader.readline():
                self._bytes += len(line)
                if not line.startswith(b'data: {"server_ms"'):
                    continue
                self._frames += 1
                _, found, rest = line.partition(mark)
                if found:
                    sent_s = float(rest.split(b",", 1)[0])
                    self._latencies_ms.append(1000 * (time.monotonic() - sent_s))
        finally:
            writer.close()

    async def _push(self) -> None:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._port}",
            headers=EDGE,
            trust_env=False,
        ) as edge:
            due_s = time.monotonic()
            while True:
                answer = await edge.post("/api/v1/edge/live", content=self._body())
                answer.raise_for_status()
                due_s += PUSH_S
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    def _body(self) -> bytes:
        now_ns, now_ms = time.time_ns(), time.time_ns() // 10**6
        values: list[list[object]] = [
            [machine.id, tag.id, now_ns, now_ns % 10**6 / 7, 0]
            for machine in self._plant.machines
            for tag in machine.tags
        ]
        first = self._plant.machines[0]
        values.append([first.id, self._mark, now_ns + 1, time.monotonic(), 0])
        connections = {
            machine.id: {"connected": True, "since_ms": now_ms - now_ms % 10**7, "cause": None}
            for machine in self._plant.machines
        }
        return json.dumps(
            {"agent": "bench", "sent_ms": now_ms, "connections": connections, "values": values}
        ).encode()


def quantiles(latencies_ms: list[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the worst."""
    ordered = sorted(latencies_ms)
    return {
        "p50": round(ordered[len(ordered) // 2], 1),
        "p99": round(ordered[int(len(ordered) * 0.99)], 1),
        "max": round(ordered[-1], 1),
    }


if __name__ == "__main__":
    main()
