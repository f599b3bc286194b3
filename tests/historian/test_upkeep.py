"""What an administrator may rely on: retention, and a copy of the store while it is used."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from pilotline.commands.historian import app
from pilotline_historian import Gap, Historian, Series, open_historian
from pilotline_historian.embedded import EmbeddedHistorian, inbox, lanes, sealing
from pilotline_historian.embedded.database import BUSY_TIMEOUT_S, Database
from pilotline_historian.times import read_duration
from tests.historian.influx_write import Answer, Endpoint, write_endpoint
from tests.historian.influxd import Influxd
from tests.historian.samples import MILL, NOON_NS, SECOND_NS, an_event, each_second

DAY_NS = 86_400 * SECOND_NS
AGES = (-(2**62), 2**62)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "INBOX_PAGES", 1)
    monkeypatch.setattr(lanes, "LANE_PAGES", 1)
    monkeypatch.setattr(sealing, "_SMALL_SAMPLES", 1)


def _day(days_ago: int) -> int:
    return time.time_ns() - days_ago * DAY_NS


def _write_days(store: Historian, ages_days: list[int]) -> None:
    for age in ages_days:
        began_ns = _day(age)
        samples = each_second([1.0, 2.0])
        store.write([one._replace(source_time_ns=began_ns + i) for i, one in enumerate(samples)])


def _command(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.usefixtures("small_chunks")
class TestEmbeddedRetention:
    """What is older than asked for leaves; nothing younger does."""

    def test_nothing_leaves_until_a_retention_is_set(self, embedded: Historian) -> None:
        _write_days(embedded, [4_000, 400, 1])
        assert len(list(embedded.raw(MILL, *AGES))) == 6

    def test_what_is_older_than_the_retention_leaves(self, embedded: Historian) -> None:
        embedded.write_gaps(
            [
                Gap("aarhus", "mill-1", None, _day(400), _day(399), "connection-lost"),
                Gap("aarhus", "mill-1", None, _day(2), _day(1), "connection-lost"),
            ]
        )
        embedded.write_events([an_event(_day(age) - NOON_NS) for age in (400, 91, 89)])
        _write_days(embedded, [400, 91, 89, 1])
        embedded.retain(90 * DAY_NS)
        _write_days(embedded, [0])
        ages = [(time.time_ns() - one.source_time_ns) / DAY_NS for one in embedded.raw(MILL, *AGES)]
        assert len(ages) == 6
        assert max(ages) == pytest.approx(89, abs=0.01)
        assert len(embedded.gaps(None, *AGES)) == 1
        assert len(list(embedded.events(None, *AGES))) == 1

    def test_the_newest_value_of_a_silent_tag_stays_known(self, embedded: Historian) -> None:
        silent = Series("aarhus", "mill-1", "serial_number")
        embedded.write(
            [one._replace(series=silent, source_time_ns=_day(400)) for one in each_second(["A7"])]
        )
        embedded.retain(90 * DAY_NS)
        _write_days(embedded, [1, 0])
        assert list(embedded.raw(silent, *AGES)) == []
        assert embedded.last([silent])[silent].value == "A7"

    def test_one_machine_with_a_clock_years_ahead_expires_nothing(
        self, embedded: Historian
    ) -> None:
        embedded.retain(90 * DAY_NS)
        _write_days(embedded, [80, 1])
        _write_days(embedded, [-4_000])
        assert len(list(embedded.raw(MILL, *AGES))) == 6

    def test_what_leaves_stays_for_whoever_is_reading_it(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        old = [
            one._replace(source_time_ns=_day(400) + i * SECOND_NS)
            for i, one in enumerate(each_second(map(float, range(40_000))))
        ]
        for first in range(0, len(old), 5_000):
            embedded.write(old[first : first + 5_000])
        reader = Database(embedded_file)
        with reader.reading() as connection:
            (before,) = connection.execute("SELECT count(*) FROM chunk_columns").fetchone()
            embedded.retain(90 * DAY_NS)
            begin = time.monotonic()
            _write_days(embedded, [1, 0])
            assert time.monotonic() - begin < BUSY_TIMEOUT_S / 2, "the writer waits for no reader"
            read = connection.execute("SELECT length(payload) FROM chunk_columns").fetchall()
            assert len(read) == before > 5
        reader.close()
        assert len(list(embedded.raw(MILL, *AGES))) == 4

    def test_a_retention_can_be_taken_back(self, embedded: Historian) -> None:
        assert isinstance(embedded, EmbeddedHistorian)
        embedded.retain(90 * DAY_NS)
        assert embedded.retention_ns() == 90 * DAY_NS
        embedded.retain(None)
        assert embedded.retention_ns() is None
        _write_days(embedded, [400, 0])
        assert len(list(embedded.raw(MILL, *AGES))) == 4


class TestInfluxRetention:
    """`historian init` makes the database or bucket and sets how long it keeps."""

    def test_influxdb_1_keeps_for_so_long(self, influxd: Influxd) -> None:
        url = influxd.fresh_url()
        assert _command("init", "--historian", url, "--keep", "52w").exit_code == 0
        store = open_historian(url)
        _write_days(store, [1])
        too_old = [one._replace(source_time_ns=_day(400)) for one in each_second([1.0])]
        (refused,) = store.write(too_old).rejected
        assert "retention" in refused.reason
        assert _command("init", "--historian", url).exit_code == 0
        _write_days(store, [4_000])
        assert len(list(store.raw(MILL, *AGES))) == 4
        store.close()

    def test_a_named_policy_of_influxdb_1_is_made(self, influxd: Influxd) -> None:
        url = f"{influxd.fresh_url()}/year"
        for keep in ("52w", "104w"):
            assert _command("init", "--historian", url, "--keep", keep).exit_code == 0
        store = open_historian(url)
        _write_days(store, [700])
        assert len(list(store.raw(MILL, *AGES))) == 2
        store.close()

    def test_influxdb_2_makes_a_bucket_where_there_is_none(self, endpoint: Endpoint) -> None:
        endpoint.administration = {
            "/api/v2/buckets": {"GET": Answer(200, b'{"buckets":[]}'), "POST": Answer(201, b"{}")},
            "/api/v2/orgs": {"GET": Answer(200, b'{"orgs":[{"id":"0a"}]}')},
        }
        store = open_historian(endpoint.url)
        store.retain(90 * DAY_NS)
        store.close()
        rules = [{"type": "expire", "everySeconds": 90 * 86_400}]
        wanted = {"orgID": "0a", "name": "pilot", "retentionRules": rules}
        assert endpoint.administered[-1] == ("POST", "/api/v2/buckets", wanted)

    def test_influxdb_2_changes_a_bucket_that_is_there(self, endpoint: Endpoint) -> None:
        endpoint.administration = {
            "/api/v2/buckets": {"GET": Answer(200, b'{"buckets":[{"id":"0b"}]}')},
            "/api/v2/buckets/0b": {"PATCH": Answer(200, b"{}")},
        }
        store = open_historian(endpoint.url)
        store.retain(None)
        store.close()
        rules = {"retentionRules": [{"type": "expire", "everySeconds": 0}]}
        assert endpoint.administered[-1] == ("PATCH", "/api/v2/buckets/0b", rules)

    def test_influxdb_2_without_the_organisation_is_explained(self, endpoint: Endpoint) -> None:
        endpoint.administration = {
            "/api/v2/buckets": {"GET": Answer(200, b'{"buckets":[]}')},
            "/api/v2/orgs": {"GET": Answer(200, b'{"orgs":[]}')},
        }
        told = _command("init", "--historian", endpoint.url, "--keep", "90d")
        assert told.exit_code == 1
        assert "no organisation 'institute'" in told.stderr

    def test_influxdb_3_is_told_when_the_database_is_made(self, endpoint: Endpoint) -> None:
        endpoint.version = "3.2.0"
        path = "/api/v3/configure/database"
        endpoint.administration = {path: {"POST": Answer(200, b"{}")}}
        store = open_historian(endpoint.url)
        store.retain(DAY_NS)
        store.close()
        assert endpoint.administered == [
            ("POST", path, {"db": "pilot", "retention_period": "86400s"})
        ]


class TestBackup:
    """A copy is the store as it was at one moment, made while others write."""

    def test_a_copy_holds_what_was_written_and_opens(
        self, embedded: Historian, embedded_file: Path, tmp_path: Path
    ) -> None:
        embedded.write(each_second([1.5, "Idle"]))
        copy = tmp_path / "copy.sqlite"
        told = _command("backup", "--historian", f"sqlite:///{embedded_file}", "--out", str(copy))
        assert told.exit_code == 0, told.stderr
        embedded.write(each_second(range(5)))
        copied = open_historian(f"sqlite:///{copy}")
        assert [one.value for one in copied.raw(MILL, *AGES)] == [1.5, "Idle"]
        copied.close()

    def test_a_copy_made_beside_a_writer_at_full_speed_holds_whole_writes(
        self, embedded: Historian, tmp_path: Path
    ) -> None:
        assert isinstance(embedded, EmbeddedHistorian)
        stop = threading.Event()
        written = 0

        def write() -> None:
            nonlocal written
            while not stop.is_set():
                first = written * 1_000
                samples = each_second(map(float, range(first, first + 1_000)))
                embedded.write(
                    [
                        one._replace(source_time_ns=one.source_time_ns + first * SECOND_NS)
                        for one in samples
                    ]
                )
                written += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(3):
                while written < 60 * (number + 1):
                    time.sleep(0.005)
                before = written
                copy = tmp_path / f"copy-{number}.sqlite"
                embedded.back_up(copy)
                after = written
                copied = open_historian(f"sqlite:///{copy}")
                values = [one.value for one in copied.raw(MILL, *AGES)]
                copied.close()
                writes, rest = divmod(len(values), 1_000)
                assert values == list(map(float, range(len(values))))
                assert rest == 0
                assert before <= writes <= after + 1
        finally:
            stop.set()
            writer.join()

    def test_a_file_that_is_there_is_not_overwritten(
        self, embedded: Historian, embedded_file: Path
    ) -> None:
        del embedded
        told = _command(
            "backup", "--historian", f"sqlite:///{embedded_file}", "--out", str(embedded_file)
        )
        assert told.exit_code == 1
        assert "is there already" in told.stderr

    def test_a_copy_that_cannot_be_made_leaves_nothing(
        self, embedded: Historian, embedded_file: Path, tmp_path: Path
    ) -> None:
        del embedded
        copy = tmp_path / "nowhere" / "copy.sqlite"
        told = _command("backup", "--historian", f"sqlite:///{embedded_file}", "--out", str(copy))
        assert told.exit_code == 1
        assert "Error:" in told.stderr
        assert not copy.parent.exists()

    def test_a_server_is_backed_up_by_its_own_tool(self, influxd: Influxd, tmp_path: Path) -> None:
        told = _command(
            "backup", "--historian", influxd.fresh_url(), "--out", str(tmp_path / "copy")
        )
        assert told.exit_code == 1
        assert "its own tool" in told.stderr


@pytest.mark.parametrize(
    ("text", "days"), [("90d", 90.0), ("52w", 364.0), ("12h", 0.5), ("1.5 d", 1.5)]
)
def test_a_duration_is_read_as_people_write_it(text: str, days: float) -> None:
    assert read_duration(text) == days * DAY_NS


@pytest.mark.parametrize("text", ["", "90", "0d", "d", "-3d", "90 days"])
def test_what_is_no_duration_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="400d"):
        read_duration(text)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with write_endpoint() as served:
        yield served
