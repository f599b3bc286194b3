"""`pilotline historian` shows and copies what is stored."""

import csv
import getpass
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from pilotline.commands.historian import app
from pilotline_historian import COVERED, ConditionState, Gap, Historian, Series
from tests.historian.influxd import Influxd
from tests.historian.samples import MILL, NOON_NS, SECOND_NS, an_event, at, each_second

NOON = "2026-09-21T14:13:20Z"
LATER = "2026-09-21T15:00:00Z"

Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def url(embedded: Historian, embedded_file: Path) -> str:
    embedded.write(each_second([1.5, 2.5, float("nan"), "Hold"]))
    embedded.write(each_second(range(3), Series("aarhus", "oven-2", "door")))
    embedded.write_gaps(
        [Gap("aarhus", "mill-1", None, NOON_NS, NOON_NS + 90 * SECOND_NS, "connection-lost")]
    )
    hot = ConditionState("ns=1;i=7", "Overtemperature", True, False, None, True)
    embedded.write_events(
        [
            an_event(0, event_id="0a", severity=700, condition=hot),
            an_event(
                SECOND_NS, event_id="0b", severity=100, message="=door \x1b[2J", machine="oven-2"
            ),
        ]
    )
    return f"sqlite:///{embedded_file}"


@pytest.fixture
def run(url: str) -> Command:
    def run(*words: str, historian: str = url) -> Result:
        return CliRunner().invoke(app, words, env={"PILOTLINE_HISTORIAN": historian})

    return run


def test_a_query_prints_csv_to_a_pipe(run: Command) -> None:
    told = run("query", "mill-1", "spindle_speed", "--start", NOON, "--end", LATER)
    assert told.exit_code == 0, told.stderr
    header, *rows = csv.reader(told.stdout.splitlines())
    assert header == ["source_time", "value", "type", "status", "server_time"]
    assert [row[1] for row in rows] == ["1.5", "2.5", "nan", "Hold"]


def test_a_query_prints_one_json_object(run: Command) -> None:
    told = run("query", "mill-1", "spindle_speed", "--start", NOON, "--end", LATER, "--json")
    answer = json.loads(told.stdout)
    assert {name: answer[name] for name in ("site", "machine", "tag", "start", "end")} == {
        **MILL._asdict(),
        "start": NOON,
        "end": LATER,
    }
    assert [sample["value"] for sample in answer["samples"]] == [1.5, 2.5, "NaN", "Hold"]


def test_a_query_may_be_reduced(run: Command) -> None:
    words = ("query", "oven-2", "door", "--start", NOON, "--end", LATER, "--points", "1")
    (bucket,) = json.loads(run(*words, "--json").stdout)["buckets"]
    assert bucket == {
        "start": "2026-09-21T14:13:00Z",
        "minimum": 0.0,
        "maximum": 2.0,
        "mean": 1.0,
        "last": 2,
        "good_count": 3,
    }
    assert run(*words).stdout.splitlines()[1] == "2026-09-21T14:13:00Z,0.0,2.0,1.0,2,3"


def _on_a_terminal(url: str, *words: str, columns: int = 160) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pilotline", "historian", *words, "--historian", url],
        stdout=theirs,
        env={**os.environ, "COLUMNS": str(columns)},
    ) as command:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4_096)
            except OSError:
                break
    os.close(ours)
    assert command.returncode == 0
    return shown.decode()


def test_a_terminal_gets_a_table(url: str) -> None:
    shown = _on_a_terminal(url, "query", "mill-1", "spindle_speed", "--start", NOON, "--end", LATER)
    assert "mill-1 spindle_speed" in shown
    assert "Source time" in shown


def test_a_machine_cannot_command_the_terminal(url: str) -> None:
    shown = _on_a_terminal(url, "events", "oven-2", "--start", NOON, "--end", LATER)
    assert "=door �[2J" in " ".join(shown.split())
    assert "\x1b[2J" not in shown


