"""What the embedded store promises beyond the behaviour of every historian."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotline_historian import (
    Historian,
    HistorianRefused,
    HistorianUnavailable,
    Sample,
    Series,
    Value,
    open_historian,
)
from pilotline_historian.columns import Columns
from pilotline_historian.embedded import EmbeddedHistorian, inbox, lanes, reading, sealing
from pilotline_historian.embedded.chunk import Place, decode_chunk, encode_chunk
from pilotline_historian.embedded.database import Database
from pilotline_historian.embedded.schema import APPLICATION_ID, Step, shipped_steps
from pilotline_historian.grid import MINUTE_NS, Grid
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from tests.historian.samples import (
    BAD,
    MILL,
    NOON_NS,
    OVEN,
    SECOND_NS,
    assert_same_buckets,
    at,
    each_second,
    expected_buckets,
    same,
)

AGES = (FIRST_TIME_NS, LAST_TIME_NS + 1)

WRITER = """
import sys
from pathlib import Path
from pilotline_historian import Sample, Series
from pilotline_historian.embedded import EmbeddedHistorian, inbox, lanes, sealing

inbox.INBOX_PAGES = 2
lanes.LANE_PAGES = 3
historian = EmbeddedHistorian(Path(sys.argv[1]))
series = [Series("aarhus", "mill-1", f"tag-{i}") for i in range(7)]
batch = 0
while True:
    historian.write([Sample(one, batch * 100 + i, batch * 0.5, 0, None)
                     for one in series for i in range(40)])
    print(batch, flush=True)
    batch += 1
"""


def _chunks(file: Path) -> int:
    connection = sqlite3.connect(file)
    try:
        (count,) = connection.execute("SELECT count(*) FROM chunk").fetchone()
        return int(count)
    finally:
        connection.close()


def _pages(file: Path) -> int:
    connection = sqlite3.connect(file)
    try:
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        return int(count)
    finally:
        connection.close()


def _open_samples(file: Path, series: Series) -> int:
    """Return how many samples of the inbox and of the lane of a series are not sealed."""
    connection = sqlite3.connect(file)
    try:
        (count,) = connection.execute(
            "SELECT ifnull(sum(samples), 0) FROM page WHERE lane = -1 OR lane = "
            "(SELECT id % 64 FROM series WHERE (site, machine, tag) = (?, ?, ?))",
            series,
        ).fetchone()
        return int(count)
    finally:
        connection.close()


def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal early, into chunks of a few samples, a few at a time."""
    monkeypatch.setattr(inbox, "INBOX_PAGES", 2)
    monkeypatch.setattr(sealing, "CHUNK_SAMPLES", 8)
    monkeypatch.setattr(sealing, "_SMALL_SAMPLES", 4)
    monkeypatch.setattr(lanes, "LANE_PAGES", 3)
    monkeypatch.setattr(lanes, "LANE_SAMPLES", 20)
    monkeypatch.setattr(sealing, "CHUNKS_PER_WRITE", 3)
    monkeypatch.setattr(reading, "CHUNKS_PER_STEP", 2)


