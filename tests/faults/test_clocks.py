"""Clocks that step: nothing stalls, no point is stored twice, no interval runs backwards."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.faults.witness import TAGS, WitnessedMachine, find

pytestmark = [pytest.mark.slow]

STEPS_S = (-3_600, 86_400, 0)
_STALL_S = 8.0


async def _goes_on(mill: WitnessedMachine) -> None:
    """Wait until values sent from now on are acknowledged."""
    begun = len(mill.ledger)
    await asyncio.sleep(0.3)
    await until(
        lambda: len(mill.acknowledged & {sent.source_ns for sent in mill.ledger[begun:]}) > 10,
        _STALL_S,
    )


async def _need_one_of_each(mill: WitnessedMachine, historian: MemoryHistorian) -> None:
    """Wait until all is delivered; fail when anything came twice or a gap was declared."""
    last = {sent.source_ns for sent in mill.ledger[-len(TAGS) :]}
    await until(lambda: last <= {at for _, at in historian.stored})
    assert historian.writes == len(historian.stored), "a point was delivered twice"
    assert {gap.cause for gap in historian.gaps("mill-1", 0, 2**62)} <= {"agent-started"}


def test_an_agent_whose_clock_steps_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's clock, made of `datetime`, is left alone; so is the monotonic clock.

    libfaketime cannot be used: under it `time.sleep` of Python 3.11 fails with EINVAL.
    """
    ahead_s = 0

    def stepped_ns(right: Callable[[], int] = time.time_ns) -> int:
        return right() + ahead_s * 1_000_000_000

    monkeypatch.setattr(time, "time_ns", stepped_ns)
    monkeypatch.setattr(time, "time", lambda: stepped_ns() / 1e9)

    async def work() -> None:
        nonlocal ahead_s
        historian = MemoryHistorian()
        async with WitnessedMachine(TAGS) as mill:
            read = plant(machine(OpcUaMachine.url_at(mill.port), [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                async with mill.writing():
                    for step_s in STEPS_S:
                        await _goes_on(mill)
                        ahead_s = step_s
                    await _goes_on(mill)
                await _need_one_of_each(mill, historian)
            find(mill, historian, read, "agent's clock stepped", count=len(STEPS_S)).need()

    asyncio.run(work())


def test_a_machine_whose_clock_steps_is_read_on(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with WitnessedMachine(TAGS) as mill:
            read = plant(machine(OpcUaMachine.url_at(mill.port), [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                async with mill.writing():
                    for step_s in STEPS_S:
                        await _goes_on(mill)
                        mill.clock = timedelta(seconds=step_s)
                    await _goes_on(mill)
                await _need_one_of_each(mill, historian)
            find(mill, historian, read, "machine's clock stepped", count=len(STEPS_S)).need()

    asyncio.run(work())
