"""Events leave the historian as a table: a row for each, typed columns, nothing lost."""

import csv
import json
import tracemalloc
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from pilotline.commands.historian import app
from pilotline_historian import EVENTS, ConditionState, Event, Gap, Historian, open_historian
from pilotline_historian.export import EVENT_FORM, exporting
from pilotline_historian.export import file as exported_file
from tests.historian.influxd import Influxd
from tests.historian.samples import NOON_NS, SECOND_NS, an_event, at, each_second
from tests.real_parts import need

HOT = ConditionState("ns=1;i=7", "Overtemperature", True, False, None, True)
OVER = ConditionState("ns=1;i=7", "Overtemperature", False, True, True, False)
STORED = [
    an_event(0, event_id="0a", severity=700, condition=HOT),
    an_event(1, event_id="0b", received_ns=None, message='=1+1,\n"x"', machine="oven-2"),
    an_event(SECOND_NS, event_id="0c", severity=700, message="cool again", condition=OVER),
]
COLUMNS = [
    *("site", "machine", "time", "received", "event_id", "type", "source", "severity", "message"),
    *("condition_id", "condition", "active", "acknowledged", "confirmed", "retain"),
]


def written(file: Path, events: list[Event]) -> Path:
    with exporting(file, EVENT_FORM) as writer:
        writer.write(events)
    return file


def test_csv_has_a_row_for_each_event_and_runs_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "events.csv", STORED)
    with file.open(encoding="utf-8", newline="") as stream:
        header, hot, plain, over = csv.reader(stream)
    assert header == COLUMNS
    assert hot == [
        *("aarhus", "mill-1", "2026-09-21T14:13:20Z", "2026-09-21T14:13:20.000000077Z", "0a"),
        *("ExclusiveLevelAlarmType", "Spindle", "700", "too hot"),
        *("ns=1;i=7", "Overtemperature", "true", "false", "", "true"),
    ]
    assert plain[2:4] == ["2026-09-21T14:13:20.000000001Z", ""]
    assert plain[8] == '\'=1+1,\n"x"'
    assert plain[9:] == [""] * 6
    assert over[11:] == ["false", "true", "true", "false"]