class TestSealing:
    """Samples survive being sealed, whatever order they come in."""

    _sample = st.tuples(
        st.sampled_from([MILL, OVEN]),
        st.one_of(st.integers(0, 40), st.integers(0, 1_200), st.sampled_from([73_000, 90_000_000])),
        st.one_of(
            st.floats(allow_nan=True),
            st.integers(-3, 3),
            st.none(),
            st.booleans(),
            st.sampled_from(["Idle", "Execute", 2**64 - 1, 0.5, 1.25]),
        ),
        st.sampled_from([0, 0, BAD]),
    )

    @settings(
        max_examples=50,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        batches=st.lists(st.lists(_sample, min_size=1, max_size=10), min_size=1, max_size=15),
        points=st.integers(1, 40),
    )
    def test_any_order_of_writes_reads_as_if_never_sealed(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        monkeypatch: pytest.MonkeyPatch,
        batches: list[list[tuple[Series, int, Value | None, int]]],
        points: int,
    ) -> None:
        _small_chunks(monkeypatch)
        historian = EmbeddedHistorian(tmp_path_factory.mktemp("sealed") / "historian.sqlite")
        truth: dict[Series, dict[int, Sample]] = {}
        for batch in batches:
            samples = [
                at(tenths * SECOND_NS // 10, value, series=series, status=status)
                for series, tenths, value, status in batch
            ]
            historian.write(samples)
            for sample in samples:
                truth.setdefault(sample.series, {})[sample.source_time_ns] = sample
        for series, by_time in truth.items():
            self._check(historian, [by_time[time] for time in sorted(by_time)], points)
            assert series in historian.series()
        historian.close()

    def _check(self, historian: Historian, samples: list[Sample], points: int) -> None:
        series = samples[0].series
        assert same(list(historian.raw(series, *AGES)), samples)
        assert same(historian.last([series])[series], samples[-1])
        for start_ns, end_ns in (
            (NOON_NS, NOON_NS + 9_000_001 * SECOND_NS),
            (NOON_NS + 1_300_000_000, NOON_NS + 30 * SECOND_NS + 1),
        ):
            inside = [one for one in samples if start_ns <= one.source_time_ns < end_ns]
            assert same(list(historian.raw(series, start_ns, end_ns)), inside)
            expected = expected_buckets(inside, Grid.over(start_ns, end_ns, points))
            found = historian.buckets(series, start_ns, end_ns, points)
            assert_same_buckets(found, expected)

    def test_late_samples_and_duplicates_find_their_place_in_sealed_chunks(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        truth = {sample.source_time_ns: sample for sample in each_second(map(float, range(20_000)))}
        samples = list(truth.values())
        kept_back = samples[100:15_000:37]
        for sample in kept_back:
            del truth[sample.source_time_ns]
        in_time = list(truth.values())
        for first in range(0, len(in_time), 1_000):
            embedded.write(in_time[first : first + 1_000])
        assert _chunks(embedded_file) >= 3
        embedded.write(samples[4_000:9_000])
        embedded.write(kept_back)
        replaced = [sample._replace(value=-1.0) for sample in samples[5_000:6_000:10]]
        embedded.write(replaced)
        for sample in (*kept_back, *samples[4_000:9_000], *replaced):
            truth[sample.source_time_ns] = sample
        expected = [truth[time] for time in sorted(truth)]
        assert list(embedded.raw(MILL, *AGES)) == expected
        start_ns, end_ns = NOON_NS, NOON_NS + 20_000 * SECOND_NS
        found = embedded.buckets(MILL, start_ns, end_ns, 40)
        assert found == expected_buckets(expected, Grid.over(start_ns, end_ns, 40))

    def test_scattered_late_samples_are_sealed_over_several_writes(
        self, embedded: Historian, embedded_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _small_chunks(monkeypatch)
        samples = each_second(map(float, range(400)))
        for first in range(0, 400, 10):
            embedded.write(samples[first : first + 5] + samples[first + 6 : first + 10])
        for late in samples[5::30], samples[15::30], samples[25::30]:
            embedded.write(late)
            assert sorted(embedded.raw(MILL, *AGES)) == list(embedded.raw(MILL, *AGES))
        assert list(embedded.raw(MILL, *AGES)) == samples
        for i in range(60):
            embedded.write([at(i, "Execute", series=OVEN)])
        assert list(embedded.raw(MILL, *AGES)) == samples
        assert _chunks(embedded_file) > 40
        assert _open_samples(embedded_file, MILL) <= 20 + 1, "a lane short of full, and one write"

    def test_random_moments_over_all_ages_survive_sealing(
        self, embedded: Historian, embedded_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "INBOX_PAGES", 1)
        monkeypatch.setattr(lanes, "LANE_PAGES", 2)
        random = Random(7)
        times = sorted(random.randint(FIRST_TIME_NS, LAST_TIME_NS) for _ in range(500))
        samples = [
            Sample(MILL, time_ns, i, 0, times[-i]) for i, time_ns in enumerate(times, start=1)
        ]
        embedded.write(samples[::2])
        embedded.write(samples[1::2])
        assert _chunks(embedded_file) >= 1
        assert list(embedded.raw(MILL, *AGES)) == samples
        buckets = embedded.buckets(MILL, *AGES, 100)
        assert_same_buckets(buckets, expected_buckets(samples, Grid.over(*AGES, 100)))

    def test_a_bucket_holds_nothing_from_outside_the_interval(
        self, embedded: Historian, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _small_chunks(monkeypatch)
        samples = [at(i * SECOND_NS // 10, float(i)) for i in range(300)]
        for first in range(0, 300, 25):
            embedded.write(samples[first : first + 25])
        for start_ns in range(NOON_NS, NOON_NS + SECOND_NS, SECOND_NS // 10):
            for end_ns in range(
                start_ns + 20 * SECOND_NS, start_ns + 21 * SECOND_NS, SECOND_NS // 5
            ):
                inside = [one for one in samples if start_ns <= one.source_time_ns < end_ns]
                expected = expected_buckets(inside, Grid.over(start_ns, end_ns, 2))
                assert_same_buckets(embedded.buckets(MILL, start_ns, end_ns, 2), expected)

    def test_long_texts_are_sealed_in_several_chunks(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        samples = each_second(f"{i:05}" * 12_000 for i in range(200))
        for first in range(0, len(samples), 25):
            embedded.write(samples[first : first + 25])
        assert _chunks(embedded_file) >= 3
        assert list(embedded.raw(MILL, *AGES)) == samples

    def test_a_write_does_a_bounded_piece_of_sealing(
        self, embedded: Historian, embedded_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "INBOX_PAGES", 1)
        monkeypatch.setattr(lanes, "LANE_PAGES", 40)
        series = [Series("aarhus", "mill-1", f"tag-{i}") for i in range(300)]
        done = 0
        for second in range(80):
            embedded.write([at(second * SECOND_NS, second * 0.5, series=one) for one in series])
            chunks = _chunks(embedded_file)
            assert chunks - done <= sealing.CHUNKS_PER_WRITE
            done = chunks
        assert done > 0
        for one in series[::50]:
            assert [sample.value for sample in embedded.raw(one, *AGES)] == [
                second * 0.5 for second in range(80)
            ]

    def test_a_sample_of_one_among_many_tags_is_packed_a_few_times_only(
        self, embedded: Historian, embedded_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packed: list[int] = []

        def counting(series_id: int, columns: Columns) -> bytes:
            packed.append(len(columns))
            return encode_chunk(series_id, columns)

        monkeypatch.setattr(sealing, "encode_chunk", counting)
        monkeypatch.setattr(lanes, "LANE_SAMPLES", 100)
        series = [Series("aarhus", "mill-1", f"tag-{i}") for i in range(2 * 64)]
        rounds = 2_000
        for first in range(0, rounds, 100):
            embedded.write(
                [
                    at(second * SECOND_NS, second * 0.5, series=one)
                    for one in series
                    for second in range(first, first + 100)
                ]
            )
        assert sum(packed) < 3.5 * rounds * len(series)
        assert _chunks(embedded_file) < 16 * len(series)
        values = [sample.value for sample in embedded.raw(series[77], *AGES)]
        assert values == [second * 0.5 for second in range(rounds)]

    def test_a_series_that_fills_a_chunk_is_sealed_without_becoming_a_page(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second(map(float, range(inbox.INBOX_SAMPLES))))
        assert _open_samples(embedded_file, MILL) == 0
        assert _chunks(embedded_file) == inbox.INBOX_SAMPLES // 4_096

    def test_what_is_sealed_at_once_still_gives_way_to_what_is_written_later(
        self, embedded: Historian
    ) -> None:
        neighbour = Series("aarhus", "mill-1", "neighbour")
        series = [MILL, *(Series("aarhus", "other", f"{i}") for i in range(63)), neighbour]
        embedded.write([at(0, 0.0, series=one) for one in series])
        samples = each_second(map(float, range(inbox.INBOX_SAMPLES)))
        embedded.write(samples[:100])
        for number in range(inbox.INBOX_PAGES):
            embedded.write([at(number, 1.0, series=neighbour)])
        embedded.write([one._replace(value=-1.0) for one in samples])
        assert [one.value for one in embedded.raw(MILL, *AGES)] == [-1.0] * len(samples)

    def test_a_write_of_many_series_stores_one_page(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        series = [Series("aarhus", "mill-1", f"tag-{i}") for i in range(300)]
        for second in range(inbox.INBOX_PAGES - 1):
            embedded.write([at(second * SECOND_NS, second, series=one) for one in series])
        connection = sqlite3.connect(embedded_file)
        (pages,) = connection.execute("SELECT count(*) FROM page").fetchone()
        connection.close()
        assert pages == inbox.INBOX_PAGES - 1, "64 lanes a write would wear out flash"

    def test_the_newest_value_is_found_before_and_after_it_is_dealt(
        self, embedded: Historian, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "INBOX_PAGES", 3)
        newest = 0
        for write, second in enumerate((5, 9, 2, 9, 1, 12, 3), start=1):
            embedded.write(
                [at(second * SECOND_NS, write), at(second * SECOND_NS, "x", series=OVEN)]
            )
            newest = write if second in (5, 9, 12) else newest
            assert embedded.last([MILL, OVEN])[MILL].value == newest
            assert embedded.last([OVEN, MILL])[OVEN].value == "x"

    def test_a_sample_more_takes_less_than_ten_bytes(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        random = Random(1)
        series = [Series("aarhus", "mill-1", f"tag-{i}") for i in range(2)]
        sizes = []
        for first in range(0, 100_000, 1_000):
            embedded.write(
                [
                    at(
                        i * SECOND_NS + random.randrange(10_000) * 100,
                        round(random.gauss(50, 5), 3),
                        series=one,
                        server_time_ns=NOON_NS + i * SECOND_NS + random.randrange(10_000) * 100,
                    )
                    for one in series
                    for i in range(first, first + 1_000)
                ]
            )
            if first in (49_000, 99_000):
                sizes.append(_pages(embedded_file))
        assert (sizes[1] - sizes[0]) * 8_192 / 100_000 < 10

    def test_a_chart_of_a_week_reads_rollups_and_hardly_a_sample(
        self, embedded: Historian, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        week_s = 7 * 24 * 3_600
        for first in range(0, week_s, 25_200):
            embedded.write([at(i * SECOND_NS, i * 0.25) for i in range(first, first + 25_200)])
        decoded: list[int] = []

        def counting(payload: bytes, place: Place) -> object:
            decoded.append(len(payload))
            return decode_chunk(payload, place)

        monkeypatch.setattr(reading, "decode_chunk", counting)
        buckets = embedded.buckets(MILL, NOON_NS, NOON_NS + week_s * SECOND_NS, 1_000)
        assert len(decoded) <= 2
        width_s = Grid.over(NOON_NS, NOON_NS + week_s * SECOND_NS, 1_000).width_ns // SECOND_NS
        assert width_s == 11 * MINUTE_NS // SECOND_NS
        assert sum(bucket.good_count for bucket in buckets) == week_s
        middle = buckets[len(buckets) // 2]
        first_s = (middle.start_ns - NOON_NS) // SECOND_NS
        last_s = first_s + width_s - 1
        assert middle[1:4] == (first_s / 4, last_s / 4, (first_s + last_s) / 8)


class TestProcesses:
    """One process writes while others read, and any of them may be killed."""

    @pytest.mark.parametrize("seed", range(3))
    def test_a_killed_writer_loses_no_sample_it_was_told_is_stored(
        self, embedded_file: Path, seed: int
    ) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(embedded_file)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "0\n"
            time.sleep(Random(seed).uniform(0, 0.4))
            writer.send_signal(signal.SIGKILL)
            told = [0, *map(int, writer.stdout.read().splitlines())]
        historian = EmbeddedHistorian(embedded_file)
        for tag in range(7):
            samples = list(historian.raw(Series("aarhus", "mill-1", f"tag-{tag}"), *AGES))
            batches = {sample.source_time_ns // 100 for sample in samples}
            assert set(told) <= batches
            assert len(samples) == 40 * len(batches), "a batch is stored whole or not at all"
        historian.close()

    def test_another_process_reads_what_was_just_written(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second([1.5, 2.5]))
        reader = (
            "import sys; from pilotline_historian import Series, open_historian\n"
            "historian = open_historian(sys.argv[1])\n"
            f"print([s.value for s in historian.raw(Series{tuple(MILL)}, 0, 2**62)])\n"
            "historian.close()\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", reader, f"sqlite:///{embedded_file}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout == "[1.5, 2.5]\n"

    def test_a_reader_does_not_wait_for_a_writer(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second([1.5]))
        other = EmbeddedHistorian(embedded_file)
        writer = sqlite3.connect(embedded_file, isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("DELETE FROM page")
        begin = time.monotonic()
        assert list(other.raw(MILL, *AGES)) == each_second([1.5])
        assert other.last([MILL]) != {}
        assert len(other.buckets(MILL, *AGES, 10)) == 1
        assert time.monotonic() - begin < 5, "a reader that waits gives up after ten seconds"
        writer.execute("ROLLBACK")
        writer.close()
        other.close()

    def test_a_writer_waits_for_another_and_then_says_so(self, embedded_file: Path) -> None:
        historian = EmbeddedHistorian(embedded_file, busy_timeout_s=0.05)
        holder = sqlite3.connect(embedded_file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistorianUnavailable, match="another process"):
            historian.write(each_second([1.5]))
        holder.execute("ROLLBACK")
        holder.close()
        assert historian.write(each_second([1.5])).stored == 1
        assert len(list(historian.raw(MILL, *AGES))) == 1
        historian.close()

    def test_two_writers_may_share_a_file(self, embedded_file: Path) -> None:
        one, other = EmbeddedHistorian(embedded_file), EmbeddedHistorian(embedded_file)
        for i in range(200):
            (one, other)[i % 2].write([at(i, i), at(i, -i, series=OVEN)])
        assert [sample.value for sample in one.raw(MILL, *AGES)] == list(range(200))
        assert [sample.value for sample in other.raw(OVEN, *AGES)] == [-i for i in range(200)]
        one.close()
        other.close()

    def test_reading_slowly_does_not_hold_up_the_log(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second(map(float, range(100_000))))
        slow = embedded.raw(MILL, *AGES)
        next(slow)
        checkpoint = sqlite3.connect(embedded_file)
        busy, _, _ = checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        checkpoint.close()
        assert busy == 0
        assert sum(1 for _ in slow) == 99_999


class TestFile:
    """A file that cannot be used is named, with what to do."""

    def test_a_newer_file_is_left_alone(self, embedded_file: Path) -> None:
        EmbeddedHistorian(embedded_file).close()
        connection = sqlite3.connect(embedded_file)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        with pytest.raises(HistorianRefused, match=r"historian\.sqlite.*newer release.*99"):
            EmbeddedHistorian(embedded_file)

    def test_a_process_leaves_a_file_alone_that_a_newer_release_has_opened(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second([1.5]))
        newer = sqlite3.connect(embedded_file)
        newer.execute("PRAGMA user_version = 99")
        newer.close()
        with pytest.raises(HistorianRefused, match=r"version 99 .* restart it"):
            embedded.write(each_second([2.5]))
        with pytest.raises(HistorianRefused, match=r"version 99 .* restart it"):
            embedded.last([MILL])

    def test_an_older_file_is_brought_up_to_date_and_keeps_its_samples(
        self, embedded_file: Path
    ) -> None:
        historian = EmbeddedHistorian(embedded_file)
        historian.write(each_second([1.5, "Idle"]))
        historian.close()
        newest = shipped_steps()[-1].version
        added = Step(
            newest + 1,
            "-- A semicolon; in a comment.\nCREATE TABLE note (text TEXT);\n"
            "INSERT INTO note VALUES ('kept; whole');\n",
        )
        database = Database(embedded_file, steps=(*shipped_steps(), added))
        with database.reading() as connection:
            assert connection.execute("SELECT text FROM note").fetchall() == [("kept; whole",)]
            assert connection.execute("PRAGMA user_version").fetchone() == (newest + 1,)
            assert connection.execute("SELECT count(*) FROM page").fetchone() == (1,)
        database.close()

    def test_a_step_that_fails_changes_nothing(self, embedded_file: Path) -> None:
        EmbeddedHistorian(embedded_file).close()
        newest = shipped_steps()[-1].version
        broken = Step(newest + 1, "CREATE TABLE note (text TEXT);\nINSERT INTO nowhere VALUES (1);")
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            Database(embedded_file, steps=(*shipped_steps(), broken))
        historian = EmbeddedHistorian(embedded_file)
        assert historian.write(each_second([1.5])).stored == 1
        historian.close()

    def test_a_file_of_another_program_is_left_alone(self, embedded_file: Path) -> None:
        connection = sqlite3.connect(embedded_file)
        connection.execute("CREATE TABLE invoices (id INTEGER)")
        connection.commit()
        connection.close()
        with pytest.raises(HistorianRefused, match="another program"):
            EmbeddedHistorian(embedded_file)

    @pytest.mark.parametrize("content", [b"not a database\n" * 100, os.urandom(8_192)])
    def test_a_file_that_is_no_database_is_named(self, embedded_file: Path, content: bytes) -> None:
        embedded_file.write_bytes(content)
        with pytest.raises(HistorianRefused, match=r"historian\.sqlite is damaged.*backup"):
            EmbeddedHistorian(embedded_file)
        assert embedded_file.read_bytes() == content

    def test_a_damaged_chunk_is_told_by_every_reader(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second(map(float, range(inbox.INBOX_SAMPLES))))
        connection = sqlite3.connect(embedded_file)
        connection.execute("UPDATE chunk_columns SET payload = substr(payload, 1, 40)")
        connection.commit()
        connection.close()
        with pytest.raises(HistorianRefused, match=r"historian\.sqlite is damaged"):
            list(embedded.raw(MILL, *AGES))
        with pytest.raises(HistorianRefused, match=r"historian\.sqlite is damaged"):
            embedded.buckets(MILL, NOON_NS, NOON_NS + 1_000 * SECOND_NS, 1_000)

    @pytest.mark.parametrize("damage", ["form", "end", "all"])
    def test_a_damaged_open_page_is_told_by_reader_and_writer(
        self, embedded: Historian, embedded_file: Path, damage: str
    ) -> None:
        embedded.write(each_second(map(float, range(100))))
        connection = sqlite3.connect(embedded_file)
        (records,) = connection.execute("SELECT records FROM page").fetchone()
        damaged = {"form": b"c" + records[1:], "end": records[:30], "all": b""}[damage]
        connection.execute("UPDATE page SET records = ?", (damaged,))
        connection.commit()
        connection.close()
        told = r"historian\.sqlite is damaged.*open page"
        with pytest.raises(HistorianRefused, match=told):
            embedded.last([MILL])
        with pytest.raises(HistorianRefused, match=told):
            list(embedded.raw(MILL, *AGES))
        for _ in range(inbox.INBOX_PAGES - 2):
            embedded.write(each_second([1.0]))
        with pytest.raises(HistorianRefused, match=told):
            embedded.write(each_second([1.0]))

    def test_damaged_pages_are_told(self, embedded: Historian, embedded_file: Path) -> None:
        for first in range(0, 50_000, 5_000):
            embedded.write([at(i * SECOND_NS, i * 0.1) for i in range(first, first + 5_000)])
        embedded.close()
        content = bytearray(embedded_file.read_bytes())
        for place in range(8_192, len(content), 4_096):
            content[place : place + 64] = b"\xff" * 64
        embedded_file.write_bytes(content)
        historian = EmbeddedHistorian(embedded_file)
        with pytest.raises(HistorianRefused, match=r"historian\.sqlite is damaged"):
            list(historian.raw(MILL, *AGES))
        historian.close()

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(HistorianRefused, match="check that its folder exists"):
            EmbeddedHistorian(tmp_path / "nowhere" / "historian.sqlite")

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(HistorianRefused, match="cannot be opened"):
            EmbeddedHistorian(tmp_path)

    def test_a_full_disk_is_a_reason_to_wait(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        embedded.write(each_second([1.5]))
        assert isinstance(embedded, EmbeddedHistorian)
        with embedded._database.writing() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
        embedded._database._writer.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(HistorianUnavailable, match="disk is full"):
            embedded.write(each_second(map(float, range(5_000)), OVEN))
        assert embedded.series() == [MILL]
        embedded._database._writer.execute("PRAGMA max_page_count = 1000000")
        assert embedded.write(each_second(map(float, range(5_000)), OVEN)).stored == 5_000
        assert len(list(embedded.raw(OVEN, *AGES))) == 5_000

    def test_the_file_says_whose_it_is(self, embedded: Historian, embedded_file: Path) -> None:
        del embedded
        connection = sqlite3.connect(embedded_file)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()

    def test_a_write_is_synced_to_the_disk(self, embedded: Historian) -> None:
        assert isinstance(embedded, EmbeddedHistorian)
        with embedded._database.writing() as connection:
            full = 2
            assert connection.execute("PRAGMA synchronous").fetchone() == (full,)

    def test_a_closed_historian_says_so(self, embedded_file: Path) -> None:
        historian = open_historian(f"sqlite:///{embedded_file}")
        historian.close()
        historian.close()
        with pytest.raises(ValueError, match="closed"):
            historian.series()
        with pytest.raises(ValueError, match="closed"):
            historian.write(each_second([1.5]))