def test_a_person_reads_the_ledger_in_eighty_columns(url: str) -> None:
    words = ("gaps", "mill-1", "--by-tag", "--start", NOON, "--end", LATER)
    shown = _on_a_terminal(url, *words, columns=80)
    told = " ".join(shown.replace("│", " ").split())
    assert "mill-1 spindle_speed 0.000 % 1 1 min 30 s" in told
    assert "not-heard-of" in told
    assert "…" not in shown, "nothing is cut"


def test_who_mistypes_a_file_gets_no_empty_store(run: Command, tmp_path: Path) -> None:
    there = tmp_path / "histrian.sqlite"
    told = run("last", historian=f"sqlite:///{there}")
    assert told.exit_code == 1
    assert f"there is no historian file {there}; correct the URL" in told.stderr
    assert not there.exists()
    assert run("init", historian=f"sqlite:///{there}").exit_code == 0
    assert there.exists()


def test_a_full_disk_behind_the_output_is_told_in_a_sentence(url: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pilotline", "historian", "last", "--historian", url],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: what is printed cannot be written: No space left on device\n"


def test_gaps_are_printed_with_their_cause(run: Command) -> None:
    assert run("gaps", "mill-1", "--csv").stdout.splitlines() == [
        "site,machine,tag,start,end,seconds,cause",
        f"aarhus,mill-1,,{NOON},2026-09-21T14:14:50Z,90.000,connection-lost",
    ]
    (gap,) = json.loads(run("gaps", "--json").stdout)["gaps"]
    assert (gap["tag"], gap["cause"]) == (None, "connection-lost")
    assert json.loads(run("gaps", "oven-2", "--json").stdout)["gaps"] == []


@pytest.mark.parametrize("command", ["gaps", "events", "annotations"])
def test_a_machine_that_nobody_knows_is_not_said_to_miss_nothing(
    run: Command, command: str
) -> None:
    told = run(command, "mill-9")
    assert told.exit_code == 1
    assert "nothing is known of machine mill-9; machines: mill-1, oven-2" in told.stderr


def test_a_note_is_written_listed_and_taken_back(run: Command) -> None:
    told = run(
        "annotate", "mill-1", "=tool broke", "--start", NOON, "--end", LATER, "--author", "ada"
    )
    note = told.stdout.strip()
    assert run("annotations", "mill-1", "--csv").stdout.splitlines() == [
        "start,end,site,machine,tag,author,text,withdrawn,id",
        f"{NOON},{LATER},aarhus,mill-1,,ada,'=tool broke,,{note}",
    ]
    assert run("withdraw", note, "--author", "bo").exit_code == 0
    assert run("withdraw", note).exit_code == 1
    assert json.loads(run("annotations", "--json").stdout)["annotations"] == []
    (kept,) = json.loads(run("annotations", "--withdrawn", "--json").stdout)["annotations"]
    assert (kept["text"], kept["author"], kept["withdrawn_by"]) == ("=tool broke", "ada", "bo")


def test_a_note_of_this_moment_is_by_whoever_writes_it(run: Command) -> None:
    run("annotate", "oven-2", "door open", "--tag", "door")
    (note,) = json.loads(run("annotations", "--start", "1min", "--json").stdout)["annotations"]
    assert (note["tag"], note["start"]) == ("door", note["end"])
    assert note["author"] == getpass.getuser()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("mill-9", "text"), "machines: mill-1, oven-2"),
        (("mill-1", "text", "--tag", "door"), "mill-1 with tag door"),
        (("mill-1", ""), "text has 0 bytes"),
        (("mill-1", "text", "--end", "8h"), "end lies before start"),
    ],
)
def test_a_note_that_would_not_be_found_is_refused(
    run: Command, words: tuple[str, ...], reason: str
) -> None:
    told = run("annotate", *words)
    assert told.exit_code == 1
    assert reason in told.stderr


