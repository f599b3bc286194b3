"""A historian that is away or slow costs no value, no memory, and no delay of what is read."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
import pytest

from pilotline_edge import read_status
from pilotline_historian import Historian, Series
from tests.edge.running import until
from tests.faults.agent_files import AgentFiles, all_acknowledged, ended, first_value
from tests.faults.counts import full, times
from tests.faults.proxy import FaultProxy
from tests.faults.witness import MACHINE, SITE, WitnessedMachine, find
from tests.historian.influxd import Influxd, running_influxd

pytestmark = [pytest.mark.slow, pytest.mark.real_influxdb, pytest.mark.timeout(1800)]

TAGS = tuple(f"t{number}" for number in range(80))
"""So many that the agent has read large messages, and loaded what it reads them with, before."""

PERIOD_S = 0.4
LIVE_PER_S = len(TAGS) / PERIOD_S
MEMORY_BAR_MB = 20.0
LIVE_BAR_S = 10.0
DRAIN_BAR = 10.0
SILENCE_BAR_S = 2.0
_LOOK_EVERY_S = 0.25
_STATUS_EVERY_S = 1.0


@dataclass
class Watch:
    """What is seen of an agent from outside while its historian is in trouble.

    Attributes:
        files: its files.
        mill: its machine.
        process: the agent.
        baseline_mb: its memory before the trouble.
        most_mb: the most memory it had since.
        silences_s: how long ago the newest acknowledgement was, at each look.
    """

    files: AgentFiles
    mill: WitnessedMachine
    process: psutil.Process
    baseline_mb: float = 0.0
    most_mb: float = 0.0
    silences_s: list[float] = field(default_factory=list)
    _memory: list[float] = field(default_factory=list)

    async def look(self) -> None:
        """Look at memory and acknowledgements until cancelled."""
        while True:
            self._memory.append(self.process.memory_info().rss / 1e6)
            self.most_mb = max(self.most_mb, self._memory[-1])
            self.silences_s.append(time.monotonic() - self.mill.acknowledged_at)
            await asyncio.sleep(_LOOK_EVERY_S)

    def trouble_begins(self) -> None:
        """Take what was seen of late as the normal state."""
        self.baseline_mb = median(self._memory[-8:])
        self.most_mb = self.baseline_mb
        self.silences_s.clear()

    @property
    def silence_s(self) -> float:
        """Longest time without an acknowledgement, but for one look in a hundred."""
        return quantiles(self.silences_s, n=100)[98]

    @property
    def status(self) -> dict[str, Any]:
        """What the agent says of itself."""
        status = read_status(self.files.data)
        assert status is not None
        return status

    @property
    def delivered(self) -> int:
        """Values that the historian has taken since the agent started."""
        return int(self.status["historian"]["samples"])

    @property
    def waiting(self) -> int:
        """Values in the journal."""
        return int(self.status["journal"]["samples"])

    @property
    def note(self) -> str:
        """What was seen, in words."""
        grown = self.most_mb - self.baseline_mb
        return f"memory {self.baseline_mb:.0f} + {grown:.1f} MB, silent {self.silence_s:.1f} s"

    @property
    def missed(self) -> list[str]:
        """The bars that were missed."""
        bars = {
            "memory": self.most_mb - self.baseline_mb > MEMORY_BAR_MB,
            # Of a short run it is the longest, with all that else goes on on the machine in it.
            "acknowledgements delayed": full() and self.silence_s > SILENCE_BAR_S,
            "dead letters": (self.files.data / "dead-letters.jsonl").exists(),
        }
        return [name for name, broken in bars.items() if broken]


@asynccontextmanager
async def _reading(files: AgentFiles, mill: WitnessedMachine) -> AsyncIterator[Watch]:
    """Let an agent read a writing machine while the block runs, then deliver all, and end it."""
    with files.running() as running:
        async with mill.writing(), _watching(files, mill, running) as watch:
            await first_value(mill, running)
            await asyncio.sleep(times(4, 20))
            watch.trouble_begins()
            yield watch
        await all_acknowledged(mill)
        await asyncio.sleep(2 * _STATUS_EVERY_S)
        await until(lambda: watch.status["journal"]["records"] == 0, 120.0)
        await ended(running, signal.SIGTERM)


@asynccontextmanager
async def _watching(
    files: AgentFiles, mill: WitnessedMachine, running: "subprocess.Popen[bytes]"
) -> AsyncIterator[Watch]:
    watch = Watch(files, mill, psutil.Process(running.pid))
    looking = asyncio.ensure_future(watch.look())
    try:
        yield watch
        assert not looking.done(), "the agent ended"
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Drain:
    """How an agent caught up.

    Attributes:
        waited_s: from the historian's return to the first delivery.
        live_after_s: from there until the newest value was less than ten seconds old.
        lag_s: most age of the newest value from then on.
        per_s: values delivered a second until no backlog was left, at least.
    """

    waited_s: float
    live_after_s: float
    lag_s: float
    per_s: float

    def __str__(self) -> str:
        """Return it in words."""
        live = (
            f"delivers {self.waited_s:.0f} s after its return, live {self.live_after_s:.1f} s "
            f"later, then {self.lag_s:.1f} s old at most"
        )
        if not full():
            return live
        return (
            f"{live}; drains at {self.per_s:,.0f} values/s, "
            f"{self.per_s / LIVE_PER_S:.0f} times the live rate"
        )

    @property
    def missed(self) -> list[str]:
        """The bars that were missed."""
        bars = {
            "not live within ten seconds": max(self.live_after_s, self.lag_s) > LIVE_BAR_S,
            # A short backlog is gone before a second look at the status file.
            "drains too slowly": full() and self.per_s < DRAIN_BAR * LIVE_PER_S,
        }
        return [name for name, broken in bars.items() if broken]


async def _drained(watch: Watch, historian: Historian) -> Drain:
    """Watch the agent from its historian's return until there is no backlog."""
    back_at, before = time.monotonic(), watch.delivered
    every = [Series(SITE, MACHINE, tag) for tag in TAGS]
    await until(lambda: watch.delivered > before, 90.0)
    first_at = time.monotonic()
    live_at = 0.0
    lag_s = 0.0
    while not live_at or watch.waiting > 2 * LIVE_PER_S:
        last = await asyncio.to_thread(historian.last, every)
        age_s = (time.time_ns() - max(each.source_time_ns for each in last.values())) / 1e9
        if live_at:
            lag_s = max(lag_s, age_s)
        elif age_s < LIVE_BAR_S:
            live_at = time.monotonic()
        assert time.monotonic() < first_at + 300.0, "the backlog does not drain"
        await asyncio.sleep(_LOOK_EVERY_S)
    took_s = time.monotonic() - first_at + _STATUS_EVERY_S
    per_s = (watch.delivered - before) / took_s
    return Drain(first_at - back_at, live_at - first_at, lag_s, per_s)


