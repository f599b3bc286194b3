"""A full disk stops the taking, loses nothing, and ends by itself."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal.reader import BacklogReader
from pilotline_historian import Series
from tests.edge.running import until
from tests.edge.small_disk import mounted_at

pytestmark = pytest.mark.root

SERIES = Series("aarhus", "mill-1", "speed")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    with mounted_at(tmp_path) as disk:
        yield disk


def _entry(start: int) -> Entry:
    samples = Samples()
    for at in range(start, start + 20):
        samples.series.append(1)
        samples.source_ns.append(at + 1)
        samples.server_ns.append(None)
        samples.statuses.append(0)
        samples.values.append(os.urandom(4000).hex())
    return Entry("aarhus", "mill-1", start, samples, [], "{}")


def test_a_full_disk_takes_nothing_until_there_is_room_and_then_goes_on(small_disk: Path) -> None:
    path = small_disk / "journal.sqlite"

    async def work() -> None:
        journal = Journal.open(path, [SERIES])
        try:
            waiting = []
            for start in range(0, 4000, 20):
                waiting.append(journal.append(_entry(start)))
                await asyncio.wait(waiting[-1:], timeout=0.2)
                if journal.size.blocked:
                    break
            assert journal.size.blocked == "disk-full"
            kept = sum(each.done() for each in waiting)
            assert 0 < kept < len(waiting)
            with closing(BacklogReader(path)) as reader:
                for _ in range(100):
                    backlog = reader.read(200)
                    if not backlog:
                        break
                    await asyncio.wrap_future(journal.remove(backlog.upto, backlog.published_ns))
            await asyncio.wait_for(asyncio.gather(*waiting), 20)
            await until(lambda: journal.size.blocked is None)
        finally:
            journal.close()

    asyncio.run(work())
