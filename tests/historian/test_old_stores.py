"""A store written by an older release opens, with everything that was in it."""

import gzip
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pilotline_historian import (
    Gap,
    Historian,
    HistorianRefused,
    Sample,
    Series,
    Value,
    open_historian,
)
from pilotline_historian.embedded import migration
from pilotline_historian.embedded.page import OpenSamples, PageRow, encode_page
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from tests.historian.samples import BAD, NOON_NS, SECOND_NS, UNCERTAIN, same

STORES = Path(__file__).with_name("stores")
AGES = (FIRST_TIME_NS, LAST_TIME_NS + 1)

SPEED = Series("aarhus", "mill-1", "spindle_speed")
STATE = Series("aarhus", "mill-1", "state")
MIXED = Series("aarhus", "oven-2", "mixed")
PARTS = Series("aarhus", "oven-2", "parts")
MIXTURE: tuple[Value | None, ...] = (None, True, -7, 2**64 - 1, math.inf, -0.0, "æøå", 0.1)
GAPS = [
    Gap("aarhus", "mill-1", None, NOON_NS, NOON_NS + 5 * SECOND_NS, "agent-stopped"),
    Gap("aarhus", "oven-2", "parts", NOON_NS, NOON_NS + 1, "queue-overflow"),
]
SAMPLES = 1_650
"""Of each series, in 33 writes; some in chunks, some in lanes, the newest in the inbox."""


def _written(series: Series) -> list[Sample]:
    samples = [_sample(series, at) for at in range(SAMPLES)]
    if series == SPEED:
        samples[30] = Sample(SPEED, NOON_NS + 30 * SECOND_NS, -1.5, 0, None)
    return samples


def _sample(series: Series, at: int) -> Sample:
    time_ns = NOON_NS + at * SECOND_NS
    if series == SPEED:
        return Sample(series, time_ns, round(900 + 0.125 * at, 3), 0, time_ns + 2_000_000)
    if series == PARTS:
        return Sample(series, time_ns, at, 0 if at % 9 else UNCERTAIN, None)
    if series == STATE:
        return Sample(series, time_ns, ("Idle", "Execute", f"Held {at % 4}")[at % 3], 0, None)
    return Sample(series, time_ns, MIXTURE[at % 8], 0 if at % 8 else BAD, NOON_NS - at)


@pytest.fixture(params=sorted(STORES.glob("*.sqlite.gz")), ids=lambda path: path.name[:9])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Historian]:
    file = tmp_path / "historian.sqlite"
    file.write_bytes(gzip.decompress(request.param.read_bytes()))
    historian = open_historian(f"sqlite:///{file}")
    yield historian
    historian.close()


SERIES = pytest.mark.parametrize("series", [SPEED, STATE, MIXED, PARTS], ids=lambda one: one.tag)


@SERIES
def test_its_samples_are_there_with_their_newest(old: Historian, series: Series) -> None:
    written = _written(series)
    assert same(list(old.raw(series, *AGES)), written)
    assert same(old.last([series]), {series: written[-1]})


@SERIES
def test_the_newest_sample_that_was_dealt_is_kept(old: Historian, series: Series) -> None:
    silent = [SPEED, STATE, MIXED, PARTS]
    silent.remove(series)
    for number in range(20):
        old.write([_sample(series, SAMPLES + number)])
    for one in silent:
        assert same(old.last([one]), {one: _written(one)[-1]})
    assert same(old.last([series]), {series: _sample(series, SAMPLES + 19)})


def test_it_is_written_on(old: Historian) -> None:
    for first in range(SAMPLES, SAMPLES + 12_000, 1_000):
        old.write([_sample(SPEED, at) for at in range(first, first + 1_000)])
    more = [_sample(SPEED, at) for at in range(SAMPLES, SAMPLES + 12_000)]
    assert list(old.raw(SPEED, *AGES)) == [*_written(SPEED), *more]


def test_a_conversion_that_breaks_off_leaves_the_old_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "historian.sqlite"
    file.write_bytes(gzip.decompress((STORES / "version-3.sqlite.gz").read_bytes()))
    pages = 0

    def breaking_off(samples: OpenSamples) -> PageRow:
        nonlocal pages
        pages += 1
        if pages == 7:
            raise MemoryError
        return encode_page(samples)

    with monkeypatch.context() as patched:
        patched.setattr(migration, "encode_page", breaking_off)
        with pytest.raises(MemoryError):
            open_historian(f"sqlite:///{file}")
    with closing(open_historian(f"sqlite:///{file}")) as historian:
        for series in (SPEED, STATE, MIXED, PARTS):
            assert same(list(historian.raw(series, *AGES)), _written(series))


def test_an_old_store_with_a_damaged_page_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "historian.sqlite"
    file.write_bytes(gzip.decompress((STORES / "version-3.sqlite.gz").read_bytes()))
    connection = sqlite3.connect(file)
    connection.execute("UPDATE open_page SET records = substr(records, 2) WHERE id % 2")
    connection.commit()
    connection.close()
    with pytest.raises(HistorianRefused, match=r"historian\.sqlite is damaged.*backup"):
        open_historian(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as left:
        assert left.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_process_of_the_older_release_that_still_runs_cannot_write_into_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "historian.sqlite"
    file.write_bytes(gzip.decompress((STORES / "version-3.sqlite.gz").read_bytes()))
    with closing(sqlite3.connect(file)) as older:
        assert older.execute("SELECT count(*) FROM open_page").fetchone() == (10,)
        open_historian(f"sqlite:///{file}").close()
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            older.execute("INSERT INTO open_page VALUES (NULL, -1, 1, 0, x'', x'')")


def test_its_gaps_and_series_are_there(old: Historian) -> None:
    assert old.series() == [SPEED, STATE, MIXED, PARTS]
    assert old.gaps(None, *AGES) == GAPS
