"""Reload: takes a changed plant file while the agent runs, all of it or nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from pilotline_edge.errors import JournalError, JournalFailed
from pilotline_edge.fleet.difference import difference
from pilotline_edge.fleet.fleet import Fleet
from pilotline_edge.status.overview import Overview
from pilotline_plant import Plant, PlantError
from pilotline_plant.reading import read_plant

log = structlog.get_logger("pilotline.edge")

_LOOK_S = 1.0

Signature = tuple[int, int, int] | None
"""Inode, size and modification time in ns of a file; None when there is none."""


class PlantFile:
    """Watches a plant file and hands on what it says once it changed.

    Characteristics
        asked: at once by `ask`, else within 2 s of a change that lasts for a second
        a file with mistakes: refused whole, each mistake logged once, the former plant goes on
        bounded: one reading at a time, in a thread
    """

    def __init__(
        self, path: Path, take: Callable[[Plant], Awaitable[None]], read: "Signature" = None
    ) -> None:
        """Watch a file.

        Args:
            path: the file.
            take: takes the plant that it says.
            read: the state in which it was read already; the present one unless given.
        """
        self._path = path
        self._take = take
        self._asked = asyncio.Event()
        self._read = read or signature(path)

    def ask(self) -> None:
        """Have the file read now, changed or not."""
        self._asked.set()

    async def watch(self, refuse: Callable[[str], None]) -> None:
        """Read the file whenever it changed, until cancelled.

        Args:
            refuse: told why a file is not taken.

        Raises:
            JournalFailed: the disk does not keep what it took.
        """
        before = self._read
        while True:
            asked = await self._wait()
            now = signature(self._path)
            settled, before = now == before, now
            if asked or (settled and now not in (None, self._read)):
                self._read = now
                await self._reload(refuse)

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _reload(self, refuse: Callable[[str], None]) -> None:
        try:
            await self._take(await asyncio.to_thread(read_plant, self._path))
        except JournalFailed:
            raise
        except (PlantError, JournalError, OSError) as error:
            for line in str(error).splitlines():
                log.error("edge.plant_refused", file=str(self._path), reason=line)  # noqa: TRY400 - no stack: the file is at fault
            refuse(str(error))


class Reloader:
    """Takes a plant into a running fleet and keeps count."""

    def __init__(self, fleet: Fleet, overview: Overview) -> None:
        self._fleet = fleet
        self._overview = overview

    async def take(self, plant: Plant) -> None:
        """Read this plant's machines from now on.

        Raises:
            JournalError: the journal has no room for new tags; nothing has changed.
            OSError: a certificate cannot be made; nothing has changed.
        """
        former = {machine: link.machine for machine, link in self._fleet.links.items()}
        found = difference(former, plant.machines)
        await self._fleet.change(found)
        overview = self._overview
        overview.plant, overview.links = plant.name, self._fleet.links
        overview.reloads.taken()
        log.info(
            "edge.plant_taken",
            added=[machine.id for machine in found.added],
            removed=list(found.removed),
            changed=[machine.id for machine in found.changed],
            kept=len(found.kept),
        )

    def refuse(self, reason: str) -> None:
        """Note that a file was not taken."""
        reloads = self._overview.reloads
        reloads.refused += 1
        reloads.problem = reason


def signature(path: Path) -> Signature:
    """Return what tells one state of a file from another."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
