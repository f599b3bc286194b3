"""What is in the journal reaches the historian, in order, however often it fails."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotline_edge.backoff import Backoff
from pilotline_edge.forwarding import DeadLetters, Forwarder
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Gap, HistorianRefused, HistorianUnavailable, Series
from tests.edge.memory_historian import MemoryHistorian, unavailable

SERIES = [Series("aarhus", "mill-1", "speed"), Series("aarhus", "mill-1", "note")]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal.sqlite", SERIES)
    yield opened
    opened.close()


def keep(journal: Journal, count: int, gaps: tuple[Gap, ...] = (), series: int = 1) -> None:
    """Journal `count` values, one record for each hundred."""

    async def give() -> None:
        for start in range(0, count, 100):
            size = min(100, count - start)
            samples = Samples(
                [series] * size,
                list(range(start + 1, start + size + 1)),
                [None] * size,
                [0] * size,
                [float(value) for value in range(size)],
            )
            await journal.append(
                Entry("aarhus", "mill-1", start, samples, gaps if start == 0 else (), "{}")
            )

    asyncio.run(give())


def forwarder(journal: Journal, historian: MemoryHistorian, tmp_path: Path) -> Forwarder:
    return Forwarder(
        journal,
        historian,
        DeadLetters(tmp_path / "dead-letters.jsonl"),
        Backoff(0.5, 60.0, chance=lambda: 1.0),
    )


def test_batches_are_in_order_and_leave_the_journal(journal: Journal, tmp_path: Path) -> None:
    historian = MemoryHistorian()
    gap = Gap("aarhus", "mill-1", None, 1, 2, "agent-started")
    keep(journal, 12_000, (gap,))
    forwarding = forwarder(journal, historian, tmp_path)
    for _ in range(3):
        forwarding.step()
    assert historian.batches == [5000, 5000, 2000]
    assert list(historian.declared.values()) == [gap]
    assert [at for _, at in historian.stored] == list(range(1, 12_001))
    assert journal.size.records == 0
    assert journal.size.bytes == 0
    assert forwarding.stop(1.0)


def test_an_absent_historian_costs_nothing_and_is_asked_ever_less(
    journal: Journal, tmp_path: Path
) -> None:
    historian = MemoryHistorian(away=unavailable())
    keep(journal, 300)
    forwarding = forwarder(journal, historian, tmp_path)
    waits = [forwarding.step() for _ in range(10)]
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(waits) == 60.0
    assert "connection refused" in str(forwarding.state.problem)
    assert journal.size.samples == 300
    historian.away = None
    forwarding.step()
    assert len(historian.stored) == 300
    assert forwarding.state.problem is None
    historian.away = unavailable()
    keep(journal, 1)
    assert forwarding.step() == 0.5
    assert forwarding.stop(1.0)


def test_a_historian_that_asks_to_wait_is_not_asked_earlier(
    journal: Journal, tmp_path: Path
) -> None:
    historian = MemoryHistorian(away=HistorianUnavailable("busy", retry_after_s=42.0))
    keep(journal, 1)
    forwarding = forwarder(journal, historian, tmp_path)
    assert forwarding.step() == 42.0
    historian.away = HistorianUnavailable("busy", retry_after_s=1e9)
    assert forwarding.step() == 600.0
    assert forwarding.stop(1.0)


def test_a_refusal_keeps_everything_and_says_why(journal: Journal, tmp_path: Path) -> None:
    historian = MemoryHistorian(away=HistorianRefused("token expired"))
    keep(journal, 5)
    forwarding = forwarder(journal, historian, tmp_path)
    assert forwarding.step() > 0
    assert "token expired" in (forwarding.state.problem or "")
    assert journal.size.samples == 5
    assert forwarding.stop(1.0)


def test_values_the_historian_rejects_become_dead_letters(journal: Journal, tmp_path: Path) -> None:
    historian = MemoryHistorian(reject=frozenset({"note"}))
    keep(journal, 3)
    keep(journal, 2, series=2)
    forwarding = forwarder(journal, historian, tmp_path)
    forwarding.step()
    letters = [
        json.loads(line)
        for line in (tmp_path / "dead-letters.jsonl").read_text("utf-8").splitlines()
    ]
    assert [(letter["tag"], letter["reason"]) for letter in letters] == [("note", "planted")] * 2
    assert len(historian.stored) == 3
    assert forwarding.state.rejected == 2
    assert journal.size.samples == 0
    assert forwarding.stop(1.0)


def test_an_array_from_a_machine_becomes_a_dead_letter(journal: Journal, tmp_path: Path) -> None:
    async def give() -> None:
        samples = Samples([1], [5], [None], [0], [Unsupported("array of Double")])
        await journal.append(Entry("aarhus", "mill-1", 1, samples, (), "{}"))

    asyncio.run(give())
    forwarding = forwarder(journal, MemoryHistorian(), tmp_path)
    forwarding.step()
    (letter,) = (tmp_path / "dead-letters.jsonl").read_text("utf-8").splitlines()
    assert "array of Double" in json.loads(letter)["reason"]
    assert forwarding.stop(1.0)


def test_a_fault_of_the_historian_itself_ends_nothing(journal: Journal, tmp_path: Path) -> None:
    historian = MemoryHistorian(away=ZeroDivisionError("planted"))
    keep(journal, 3)
    forwarding = Forwarder(
        journal, historian, DeadLetters(tmp_path / "letters.jsonl"), Backoff(0.01, 0.01)
    )
    forwarding.start()
    try:
        while forwarding.state.problem is None:
            time.sleep(0.01)
        assert "planted" in forwarding.state.problem
        historian.away = None
        while len(historian.stored) < 3:
            time.sleep(0.01)
    finally:
        assert forwarding.stop(2.0)
