"""What the journal took is there after a crash, a full disk and a damaged file."""

import asyncio
import json
import math
import random
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pilotline_edge.errors import JournalFailed, RecordCorrupt
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal.aging import Aging
from pilotline_edge.journal.decoding import decode
from pilotline_edge.journal.reader import Backlog, BacklogReader
from pilotline_edge.journal.record import encode
from pilotline_edge.journal.writer import damage_marker
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Gap, Sample, Series, Value
from pilotline_plant import Priority

SERIES = [Series("aarhus", "mill-1", name) for name in ("speed", "state", "note")]
BY_NUMBER = dict(enumerate(SERIES, start=1))

values: st.SearchStrategy[Value | None] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(),
)
gap_lists = st.lists(
    st.builds(
        Gap,
        st.just("aarhus"),
        st.just("mill-1"),
        st.none() | st.text(max_size=5),
        st.integers(0, 2**62),
        st.integers(0, 2**62),
        st.sampled_from(["agent-stopped", "connection-lost"]),
    ),
    max_size=3,
)


@st.composite
def sample_columns(draw: st.DrawFn) -> Samples:
    samples = Samples()
    for _ in range(draw(st.integers(0, 30))):
        samples.series.append(draw(st.sampled_from(sorted(BY_NUMBER))))
        source_ns = draw(st.integers(0, 2**62))
        samples.source_ns.append(source_ns)
        samples.server_ns.append(draw(st.none() | st.integers(0, 2**62)))
        samples.statuses.append(draw(st.integers(0, 2**32 - 1)))
        samples.values.append(draw(values))
    return samples


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and one == other


@settings(max_examples=150, deadline=None)
@given(sample_columns(), gap_lists)
def test_a_record_gives_back_what_it_was_given(samples: Samples, gaps: list[Gap]) -> None:
    content = decode(encode(samples, gaps), BY_NUMBER)
    assert content.gaps == gaps
    assert content.refused == []
    assert len(content.samples) == len(samples)
    for index, sample in enumerate(content.samples):
        assert sample.series == BY_NUMBER[samples.series[index]]
        assert sample.source_time_ns == samples.source_ns[index]
        assert sample.server_time_ns == samples.server_ns[index]
        assert sample.status == samples.statuses[index]
        assert _same(sample.value, samples.values[index])


@settings(max_examples=100, deadline=None)
@given(sample_columns(), gap_lists, st.data())
def test_any_flipped_byte_or_truncation_of_a_record_is_noticed(
    samples: Samples, gaps: list[Gap], data: st.DataObject
) -> None:
    record = bytearray(encode(samples, gaps))
    at = data.draw(st.integers(0, len(record) - 1))
    if data.draw(st.booleans()):
        record[at] ^= data.draw(st.integers(1, 255))
    else:
        del record[at:]
    with pytest.raises(RecordCorrupt):
        decode(bytes(record), BY_NUMBER)


def test_a_value_no_historian_takes_is_set_apart_with_its_type() -> None:
    samples = Samples([1], [5], [None], [0], [Unsupported("array of Double")])
    (refused,) = decode(encode(samples, []), BY_NUMBER).refused
    assert refused.sample == Sample(SERIES[0], 5, None, 0, None)
    assert "array of Double" in refused.reason


def test_a_steady_machine_costs_few_bytes_per_value() -> None:
    samples = Samples()
    source = random.Random(1)
    for index in range(24):
        samples.series.append(1 + index % 3)
        samples.source_ns.append(1_700_000_000_000_000_000 + index * 500_000_000)
        samples.server_ns.append(samples.source_ns[-1])
        samples.statuses.append(0)
        samples.values.append(20.0 + source.random())
    assert len(encode(samples, [])) / len(samples) < 20


def entry(count: int, start: int = 0, size: int = 8) -> Entry:
    """Return an entry of `count` values with source times from `start` on."""
    samples = Samples()
    for index in range(start, start + count):
        samples.series.append(1)
        samples.source_ns.append(1_000 + index)
        samples.server_ns.append(None)
        samples.statuses.append(0)
        samples.values.append(f"{index}".ljust(size, "x"))
    coverage = json.dumps({"last": start + count})
    return Entry("aarhus", "mill-1", 1_000_000 + start, samples, [], coverage)


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[Journal]:  # noqa: ANN401 - options of Journal.open
    journal = Journal.open(path, SERIES, **options)
    try:
        yield journal
    finally:
        journal.close()


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def backlog(path: Path, most: int = 10_000) -> Backlog:
    with closing(BacklogReader(path)) as reader:
        return reader.read(most)


