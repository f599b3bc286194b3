"""What an outage took is read from the machine's own history; only the rest is a gap."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from pilotline_edge.backfill.archive import Archive
from pilotline_edge.backfill.backfill import Backfill
from pilotline_edge.cause import Cause
from pilotline_edge.subscription.healing import Step
from pilotline_historian import Gap
from tests.edge.history_machine import HistoryMachine, KeptHistory
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until

TAGS = ("a", "b", "c")
MISSED = 90
"""Values that come while the agent is away."""
EVER = 2**63 - 1


async def _absence(
    mill: HistoryMachine,
    data: Path,
    historian: MemoryHistorian,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> dict[str, Any]:
    """Stop the agent, lose its session, and run it again until nothing waits for history."""
    read = plant(machine(mill.url, [tag(name) for name in mill.tags]))
    async with agent(read, historian, data):
        await until(lambda: status_of(data).get("connected") is True)
        writing = asyncio.ensure_future(mill.run(0.02))
        await until(lambda: len(historian.stored) > 30)
    shutil.rmtree(data / "sessions")
    missed = len(mill.ledger) + MISSED
    await until(lambda: len(mill.ledger) > missed)
    if meanwhile is not None:
        await meanwhile()
    async with agent(read, historian, data):
        await until(lambda: status_of(data).get("connected") is True)
        live = len(mill.ledger) + 10
        await until(lambda: len(mill.ledger) > live)
        writing.cancel()
        await until(lambda: lost(mill.ledger[-1:], historian) == [])
        await until(lambda: status_of(data)["gaps_waiting"] == 0)
        await asyncio.sleep(0.2)
        status = status_of(data)
    await asyncio.sleep(0)
    return status


def test_history_fills_what_was_missed_and_no_gap_is_declared(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(TAGS) as mill:
            status = await _absence(mill, tmp_path, historian)
        since = min(at for _, at in historian.stored)
        assert lost([sent for sent in mill.ledger if sent.source_ns >= since], historian) == []
        assert historian.gaps("mill-1", 0, EVER) == []
        assert status["healed_by"] == {Step.BACKFILLED: 1}
        assert status["gaps_healed"] == 1
        assert status["values_backfilled"] >= 60

    asyncio.run(work())


def test_a_loss_that_comes_while_others_are_judged_waits_for_its_own_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, planted = Backfill._judge, list[str]()

    async def judge_and_lose(backfill: Backfill, archive: Archive) -> None:
        await judge(backfill, archive)
        if not planted:
            gap = Gap("aarhus", "mill-1", "a", 10**18, 10**18 + 1, Cause.POLLS_MISSED)
            assert backfill._intake.losses.hold(gap, {"a": (10**18, 10**18, 10**18 + 1)})
            planted.append("a")

    monkeypatch.setattr(Backfill, "_judge", judge_and_lose)

    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(("a",)) as mill:
            read = plant(machine(mill.url, [tag("a")]))
            async with agent(read, historian, tmp_path):
                await until(lambda: mill.asked > 0)
                await asyncio.sleep(1.2)  # the status is written each second
                assert status_of(tmp_path)["restarts"] == 0

    asyncio.run(work())


def test_it_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilotline_edge.backfill.archive._MOST_VALUES", 30)
    monkeypatch.setattr("pilotline_edge.backfill.archive._LEAST_VALUES", 10)

    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(TAGS, history=KeptHistory(7)) as mill:
            await _absence(mill, tmp_path, historian)
        since = min(at for _, at in historian.stored)
        assert mill.asked >= 3
        assert lost([sent for sent in mill.ledger if sent.source_ns >= since], historian) == []
        assert historian.gaps("mill-1", 0, EVER) == []

    asyncio.run(work())


def test_only_what_history_does_not_have_is_declared(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        mill = HistoryMachine(TAGS, without=("c",))

        async def lose_the_middle() -> None:
            mill.history.forget("b", 0.3, 0.7)

        async with mill:
            status = await _absence(mill, tmp_path, historian, lose_the_middle)
        gaps = historian.gaps("mill-1", 0, EVER)
        assert {gap.tag for gap in gaps} <= {"b", "c"}
        assert "c" in {gap.tag for gap in gaps}
        assert {gap.cause for gap in gaps} == {"agent-stopped"}
        assert undeclared([sent for sent in mill.ledger if sent.tag != "b"], historian) == []
        assert status["values_backfilled"] > 20

    asyncio.run(work())


def test_a_restarted_server_with_history_costs_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(("a",)) as mill:
            read = plant(machine(mill.url, [tag("a")]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                await mill.write("a", 1.0)
                await until(lambda: lost(mill.ledger, historian) == [])
                await mill.stop()
                await mill.start()
                for value in range(500, 520):
                    await mill.write("a", float(value))
                    await asyncio.sleep(0.02)
                await until(lambda: status_of(tmp_path).get("reconnects") == 1)
                await until(lambda: status_of(tmp_path)["gaps_healed"] == 1)
                await until(lambda: lost(mill.ledger, historian) == [])
        assert historian.gaps("mill-1", 0, EVER) == []

    asyncio.run(work())


def test_a_server_without_history_is_asked_nothing_and_the_gap_is_one(tmp_path: Path) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(TAGS, without=TAGS) as mill:
            await _absence(mill, tmp_path, historian)
        (gap,) = historian.gaps("mill-1", 0, EVER)
        assert (gap.tag, gap.cause) == (None, "agent-stopped")
        assert mill.asked == 0
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())


def _values(start: datetime, count: int) -> list[ua.DataValue]:
    values: list[Any] = [
        ua.DataValue(ua.Variant(-1.0, ua.VariantType.Double)) for _ in range(count)
    ]
    for number, value in enumerate(values):
        value.SourceTimestamp = start + timedelta(microseconds=number)
    return values


def _status(code: int) -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(code))


def _lies(kind: str) -> Callable[[ua.HistoryReadParameters], list[ua.HistoryReadResult]]:
    def answer(params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        details: Any = params.HistoryReadDetails
        results = []
        for _ in params.NodesToRead:
            result = ua.HistoryReadResult()
            result.HistoryData = ua.HistoryData()
            if kind == "endless":
                result.ContinuationPoint = b"again"
                result.HistoryData.DataValues = _values(details.StartTime, 3)
            elif kind == "unsupported":
                result.StatusCode = _status(StatusCodes.BadHistoryOperationUnsupported)
            results.append(result)
        return results[:-1] if kind == "too few" else results

    return answer


def test_a_history_that_lies_or_fails_leaves_the_declared_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_edge.backfill.reading._WAITS_S", (0.1, 0.1))
    monkeypatch.setattr("pilotline_edge.backfill.reading.MOST_PAGES", 20)
    monkeypatch.setattr("pilotline_edge.backfill.backfill._LOOK_S", 0.1)

    async def work() -> None:
        async with HistoryMachine(TAGS) as mill:
            for kind in ("endless", "unsupported", "too few"):
                historian = MemoryHistorian()
                mill.answers, mill.asked = _lies(kind), 0
                mill.ledger.clear()
                await _absence(mill, tmp_path / kind, historian)
                assert "agent-stopped" in {gap.cause for gap in historian.gaps("mill-1", 0, EVER)}
                assert undeclared(mill.ledger, historian) == []
                assert 0 < mill.asked < 80, kind

    asyncio.run(work())


def test_a_loss_that_waits_survives_the_agent_and_is_healed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(TAGS, answers=_lies("empty")) as mill:
            read = plant(machine(mill.url, [tag(name) for name in TAGS]))
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                await until(lambda: len(historian.stored) > 30)
            shutil.rmtree(tmp_path / "sessions")
            await asyncio.sleep(1.0)
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("gaps_waiting") == 1)
            assert historian.gaps("mill-1", 0, EVER) == []
            mill.answers = None
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("gaps_healed") == 1)
                writing.cancel()
                await until(lambda: lost(mill.ledger[-1:], historian) == [])
        since = min(at for _, at in historian.stored)
        assert lost([sent for sent in mill.ledger if sent.source_ns >= since], historian) == []
        assert historian.gaps("mill-1", 0, EVER) == []

    asyncio.run(work())


def test_a_loss_is_declared_when_it_waited_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_edge.backfill.loss.HELD_S", 0.5)

    async def work() -> None:
        historian = MemoryHistorian()
        async with HistoryMachine(TAGS, answers=_lies("empty")) as mill:
            await _absence(mill, tmp_path, historian)
        assert [gap.cause for gap in historian.gaps("mill-1", 0, EVER)] == ["agent-stopped"]
        assert undeclared(mill.ledger, historian) == []

    asyncio.run(work())
