"""An agent that is killed again and again loses no event without saying so, and makes up none."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from pilotline_edge import read_status
from pilotline_historian import EVENTS, Event, Gap, open_historian
from tests.edge.agent_process import edge_run, process, write_plant
from tests.edge.reporting_machine import ReportingMachine
from tests.faults.counts import times

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = times(2, 20)
PERIOD_S = 0.02
LAST = "the last"
AGES = (0, 2**63 - 1)


async def _report(mill: ReportingMachine, told: dict[str, int], stop: asyncio.Event) -> None:
    """Report numbered events until told to stop, and remember when each happened."""
    while not stop.is_set():
        message = f"event {len(told)}"
        told[message] = await mill.report(500, message)
        await asyncio.sleep(PERIOD_S)


def _kept(url: str) -> tuple[list[Event], list[Gap]]:
    historian = open_historian(url)
    try:
        gaps = [gap for gap in historian.gaps("mill-1", *AGES) if gap.tag == EVENTS]
        return list(historian.events("mill-1", *AGES)), gaps
    finally:
        historian.close()


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60.0
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


def _reads(data: Path, pid: int, least_events: int = 0) -> bool:
    """Return whether the agent of this process reads and has taken events."""
    status = read_status(data)
    if status is None or status["pid"] != pid:
        return False
    (machine,) = status["machines"]
    return bool(machine["connected"]) and machine["events"] >= least_events


async def _play(folder: Path) -> tuple[dict[str, int], list[Event], list[Gap]]:
    random = Random(7)
    url, told, stop = f"sqlite:///{folder}/historian.sqlite", dict[str, int](), asyncio.Event()
    async with ReportingMachine(("a", "b")) as mill:
        plant = write_plant(folder, mill.url)
        plant.write_text(plant.read_text() + "events = true\n")
        command, log = edge_run(plant, folder / "data", url), folder / "agent.log"
        reporting = asyncio.ensure_future(_report(mill, told, stop))
        for _ in range(KILLS):
            with process(command, log) as running:
                reads = partial(_reads, folder / "data", running.pid, 10)
                await _until(reads, "the agent takes no events")
                await asyncio.sleep(random.uniform(0.0, 1.0))
        stop.set()
        await reporting
        with process(command, log) as running:
            reads = partial(_reads, folder / "data", running.pid)
            await _until(reads, "the agent does not connect")
            told[LAST] = await mill.report(500, LAST)
            await _until(lambda: LAST in {event.message for event in _kept(url)[0]}, LAST)
            running.terminate()
            await asyncio.to_thread(running.wait, 10)
    return told, *_kept(url)


def test_no_event_is_lost_made_up_or_doubled_by_kills(tmp_path: Path) -> None:
    told, events, gaps = asyncio.run(_play(tmp_path))
    kept = Counter(event.message for event in events)
    promised_ns = min(gap.start_ns for gap in gaps)
    promised = {message: at_ns for message, at_ns in told.items() if at_ns > promised_ns}
    undeclared = [
        (message, at_ns)
        for message, at_ns in promised.items()
        if message not in kept and not any(gap.start_ns < at_ns <= gap.end_ns for gap in gaps)
    ]
    assert undeclared == []
    assert set(kept) <= set(told)
    assert max(kept.values()) == 1
    assert all(event.time_ns == told[event.message] for event in events)
    # The session is taken up again, so that the server's queue bridges every kill.
    assert len(kept) > 0.7 * len(promised) > 20
    assert {gap.cause for gap in gaps} <= {"agent-started", "agent-stopped"}