def test_json_lines_have_the_same_columns_with_nulls(tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", STORED)
    hot, plain, _ = (json.loads(line) for line in file.read_text("utf-8").splitlines())
    assert list(hot) == list(plain) == COLUMNS
    assert (hot["active"], hot["confirmed"], hot["severity"]) == (True, None, 700)
    assert plain["message"] == '=1+1,\n"x"'
    assert [plain[name] for name in COLUMNS[9:]] == [None] * 6


def test_parquet_has_typed_columns(tmp_path: Path) -> None:
    need(find_spec("pyarrow") is not None, "pyarrow (pip install pyarrow)")
    table = import_module("pyarrow.parquet").read_table(
        written(tmp_path / "events.parquet", STORED)
    )
    assert table.column_names == COLUMNS
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    assert str(table.schema.field("active").type) == "bool"
    rows = table.to_pydict()
    assert [each.value for each in rows["time"]] == [event.time_ns for event in STORED]
    assert rows["received"][1] is None
    assert rows["severity"] == [700, 500, 700]
    assert rows["active"] == [True, None, False]
    assert rows["message"][1] == '=1+1,\n"x"'


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_any_number_of_events_takes_the_same_memory(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ending == "parquet":
        need(find_spec("pyarrow") is not None, "pyarrow (pip install pyarrow)")
    monkeypatch.setattr(exported_file, "_ROW_GROUP", 500)
    peaks = []
    for count in (1_500, 4_500):
        events = (an_event(i, event_id=f"{i:04x}", condition=HOT) for i in range(count))
        tracemalloc.start()
        try:
            with exporting(tmp_path / f"events.{ending}", EVENT_FORM) as writer:
                writer.write(events)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    small, large = peaks
    assert large < 1.2 * small + 2**16


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def export(url: str, *words: object) -> Result:
    words = ("export", "--historian", url, *words)
    return CliRunner().invoke(app, [str(word) for word in words])


def ids(file: Path) -> list[Any]:
    return [json.loads(line)["event_id"] for line in file.read_text("utf-8").splitlines()]


class OfAStore:
    """What the command promises, whichever store is behind it."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[Historian]:
        historian = open_historian(url)
        historian.write(each_second([1.5, 2.5]))
        historian.write_events(STORED)
        yield historian
        historian.close()

    @pytest.mark.usefixtures("store")
    def test_events_of_the_machines_asked_for_are_copied_by_time(
        self, url: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "events.jsonl"
        later = ("--start", "2026-09-21T14:13:20.5Z")
        for words, expected in (
            ((), ["0a", "0b", "0c"]),
            (("--machine", "mill-1"), ["0a", "0c"]),
            (("--machine", "mill-1", "--machine", "oven-2", *later), ["0c"]),
            (("--machine", "mill-9"), []),
            (("--site", "odense"), []),
        ):
            told = export(url, "--events", file, *words)
            assert told.exit_code == 0, told.stderr
            assert ids(file) == expected, words

    @pytest.mark.usefixtures("store")
    def test_samples_and_events_go_to_a_file_each(self, url: str, tmp_path: Path) -> None:
        samples, events = tmp_path / "samples.csv", tmp_path / "events.csv"
        told = export(url, "--out", samples, "--events", events, "--tag", "spindle_speed")
        assert told.exit_code == 0, told.stderr
        with samples.open(encoding="utf-8") as stream:
            assert sum(1 for _ in stream) == 3
        with events.open(encoding="utf-8", newline="") as stream:
            assert [row[4] for row in csv.reader(stream)] == ["event_id", "0a", "0b", "0c"]

    def test_more_events_than_a_page_are_all_copied_once(
        self, url: str, store: Historian, tmp_path: Path
    ) -> None:
        file = tmp_path / "many.jsonl"
        many = [an_event((i + 2) * SECOND_NS, event_id=f"e{i:05}") for i in range(6_000)]
        for first in range(0, len(many), 2_000):
            store.write_events(many[first : first + 2_000])
        assert export(url, "--events", file, "--machine", "mill-1").exit_code == 0
        assert ids(file) == ["0a", "0c", *(event.event_id for event in many)]

    def test_what_events_are_missing_stands_beside_them(
        self, store: Historian, url: str, tmp_path: Path
    ) -> None:
        span = (NOON_NS, NOON_NS + SECOND_NS)
        for tag, machine in ((EVENTS, "mill-1"), ("speed", "mill-1"), (None, "oven-2")):
            store.write_gaps([Gap("aarhus", machine, tag, *span, "connection-lost")])
        plant = Path(__file__).parents[2] / "simulators" / "plants" / "bench.toml"
        file = tmp_path / "events.csv"
        told = export(url, "--events", file, "--plant", plant, "--end", "2026-09-22")
        assert told.exit_code == 0, told.stderr
        about = json.loads((tmp_path / "events.csv.json").read_text("utf-8"))
        assert about["events"] == 3
        assert [(gap["machine"], gap["tag"]) for gap in about["gaps"]] == [
            ("mill-1", EVENTS),
            ("oven-2", None),
        ]


class TestEmbedded(OfAStore):
    """One SQLite file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'historian.sqlite'}"


class TestInfluxDB(OfAStore):
    """A real InfluxDB 1.6."""

    @pytest.fixture
    def url(self, influxd: Influxd) -> str:
        return influxd.fresh_url()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "for samples by --out, for events by --events"),
        (("--out", "x.csv", "--events", "x.csv"), "cannot both go to x.csv"),
        (("--events", "x.xlsx"), "choose one of .csv, .jsonl, .parquet"),
        (("--events", "nowhere/x.csv"), "No such file"),
    ],
)
def test_a_mistake_is_explained(
    embedded: Historian, embedded_file: Path, words: tuple[str, ...], reason: str
) -> None:
    embedded.write([at(0, 1.0)])
    told = export(f"sqlite:///{embedded_file}", *words)
    assert told.exit_code in (1, 2)
    assert reason in " ".join(told.stderr.replace("│", " ").split())
