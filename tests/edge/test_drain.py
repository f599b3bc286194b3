"""After a long absence of the historian new values do not wait for the backlog, nor it for them."""

import asyncio
import gc
import sqlite3
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from pilotline_edge.backoff import Backoff
from pilotline_edge.forwarding import DeadLetters, Forwarder, forwarder
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal import journal as journal_module
from pilotline_historian import COVERED, Sample, Series, WriteResult
from tests.edge.memory_historian import MemoryHistorian, unavailable

SERIES = Series("aarhus", "mill-1", "speed")
LIVE_PER_S = 20
CAPACITY_PER_S = 460
BATCH = 500
SECOND = 1_000_000_000


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr(journal_module, "_GATHER_S", 0.0)
    opened = Journal.open(tmp_path / "journal.sqlite", [SERIES])
    yield opened
    opened.close()


def keep(journal: Journal, source_ns: Sequence[int], size: int = 100) -> None:
    """Journal values with these source times, `size` a record."""

    async def give() -> None:
        entries = []
        for start in range(0, len(source_ns), size):
            times = list(source_ns[start : start + size])
            count = len(times)
            samples = Samples([1] * count, times, [None] * count, [0] * count, [1.0] * count)
            entries.append(Entry("aarhus", "mill-1", times[-1], samples, (), "{}"))
        await asyncio.gather(*(journal.append(entry) for entry in entries))

    asyncio.run(give())


def test_nothing_is_vouched_for_while_older_values_wait(journal: Journal, tmp_path: Path) -> None:
    """Records that go beside a backlog must not say that all before them is delivered."""
    asyncio.run(journal.enrol([Series("aarhus", "mill-1", COVERED)]))
    historian = MemoryHistorian()
    forwarding = Forwarder(journal, historian, DeadLetters(tmp_path / "dead.jsonl"))
    keep(journal, [1, 2, 3])
    forwarding._lanes.split(forwarding._reader.newest())
    number = journal.numbers[Series("aarhus", "mill-1", COVERED)]
    mark = Samples([1, number], [5, 5], [None, None], [0, 0], [1.0, 0])

    async def vouch() -> None:
        await journal.append(Entry("aarhus", "mill-1", 5, mark, (), "{}"))

    asyncio.run(vouch())
    live = forwarding._lanes.live
    assert live is not None
    forwarding._deliver(live, forwarding._reader.read(10, live))
    assert [sample.series.tag for sample in historian.stored.values()] == ["speed"]
    forwarding.stop(1.0)


class Hours:
    """Virtual time in which a machine sends and a historian takes at their own rates."""

    def __init__(self, journal: Journal) -> None:
        self.now_s = 0.0
        self._journal = journal
        self._sent = 0

    def pass_(self, seconds: float) -> None:
        """Let time go on while the machine sends."""
        self.now_s += seconds
        due = int(self.now_s * LIVE_PER_S)
        if due > self._sent:
            times = [int((n + 1) * SECOND / LIVE_PER_S) for n in range(self._sent, due)]
            keep(self._journal, times)
            self._sent = due


class SlowHistorian(MemoryHistorian):
    """Takes values at its own rate and knows how old each was."""

    hours: Hours
    lags_s: list[float]

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        result = super().write(samples)
        self.hours.pass_(len(samples) / CAPACITY_PER_S)
        self.lags_s.append(self.hours.now_s - max(each.source_time_ns for each in samples) / 1e9)
        return result


def test_an_hour_without_a_historian_drains_ten_times_as_fast_as_values_come_while_they_are_live(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "BATCH", BATCH)
    monkeypatch.setattr(forwarder, "SPLIT_FROM", 10 * BATCH)
    hours = Hours(journal)
    historian = SlowHistorian(away=unavailable())
    historian.hours, historian.lags_s = hours, []
    letters = DeadLetters(tmp_path / "letters.jsonl")
    forwarding = Forwarder(
        journal,
        historian,
        letters,
        Backoff(0.5, 60.0, chance=lambda: 1.0),
        clock=lambda: hours.now_s,
    )
    while hours.now_s < 3600:
        hours.pass_(forwarding.step())
    backlog = journal.size.samples
    assert backlog >= 3600 * LIVE_PER_S
    assert historian.attempts < 100, "an absent historian is asked ever less"

    historian.away = None
    back_at = hours.now_s
    newest_at: list[float] = []
    while journal.size.samples > LIVE_PER_S * 5:
        before = len(historian.lags_s)
        wait_s = forwarding.step()
        hours.pass_(wait_s)
        if min(historian.lags_s[before:], default=99.0) < 10.0:
            newest_at.append(hours.now_s)
    drained_s = hours.now_s - back_at
    rests_s = [later - sooner for sooner, later in pairwise(newest_at)]
    assert newest_at[0] - back_at < 10.0
    assert max(rests_s) <= 10.0, "the newest value at the historian is never older"
    assert len(historian.stored) >= backlog
    assert backlog / drained_s >= 10 * LIVE_PER_S
    stored = sorted(at for _, at in historian.stored)
    assert stored == [int((n + 1) * SECOND / LIVE_PER_S) for n in range(len(stored))]
    assert historian.writes == len(historian.stored), "nothing goes twice"
    assert forwarding.stop(1.0)


