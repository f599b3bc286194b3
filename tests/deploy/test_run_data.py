"""`pilotline historian run` copies what machines measured for one run, and nobody else's data."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
import structlog
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from pilotline.commands.historian import app
from pilotline_api.accounts.models import Organisation, Role, User
from pilotline_api.kit.base import new_id
from pilotline_api.kit.database import Database
from pilotline_api.migrations import migrate
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.models import PlanStatus, PlanVersion, Slot
from pilotline_api.runs.models import Operation, TrialRun
from pilotline_historian import Gap, Sample, Series, Value, open_historian
from pilotline_plant.examples import example_plant

EIGHT = datetime(2026, 9, 21, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BENCH = example_plant("bench")

Command = Callable[..., Result]


@dataclass
class Line:
    """A data directory with slots in force, and a historian."""

    folder: Path
    operations: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/historian.sqlite"

    def write(self, machine: str, tag: str, *values: tuple[float, Value]) -> None:
        """Write values at hours after eight."""
        series = Series("bench", machine, tag)
        with closing(open_historian(self.url)) as store:
            store.write([Sample(series, _ns(hours), value, 0, None) for hours, value in values])

    def run(self, *words: str) -> tuple[Result, list[dict[str, str]], dict[str, Any]]:
        out = self.folder / "run.csv"
        where = ["--plant", str(BENCH), "--data", str(self.folder), "--historian", self.url]
        told = CliRunner().invoke(app, ["run", *words, *where, "--out", str(out)])
        if told.exit_code:
            return told, [], {}
        with out.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return told, rows, json.loads((self.folder / "run.csv.json").read_text(encoding="utf-8"))


def _ns(hours: float) -> int:
    return round((EIGHT + hours * HOUR).timestamp()) * 10**9


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def line(booked: Line, tmp_path: Path) -> Line:
    copy(booked.folder / "pilotline.sqlite", tmp_path)
    return replace(booked, folder=tmp_path)


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Make the database once; each test has a copy."""
    line = Line(tmp_path_factory.mktemp("booked"))
    with closing(Database(f"sqlite:///{line.folder}/pilotline.sqlite")) as database:
        migrate(database)
        with database.writing() as session:
            someone, plan = new_id(), new_id()
            organisations = {client: new_id() for client in ("nordbeton", "fjordform")}
            for client, organisation in organisations.items():
                session.add(Organisation(id=organisation, name=client.title(), client=client))
            session.flush()
            session.add(
                User(
                    id=someone,
                    organisation_id=organisations["nordbeton"],
                    name="Someone",
                    email="someone@example.org",
                    role=Role.CUSTOMER,
                    password_hash="",
                    created_at=EIGHT,
                )
            )
            session.flush()
            session.add(
                PlanVersion(
                    id=plan,
                    version=1,
                    status=PlanStatus.PUBLISHED,
                    title="Plan",
                    created_at=EIGHT,
                    published_at=EIGHT,
                    created_by=someone,
                    solver={},
                    kpis={},
                )
            )
            session.flush()
            for client, title, machine, at in (
                ("nordbeton", "Prisms", "mixer-1", 0),
                ("fjordform", "Plates", "mixer-1", 2),
                ("nordbeton", "Prisms", "oven-1", 4),
            ):
                _book(session, line, (someone, plan, organisations[client]), title, machine, at)
    return line


def _book(
    session: Session, line: Line, known: tuple[str, str, str], title: str, machine: str, at: int
) -> None:
    """Write a slot of two hours, hours after eight, in force."""
    someone, plan, organisation = known
    begins, ends = EIGHT + at * HOUR, EIGHT + (at + 2) * HOUR
    ids = {
        "organisation_id": organisation,
        "run_id": line.runs.get(title) or new_id(),
        "operation_id": new_id(),
        "slot_id": new_id(),
    }
    if title not in line.runs:
        line.runs[title] = ids["run_id"]
        session.add(
            TrialRun(
                id=ids["run_id"],
                organisation_id=organisation,
                requested_by=someone,
                title=title,
                procedure="mortar-prisms",
                procedure_name="Mortar prisms",
                size=1.0,
                release=begins,
                due=ends,
                weight=1,
                attendance=[],
                created_at=EIGHT,
                announced_status="planned",
            )
        )
        session.flush()
    session.add(
        Operation(
            id=ids["operation_id"],
            run_id=ids["run_id"],
            organisation_id=organisation,
            step=f"step-{at}",
            position=at,
            name=f"On {machine}",
            capability="mixing",
            minutes=120,
            pools=[],
            pausable=False,
            attended=False,
            after=[],
        )
    )
    session.flush()
    session.add(
        Slot(
            id=ids["slot_id"],
            plan_id=plan,
            organisation_id=organisation,
            run_id=ids["run_id"],
            operation_id=ids["operation_id"],
            machine=machine,
            setup_start=begins,
            starts_at=begins,
            ends_at=ends,
            setup_state=None,
        )
    )
    session.flush()
    session.add(Occupancy(machine=machine, starts_at=begins, ends_at=ends, slot_id=ids["slot_id"]))
    line.operations[f"{title} {machine}"] = ids["operation_id"]
    line.slots[f"{title} {machine}"] = ids["slot_id"]


def _hours(rows: list[dict[str, str]], tag: str) -> list[float]:
    times = [datetime.fromisoformat(row["source_time"]) for row in rows if row["tag"] == tag]
    return [(time - EIGHT) / HOUR for time in times]


