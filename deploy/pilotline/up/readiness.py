"""When the line is up: the pages answer, and the edge has every machine."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

_PERIOD_S = 0.1


async def pages_answer(url: str) -> None:
    """Wait until the API serves requests."""
    async with httpx.AsyncClient(timeout=2.0) as client:
        while True:
            try:
                answer = await client.get(f"{url}/api/v1/session")
            except httpx.TransportError:
                await asyncio.sleep(_PERIOD_S)
                continue
            if answer.status_code in (httpx.codes.OK, httpx.codes.UNAUTHORIZED):
                return
            await asyncio.sleep(_PERIOD_S)


@dataclass(frozen=True, slots=True)
class Connected:
    """How many of the plant's machines the edge reads right now."""

    machines: int
    of: int


def connected(status_file: Path, of: int) -> Connected:
    """Read the edge's status file; a file that is not there yet means no machine."""
    try:
        machines = json.loads(status_file.read_text(encoding="utf-8"))["machines"]
    except FileNotFoundError:
        return Connected(0, of)
    return Connected(sum(bool(each["connected"]) for each in machines), of)


async def machines_connected(status_file: Path, of: int, told: Callable[[Connected], None]) -> None:
    """Wait until every machine is read, telling each change of the count."""
    before = -1
    while True:
        now = connected(status_file, of)
        if now.machines != before:
            before = now.machines
            told(now)
        if now.machines >= of:
            return
        await asyncio.sleep(_PERIOD_S)
