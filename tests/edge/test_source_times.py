"""How far each tag is known survives a crash, and costs the disk no more than what changed."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal.source_times import SourceTimes
from pilotline_edge.link.known import Known
from pilotline_historian import Series

TAGS = [f"t{number}" for number in range(6)]
NUMBERS = {tag: number for number, tag in enumerate(TAGS, start=1)}
SERIES = [Series("aarhus", "mill-1", tag) for tag in TAGS]

tags = st.sampled_from(TAGS)
instants = st.integers(0, 2**62)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("heard"), st.lists(st.tuples(tags, instants), max_size=4)),
        st.tuples(st.just("polled"), st.lists(st.tuples(tags, instants), max_size=2)),
        st.tuples(st.just("forget"), st.lists(st.tuples(tags, instants), max_size=1)),
    ),
    max_size=40,
)


def obey(known: Known, what: str, values: Sequence[tuple[str, int]]) -> None:
    there = [(tag, at) for tag, at in values if tag in known.last]
    if what == "heard":
        known.heard(there)
    elif what == "polled":
        for tag, at in there:
            known.polled(tag, at, at + 1)
    else:
        known.forget({tag for tag, _ in there})


@given(steps)
def test_what_is_kept_of_each_message_adds_up_to_all_that_is_known(
    wishes: list[tuple[str, list[tuple[str, int]]]],
) -> None:
    known, kept = Known(dict.fromkeys(TAGS, 100), {100: 0}), SourceTimes()
    known.begin(7)
    for what, values in wishes:
        obey(known, what, values)
        change = SourceTimes.from_bytes(known.take_source_times(NUMBERS).to_bytes())
        whole = known.last.keys() == {TAGS[number - 1] for number in change.values}
        kept = change if whole else kept.then(change)
        state = known.to_json()
        assert {TAGS[number - 1]: at for number, at in kept.values.items()} == state["last"]
        assert {TAGS[number - 1]: at for number, at in kept.polls.items()} == state["polled"]


@given(st.lists(st.binary(max_size=40) | st.just(b"\1\0\0\0\0\0\0\0" + bytes(12))))
def test_bytes_that_are_none_are_refused_or_read(rows: list[bytes]) -> None:
    for row in rows:
        try:
            read = SourceTimes.from_bytes(row)
        except ValueError:
            continue
        assert len(read.to_bytes()) <= len(row)


def note(change: SourceTimes) -> Entry:
    return Entry("aarhus", "mill-1", 5, Samples(), [], '{"lag": 3}', source_times=change)


def kept_by(path: Path, changes: Sequence[SourceTimes]) -> tuple[dict[str, object], int]:
    """Return the coverage a journal has of changes kept one by one, and the rows they take."""

    async def keep() -> None:
        journal = Journal.open(path, SERIES)
        try:
            for change in changes:
                await journal.append(note(change))
        finally:
            journal.close()

    asyncio.run(keep())
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM source_times").fetchone()
    journal = Journal.open(path, SERIES)
    journal.close()
    return journal.coverage["mill-1"], rows


def test_changes_are_kept_beside_what_was_kept_whole_until_that_is_kept_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.sqlite"
    first = SourceTimes({1: 10, 2: 10}, {2: 11}, whole=True)
    found, rows = kept_by(path, [first, SourceTimes({1: 20}), SourceTimes({3: 30}, {3: 31})])
    assert found == {
        "lag": 3,
        "last": {"t0": 20, "t1": 10, "t2": 30},
        "polled": {"t1": 11, "t2": 31},
    }
    assert rows == 3
    found, rows = kept_by(path, [SourceTimes({1: 40}), SourceTimes({2: 50}, whole=True)])
    assert (found, rows) == ({"lag": 3, "last": {"t1": 50}, "polled": {}}, 1)


def test_damaged_source_times_are_a_damaged_journal_which_stops_no_agent(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    kept_by(path, [SourceTimes({1: 10}, whole=True)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE source_times SET body = zeroblob(20)")
        connection.commit()
    journal = Journal.open(path, SERIES)
    journal.close()
    assert journal.damage is not None
    assert journal.coverage == {}


def test_a_journal_of_an_older_agent_still_tells_how_far_tags_are_known(tmp_path: Path) -> None:
    """It kept them with the rest of the coverage, in one text."""
    path = tmp_path / "journal.sqlite"

    async def keep() -> None:
        journal = Journal.open(path, SERIES)
        try:
            old = '{"lag": 3, "last": {"t0": 8}, "polled": {}}'
            await journal.append(Entry("aarhus", "mill-1", 5, Samples(), [], old))
        finally:
            journal.close()

    asyncio.run(keep())
    found, _ = kept_by(path, [])
    assert found["last"] == {"t0": 8}
    found, _ = kept_by(path, [SourceTimes({1: 9}, whole=True)])
    assert found["last"] == {"t0": 9}


def test_of_ten_thousand_tags_only_those_that_change_are_written() -> None:
    many = [f"t{number}" for number in range(10_000)]
    numbers = {tag: number for number, tag in enumerate(many)}
    known = Known(dict.fromkeys(many, 100), {100: 0})
    known.begin(7)
    assert known.take_source_times(numbers).whole
    written = 0
    for turn in range(1_000):
        known.heard((many[(turn * 10 + step) % 10_000], turn) for step in range(10))
        written += len(known.take_source_times(numbers).to_bytes())
    assert written / 10_000 < 30, "bytes of each value's source time"


@pytest.mark.parametrize("body", [b"", bytes(7)])
def test_a_row_too_short_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="short"):
        SourceTimes.from_bytes(body)