def test_events_are_printed_with_what_they_say_of_their_condition(run: Command) -> None:
    span = ("--start", NOON, "--end", LATER)
    header, hot, door = csv.reader(run("events", *span).stdout.splitlines())
    assert header[:6] == ["time", "site", "machine", "severity", "source", "message"]
    assert hot[2:6] == ["mill-1", "700", "Spindle", "too hot"]
    assert hot[7:] == ["Overtemperature", "active, unacknowledged", "0a"]
    assert door[5] == "'=door \x1b[2J"
    assert door[7:] == ["", "", "0b"]
    (event,) = json.loads(run("events", "mill-1", *span, "--json").stdout)["events"]
    assert event["condition"]["active"] is True
    assert (event["time"], event["severity"]) == (NOON, 700)
    assert len(run("events", *span, "--severity", "500").stdout.splitlines()) == 2
    assert run("events", "--severity", "900", *span).stdout.splitlines() == [",".join(header)]


def test_how_complete_each_tag_is_is_printed(run: Command, embedded: Historian) -> None:
    embedded.write([at(100 * SECOND_NS, 1.0)])
    words = ("gaps", "mill-1", "--by-tag", "--start", NOON, "--end", "2026-09-21T14:15:00Z")
    (told,) = json.loads(run(*words, "--json").stdout)["tags"]
    assert told == {
        **MILL._asdict(),
        "covered_pct": 10.0,
        "gaps": 1,
        "longest_s": 90.0,
        "missing_s": 90.0,
        "causes": {"connection-lost": 90.0},
        "first": NOON,
        "last": "2026-09-21T14:13:23Z",
    }
    assert run(*words).stdout.splitlines() == [
        "site,machine,tag,covered_pct,gaps,longest_s,missing_s,causes,first,last",
        "aarhus,mill-1,spindle_speed,10.000,1,90.000,90.000,connection-lost 90.000 s,"
        f"{NOON},2026-09-21T14:13:23Z",
    ]
    embedded.write([at(100 * SECOND_NS, 0, series=Series("aarhus", "mill-1", COVERED))])
    everything = json.loads(run("gaps", "--by-tag", "--start", NOON, "--json").stdout)["tags"]
    assert [each["machine"] for each in everything] == ["mill-1", "oven-2"]


def test_a_share_is_rounded_down_so_that_100_means_all(run: Command, embedded: Historian) -> None:
    year_ns = 365 * 86_400 * SECOND_NS
    door = Series("aarhus", "oven-2", "door")
    embedded.write([at(year_ns, 1, series=door)])
    embedded.write_gaps([Gap("aarhus", "oven-2", None, NOON_NS, NOON_NS + SECOND_NS, "x")])
    words = ("gaps", "oven-2", "--by-tag", "--start", NOON, "--end", "2027-09-21T14:13:20Z")
    (told,) = json.loads(run(*words, "--json").stdout)["tags"]
    assert told["covered_pct"] == 99.999


def test_states_are_printed_with_packml_words_and_what_nobody_knows(
    run: Command, embedded: Historian
) -> None:
    state = Series("aarhus", "oven-2", "state")
    embedded.write([at(i * SECOND_NS, v, series=state) for i, v in enumerate([4, 4, 6, 99])])
    gap = Gap("aarhus", "oven-2", None, NOON_NS + 5 * SECOND_NS, NOON_NS + 6 * SECOND_NS, "lost")
    embedded.write_gaps([gap])
    words = ("states", "oven-2", "--start", NOON, "--end", "2026-09-21T14:13:27Z")
    assert run(*words).stdout.splitlines() == [
        "start,end,seconds,value,word,unknown",
        f"{NOON},2026-09-21T14:13:22Z,2.0,4,Idle,",
        "2026-09-21T14:13:22Z,2026-09-21T14:13:23Z,1.0,6,Execute,",
        "2026-09-21T14:13:23Z,2026-09-21T14:13:25Z,2.0,99,,",
        "2026-09-21T14:13:25Z,2026-09-21T14:13:26Z,1.0,,,lost",
        "2026-09-21T14:13:26Z,2026-09-21T14:13:27Z,1.0,99,,",
    ]
    told = json.loads(run(*words, "--json").stdout)
    assert (told["tag"], told["end"]) == ("state", "2026-09-21T14:13:27Z")
    assert [each["word"] for each in told["states"]] == ["Idle", "Execute", None, None, None]
    door = run("states", "oven-2", "door", "--start", NOON, "--end", "2026-09-21T14:13:23Z")
    assert [row.split(",")[3:5] for row in door.stdout.splitlines()[1:]] == [
        ["0", ""],
        ["1", ""],
        ["2", ""],
    ]