def test_delivered_up_to_means_all_before_it(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "BATCH", 100)
    monkeypatch.setattr(forwarder, "SPLIT_FROM", 500)
    now_s = 0.0
    historian = MemoryHistorian()
    letters = DeadLetters(tmp_path / "letters.jsonl")
    forwarding = Forwarder(journal, historian, letters, clock=lambda: now_s)
    keep(journal, range(1, 1001))
    forwarding.step()
    keep(journal, range(1001, 1101))
    now_s = 5.0
    forwarding.step()
    now_s = 10.0
    forwarding.step()
    assert max(at for _, at in historian.stored) == 1100, "the newest went before the backlog"
    assert forwarding.state.delivered_ns["mill-1"] <= 300
    assert forwarding.state.oldest is not None
    with sqlite3.connect(journal.path) as looking:
        (kept,) = looking.execute("SELECT published_ns FROM delivered").fetchone()
    looking.close()
    assert kept <= 300
    assert journal.size.samples == 1100 - len(historian.stored)
    while journal.size.samples:
        forwarding.step()
    forwarding.step()
    assert forwarding.state.delivered_ns["mill-1"] == 1100
    keep(journal, range(1101, 1201))
    forwarding.step()
    assert len(historian.stored) == historian.writes == 1200
    assert forwarding.stop(1.0)


def test_a_damaged_record_leaves_the_same_gap_however_often_it_is_tried(
    journal: Journal, tmp_path: Path
) -> None:
    keep(journal, [9 * SECOND])
    historian = MemoryHistorian()
    forwarding = Forwarder(journal, historian, DeadLetters(tmp_path / "letters.jsonl"))
    forwarding.step()
    keep(journal, [10 * SECOND, 20 * SECOND], size=1)
    with sqlite3.connect(journal.path) as damaging:
        damaging.execute(
            "UPDATE record SET body = x'00112233' WHERE published_ns = ?", (10 * SECOND,)
        )
    damaging.close()
    historian.away = unavailable()
    for _ in range(3):
        forwarding.step()
    historian.away = None
    forwarding.step()
    (gap,) = historian.declared.values()
    assert (gap.start_ns, gap.end_ns) == (7 * SECOND, 10 * SECOND)
    assert forwarding.stop(1.0)


class Sink(MemoryHistorian):
    """Takes everything and keeps nothing."""

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        return WriteResult(len(samples), ())


def test_draining_takes_little_memory_however_long_the_backlog(
    journal: Journal, tmp_path: Path
) -> None:
    keep(journal, range(1, 200_001), size=1000)
    forwarding = Forwarder(journal, Sink(), DeadLetters(tmp_path / "letters.jsonl"))
    tracemalloc.start()
    try:
        while journal.size.samples:
            forwarding.step()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20e6
    assert forwarding.stop(1.0)


class Ringed(MemoryHistorian):
    """Fails as HTTP libraries do: with an error that lies in a frame that it holds."""

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        lines = [str(each) for each in samples]
        try:
            raise OSError(f"{len(lines)} lines could not be sent")  # noqa: TRY301 - the frame must hold it
        except OSError as cause:
            kept = unavailable()
            kept.__context__ = cause
            raise kept from cause


def test_attempts_in_vain_leave_no_batch_behind(journal: Journal, tmp_path: Path) -> None:
    keep(journal, range(1, 5001), size=1000)
    forwarding = Forwarder(journal, Ringed(), DeadLetters(tmp_path / "letters.jsonl"))
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        forwarding.step()
        once, _ = tracemalloc.get_traced_memory()
        for _ in range(10):
            forwarding.step()
        often, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert forwarding.state.problem is not None
    assert often < once + 100_000
    assert forwarding.stop(1.0)