def test_a_run_is_copied_for_when_machines_said_they_worked_on_it(line: Line) -> None:
    own, foreign = line.operations["Prisms mixer-1"], line.operations["Plates mixer-1"]
    line.write("mixer-1", "job", (0.5, own), (1, ""), (1.5, own), (2.5, foreign), (4, ""))
    line.write("mixer-1", "speed", *((i / 4, i * 1.5) for i in range(20)))
    with closing(open_historian(line.url)) as store:
        store.write_gaps([Gap("bench", "mixer-1", None, _ns(1.75), _ns(2), "connection-lost")])
    told, rows, about = line.run("Prisms")
    assert told.exit_code == 0, told.stderr
    assert _hours(rows, "speed") == [0.5, 0.75, 1.5, 1.75, 2.0, 2.25]
    mixer, oven = about["slots"]
    assert (mixer["basis"], oven["basis"]) == ("reported", "planned")
    assert (mixer["client"], mixer["title"], mixer["step"]) == ("nordbeton", "Prisms", "On mixer-1")
    assert [each["start"] for each in mixer["intervals"]] == [
        "2026-09-21T08:30:00Z",
        "2026-09-21T09:30:00Z",
    ]
    assert [gap["cause"] for gap in mixer["intervals"][1]["gaps"]] == ["connection-lost"]
    speed = next(each for each in mixer["tags"] if each["tag"] == "speed")
    assert (speed["unit"], speed["data_type"], speed["samples"]) == ("1/min", "Double", 6)
    (ledger,) = [each for each in mixer["intervals"][1]["completeness"] if each["tag"] == "speed"]
    assert ledger["causes"] == {"connection-lost": 900.0}


def test_a_slot_of_a_machine_that_does_not_say_what_it_works_on_counts_as_planned(
    line: Line,
) -> None:
    line.write("mixer-1", "job", (-1, "somebody-else"), (0.5, ""))
    line.write("mixer-1", "speed", *((i / 4, 1.5) for i in range(20)))
    told, rows, about = line.run("--slot", line.slots["Prisms mixer-1"])
    assert told.exit_code == 0, told.stderr
    assert _hours(rows, "speed") == [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    assert about["slots"][0]["basis"] == "planned"


def test_a_gap_in_what_a_machine_works_on_belongs_to_it_when_it_goes_on(line: Line) -> None:
    own = line.operations["Prisms mixer-1"]
    line.write("mixer-1", "job", (0, own), (1, own), (3, ""))
    with closing(open_historian(line.url)) as store:
        store.write_gaps([Gap("bench", "mixer-1", None, _ns(0.25), _ns(0.75), "lost")])
    _, _, about = line.run(line.runs["Prisms"])
    assert [(each["start"], each["end"]) for each in about["slots"][0]["intervals"]] == [
        ("2026-09-21T08:00:00Z", "2026-09-21T11:00:00Z")
    ]


def test_a_clients_slots_are_copied_together_and_no_others(line: Line) -> None:
    line.write("mixer-1", "speed", *((i / 4, 1.5) for i in range(20)))
    line.write("oven-1", "temperature", (5, 180.0))
    _, rows, about = line.run("--client", "nordbeton")
    assert {each["client"] for each in about["slots"]} == {"nordbeton"}
    assert _hours(rows, "speed") == [i / 4 for i in range(8)]
    assert _hours(rows, "temperature") == [5.0]
    _, rows, _ = line.run("--client", "fjordform")
    assert _hours(rows, "speed") == [2 + i / 4 for i in range(8)]


def test_an_export_says_units_and_gaps_beside_the_samples(line: Line) -> None:
    line.write("mixer-1", "speed", (0, 300.0), (1, float("nan")))
    line.write("mixer-9", "heat", (0, 1))
    with closing(open_historian(line.url)) as store:
        store.write_gaps([Gap("bench", "mixer-1", None, _ns(0.25), _ns(0.75), "lost")])
        store.write_gaps([Gap("bench", "oven-1", None, _ns(0.25), _ns(0.75), "lost")])
    out = line.folder / "all.parquet"
    words = ["export", "--historian", line.url, "--out", str(out), "--plant", str(BENCH)]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.stderr
    about = json.loads((line.folder / "all.parquet.json").read_text(encoding="utf-8"))
    speed, heat = about["series"]
    assert (speed["unit"], speed["unit_symbol"], speed["samples"]) == ("1/min", "min⁻¹", 2)
    assert heat == {"site": "bench", "machine": "mixer-9", "tag": "heat", "samples": 1}
    assert [(gap["machine"], gap["cause"]) for gap in about["gaps"]] == [("mixer-1", "lost")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "name a RUN"),
        (("Nothing",), "no slot in force fits"),
        (("Prisms", "--client", "fjordform"), "no slot in force fits"),
        (("Prisms", "--data", "nowhere"), "is not there"),
        (("Prisms", "--database", "mysql://x/y"), "not supported"),
        (("Prisms", "--database", "sqlite:////dev/null"), "cannot be read"),
        (("Prisms", "--plant", "nowhere.toml"), "nowhere.toml"),
        (("Prisms", "--out", "run.xlsx"), "choose one of"),
    ],
)
def test_a_mistake_is_explained_in_a_sentence(
    line: Line, words: tuple[str, ...], reason: str
) -> None:
    open_historian(line.url, create=True).close()
    given = {"--plant": str(BENCH), "--data": str(line.folder), "--out": str(line.folder / "x.csv")}
    asked = [part for pair in given.items() if pair[0] not in words for part in pair]
    told = CliRunner().invoke(app, ["run", *words, *asked, "--historian", line.url])
    assert told.exit_code in (1, 2)
    assert reason in " ".join(told.stderr.replace("│", " ").split())
    assert told.exception is None or isinstance(told.exception, SystemExit)