def test_the_last_values_of_all_tags_are_printed_at_once(run: Command) -> None:
    told = json.loads(run("last", "--json").stdout)["last"]
    assert [(each["machine"], each["tag"], each["value"]) for each in told] == [
        ("mill-1", "spindle_speed", "Hold"),
        ("oven-2", "door", 2),
    ]
    assert told[1]["source_time"] == "2026-09-21T14:13:22Z"
    age_s = time.time() - (NOON_NS + 2 * SECOND_NS) / SECOND_NS
    assert told[1]["age_s"] == pytest.approx(age_s, abs=60)
    header, row = csv.reader(run("last", "oven-2").stdout.splitlines())
    assert header[:4] == ["site", "machine", "tag", "value"]
    assert row[:5] == ["aarhus", "oven-2", "door", "2", "int"]
    assert "no samples of machine oven-9" in run("last", "oven-9").stderr


@pytest.mark.parametrize(
    ("words", "count"),
    [((), 7), (("--machine", "oven-2"), 3), (("--tag", "spindle_speed"), 4), (("--end", NOON), 0)],
)
def test_an_export_copies_the_series_asked_for(
    run: Command, tmp_path: Path, words: tuple[str, ...], count: int
) -> None:
    file = tmp_path / "run.jsonl"
    told = run("export", "--out", str(file), *words)
    assert told.exit_code == 0, told.stderr
    assert len(file.read_text(encoding="utf-8").splitlines()) == count


def test_an_export_is_streamed(run: Command, embedded: Historian, tmp_path: Path) -> None:
    for first in range(0, 60_000, 5_000):
        embedded.write([at(i * SECOND_NS, i * 0.5) for i in range(first, first + 5_000)])
    told = run("export", "--out", str(tmp_path / "run.csv"), "--machine", "mill-1")
    assert told.exit_code == 0, told.stderr
    with (tmp_path / "run.csv").open(encoding="utf-8") as stream:
        assert sum(1 for _ in stream) == 60_001


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("query", "mill-1", "colour"), "its tags: spindle_speed"),
        (("query", "mill-9", "colour"), "machines: mill-1, oven-2"),
        (("query", "mill-1", "spindle_speed", "--start", "soon"), "is no instant"),
        (("query", "mill-1", "spindle_speed", "--start", "1h", "--end", "2h"), "is not after"),
        (("export", "--out", "x.xlsx"), "choose one of .csv, .jsonl, .parquet"),
        (("export", "--out", "x.csv", "--machine", "mill-9"), "no samples of machine mill-9"),
        (("gaps", "--historian", "mysql://x"), "scheme 'mysql'"),
    ],
)
def test_a_mistake_is_explained_in_a_sentence(
    run: Command, words: tuple[str, ...], reason: str
) -> None:
    told = run(*words)
    assert told.exit_code in (1, 2)
    assert reason in " ".join(told.stderr.replace("│", " ").split())
    assert told.exception is None or isinstance(told.exception, SystemExit)


def test_a_machine_on_several_sites_needs_its_site(run: Command, embedded: Historian) -> None:
    embedded.write([at(0, 1, series=Series("odense", "mill-1", "spindle_speed"))])
    words = ("query", "mill-1", "spindle_speed", "--start", NOON, "--end", LATER)
    assert "choose one by --site: aarhus, odense" in run(*words).stderr
    assert len(run(*words, "--site", "odense").stdout.splitlines()) == 2


@pytest.mark.real_influxdb
def test_the_same_words_ask_influxdb(run: Command, influxd: Influxd) -> None:
    told = run("gaps", "--json", historian=influxd.fresh_url())
    assert json.loads(told.stdout)["gaps"] == []