def test_a_real_historian_that_was_away_gets_everything_while_values_are_live(
    tmp_path: Path,
) -> None:
    away_s = times(5, 300)

    async def work(influxd: Influxd) -> None:
        async with WitnessedMachine(TAGS, period_s=PERIOD_S) as mill:
            files = AgentFiles(tmp_path, mill, influxd.fresh_url())
            async with _reading(files, mill) as watch:
                influxd.kill()
                await asyncio.sleep(away_s)
                backlog = watch.waiting
                await asyncio.to_thread(influxd.start)
                with files.historian() as historian:
                    drain = await _drained(watch, historian)
            assert backlog > 0.8 * (away_s - _STATUS_EVERY_S) * LIVE_PER_S
            with files.historian() as historian:
                find(
                    mill,
                    historian,
                    files.plant,
                    f"InfluxDB away {away_s} s",
                    note=f"{drain}; {watch.note}",
                    missed=[*watch.missed, *drain.missed],
                ).need()

    with running_influxd(tmp_path) as influxd:
        asyncio.run(work(influxd))


@dataclass(frozen=True, slots=True)
class Slow:
    """How slow a historian is, and for how long.

    Attributes:
        late_s: how much later each block of bytes comes.
        bytes_per_s: bandwidth.
        during_s: how long.
    """

    late_s: float
    bytes_per_s: float
    during_s: float


THIN = Slow(1.0, 8_000.0, times(8, 60))
LATE = Slow(30.0, 1e9, 120.0)
"""Beyond the agent's patience: writes arrive, answers never do."""


@pytest.mark.parametrize("slow", [THIN, LATE], ids=["thin", "late"])
def test_a_slow_historian_costs_nothing(tmp_path: Path, slow: Slow) -> None:
    if slow is LATE and not full():
        pytest.skip("runs at full count")

    async def work(influxd: Influxd) -> None:
        async with (
            WitnessedMachine(TAGS, period_s=PERIOD_S) as mill,
            FaultProxy(influxd.port) as proxy,
        ):
            url = influxd.fresh_url()
            files = AgentFiles(tmp_path, mill, url.replace(str(influxd.port), str(proxy.port)))
            async with _reading(files, mill) as watch:
                proxy.slow(slow.late_s, slow.bytes_per_s)
                await asyncio.sleep(slow.during_s)
                proxy.slow(0.0)
            files.historian_url = url
            with files.historian() as historian:
                find(
                    mill,
                    historian,
                    files.plant,
                    f"InfluxDB {slow.late_s:.0f} s late at {slow.bytes_per_s / 1e3:,.0f} kB/s",
                    note=watch.note,
                    missed=watch.missed,
                ).need()

    with running_influxd(tmp_path) as influxd:
        asyncio.run(work(influxd))
