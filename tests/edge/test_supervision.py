"""A reader that fails is started anew, ever later only while it goes on failing."""

import asyncio
from typing import Any

import pytest

from pilotline_edge.backoff import Backoff
from pilotline_edge.fleet import fleet
from pilotline_edge.link.state import begun
from tests.edge.plants import machine, tag
from tests.edge.running import until


class Reader:
    """Fails at once, time after time; one run goes well for long enough before."""

    def __init__(self, well: int, well_s: float) -> None:
        self.machine = machine("opc.tcp://mill", [tag("a")])
        self.state = begun("mill-1")
        self.runs = 0
        self._well, self._well_s = well, well_s

    async def run(self) -> None:
        self.runs += 1
        if self.runs == self._well:
            await asyncio.sleep(self._well_s)
        raise RuntimeError("planted")


def test_a_reader_that_ran_well_is_started_anew_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class Noted(Backoff):
        def wait_s(self) -> float:
            super().wait_s()
            waits.append(self._step_s)
            return 0.0

    monkeypatch.setattr(fleet, "Backoff", Noted)
    monkeypatch.setattr(fleet, "_WELL_AFTER_S", 0.05)
    reader: Any = Reader(well=5, well_s=0.2)

    async def work() -> None:
        supervising = asyncio.ensure_future(fleet._supervise(reader))
        await until(lambda: reader.runs >= 7)
        supervising.cancel()
        await asyncio.gather(supervising, return_exceptions=True)

    asyncio.run(work())
    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 1.0]
    assert reader.state.restarts >= 6