def test_what_was_kept_is_there_after_reopening_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def keep() -> None:
        with opened(path) as journal:
            await asyncio.gather(*(journal.append(entry(10, start)) for start in range(0, 100, 10)))
            assert journal.size.samples == 100

    run(keep)
    with opened(path) as journal:
        assert journal.size.samples == 100
        assert journal.coverage["mill-1"] == {"last": 100}
        kept = backlog(path)
    assert [sample.source_time_ns for sample in kept.samples] == [1000 + i for i in range(100)]


def test_records_leave_once_delivered(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def keep() -> None:
        with opened(path) as journal:
            for start in range(0, 100, 10):
                await journal.append(entry(10, start))
            first = backlog(path, most=40)
            assert len(first.samples) == 40
            await asyncio.wrap_future(journal.remove(first.upto, first.published_ns))
            assert journal.size.samples == 60
            assert backlog(path).samples[0].source_time_ns == 1040

    run(keep)


def test_a_full_journal_takes_nothing_more_until_records_leave(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def keep() -> None:
        with opened(path, max_bytes=20_000) as journal:
            waiting = [journal.append(entry(50, start, 200)) for start in range(0, 5000, 50)]
            done = waiting[0]
            await done
            for _ in range(200):
                if journal.size.blocked:
                    break
                waiting.append(journal.append(entry(50, 5000, 200)))
                await asyncio.sleep(0.02)
            assert journal.size.blocked == "journal-full"
            late = journal.append(entry(1, 9000))
            await asyncio.sleep(0.1)
            assert not late.done()
            while not late.done():
                kept = backlog(path, most=2000)
                await asyncio.wrap_future(journal.remove(kept.upto, kept.published_ns))
                await asyncio.sleep(0.02)
            await asyncio.gather(*waiting)
            assert journal.size.blocked is None

    run(keep)


def test_while_the_journal_fills_up_important_machines_are_taken_longest(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def keep() -> None:
        with opened(path, max_bytes=20_000) as journal:
            await journal.append(entry(1), Priority.HIGH)
            await journal.append(entry(1, 10), Priority.LOW)
            at = 100
            while journal.size.bytes < 16_000:
                await journal.append(entry(50, at, 200), Priority.HIGH)
                at += 50
            low = journal.append(entry(1, at), Priority.LOW)
            await journal.append(entry(1, at + 1), Priority.NORMAL)
            assert journal.size.held == {Priority.LOW}
            assert journal.size.blocked is None
            assert journal.size.blocked_for(Priority.LOW) == "journal-full"
            assert journal.size.blocked_for(Priority.HIGH) is None
            while journal.size.bytes < 18_500:
                await journal.append(entry(50, at, 200), Priority.HIGH)
                at += 50
            normal = journal.append(entry(1, at), Priority.NORMAL)
            await journal.append(entry(1, at + 1), Priority.HIGH)
            assert journal.size.held == {Priority.LOW, Priority.NORMAL}
            assert not low.done()
            assert not normal.done()
            while not (low.done() and normal.done()):
                kept = backlog(path, most=100)
                await asyncio.wrap_future(journal.remove(kept.upto, kept.published_ns))
                await asyncio.sleep(0.02)
            assert not journal.size.held

    run(keep)


def test_where_all_machines_are_alike_they_may_fill_the_journal(tmp_path: Path) -> None:
    async def keep() -> None:
        with opened(tmp_path / "journal.sqlite", max_bytes=20_000) as journal:
            for start in range(0, 100_000, 50):
                if journal.size.bytes > 19_000:
                    break
                await journal.append(entry(50, start, 200), Priority.LOW)
            assert not journal.size.held

    run(keep)


def test_what_waits_longer_than_it_is_kept_becomes_a_gap_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    own = Gap("aarhus", "mill-1", "speed", 3, 4, "connection-lost")

    async def keep() -> None:
        with opened(path) as journal:
            for start in (1000, 2000, 3000):
                await journal.append(replace(entry(10, start), gaps=[own] if start == 1000 else []))
            bytes_before = journal.size.bytes
            assert await journal.expire(1_003_000) == 20
            assert await journal.expire(1_003_000) == 0
            assert (journal.size.records, journal.size.samples) == (2, 10)
            assert journal.size.bytes < bytes_before
            left = backlog(path)
            assert left.gaps == [own, Gap("aarhus", "mill-1", None, 1999, 3009, "journal-expired")]
            assert [each.source_time_ns for each in left.samples] == list(range(4000, 4010))
            await asyncio.wrap_future(journal.remove(left.upto, left.published_ns))
            assert (journal.size.records, journal.size.samples) == (0, 0)

    run(keep)


def test_a_long_backlog_is_given_up_in_pieces(tmp_path: Path) -> None:
    async def keep() -> None:
        with opened(tmp_path / "journal.sqlite") as journal:
            waiting = [journal.append(entry(1, start)) for start in range(1000, 1000 + 1200)]
            await asyncio.gather(*waiting)
            aging = Aging(journal, 3600.0)
            await aging.look()
            assert aging.given_up == 1200
            assert journal.size.samples == 0
            await Aging(journal, None).look()

    run(keep)


def test_a_stop_while_the_journal_is_full_fails_what_was_never_acknowledged(
    tmp_path: Path,
) -> None:
    async def keep() -> None:
        with opened(tmp_path / "journal.sqlite", max_bytes=1) as journal:
            await journal.append(entry(1))
            late = journal.append(entry(1, 10))
            await asyncio.sleep(0.1)
        with pytest.raises(JournalFailed):
            await late

    run(keep)


def test_an_entry_is_kept_even_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def keep() -> None:
        with opened(path) as journal:
            given_up = journal.append(entry(3))
            given_up.cancel()
            await journal.append(entry(3, 10))

    run(keep)
    assert len(backlog(path).samples) == 6


def _filled(path: Path, records: int = 60) -> bytes:
    async def keep() -> None:
        with opened(path) as journal:
            starts = range(0, records * 10, 10)
            await asyncio.gather(*(journal.append(entry(10, start)) for start in starts))

    if not path.exists():
        run(keep)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(data=st.data())
def test_an_agent_starts_with_any_damaged_journal_and_invents_nothing(
    tmp_path: Path, data: st.DataObject
) -> None:
    sound = _filled(tmp_path / "sound.sqlite")
    broken = bytearray(sound)
    if data.draw(st.booleans(), label="truncate"):
        del broken[data.draw(st.integers(0, len(broken) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(broken) - 1))
            broken[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "journal.sqlite"
    for leftover in tmp_path.glob("journal*"):
        leftover.unlink()
    path.write_bytes(broken)
    with opened(path) as journal:
        kept = backlog(path)
        if journal.damage is not None:
            assert journal.damage.set_aside.exists()

        async def goes_on() -> None:
            await journal.append(entry(3, 100_000))

        run(goes_on)
    assert set(kept.samples) <= set(backlog(tmp_path / "sound.sqlite").samples)


def test_a_torn_journal_gives_back_the_records_before_the_tear(tmp_path: Path) -> None:
    sound = _filled(tmp_path / "sound.sqlite", records=600)
    path = tmp_path / "journal.sqlite"
    path.write_bytes(sound[: len(sound) // 2 // 4096 * 4096])
    with opened(path) as journal:
        assert journal.damage is not None
        assert journal.damage.records > 0
        kept = backlog(path)
        times = [sample.source_time_ns for sample in kept.samples]
        assert times == list(range(1000, 1000 + len(times)))
        last = (len(times) // 10 - 1) * 10
        since = journal.damage.since_ns["mill-1"]
        assert since <= 1_000_000 + last, "values after the last saved record must become a gap"


def test_a_damaged_definition_of_a_table_is_noticed_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    sound = _filled(path, records=5)
    broken = sound.replace(
        b"published_ns INTEGER NOT NULL,\n  samples", b"pubXished_ns INTEGER NOT NULL,\n  samples"
    )
    assert broken != sound
    path.write_bytes(broken)
    with opened(path) as journal:
        assert journal.damage is not None
        run(lambda: _goes_on(journal))
    assert len(backlog(path).samples) >= 3


async def _goes_on(journal: Journal) -> None:
    await journal.append(entry(3, 100_000))


def test_a_damaged_record_becomes_a_gap_and_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _filled(path, records=5)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE record SET body = x'00112233' WHERE seq = 3")
    kept = backlog(path)
    assert kept.corrupt == 1
    assert len(kept.samples) == 40
    (gap,) = kept.gaps
    assert gap.cause == "journal-damaged"
    assert gap.start_ns < 1_000_010
    assert gap.end_ns == 1_000_020


def test_damage_met_while_running_is_salvaged_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _filled(path, records=5)
    damage_marker(path).touch()
    with opened(path) as journal:
        assert journal.damage is not None
        assert journal.damage.records == 5
        assert len(backlog(path).samples) == 50
    assert not damage_marker(path).exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(JournalFailed, match=r"journal\.sqlite"):
        Journal.open(tmp_path / "journal.sqlite", SERIES)
