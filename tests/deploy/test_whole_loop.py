"""The whole loop on a small plant: machine to dashboard, trial run to the customer's slot."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from pilotline_historian import open_historian
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from pilotline_simulators.ledger import LedgerEntry, read_ledger
from tests.deploy.line import Line, running_line, with_free_ports
from tests.faults.completeness import judge
from tests.faults.coverage import covered_until_ns

T = TypeVar("T")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("line")


@pytest.fixture(scope="module")
def plant_file(root: Path) -> Path:
    return with_free_ports(example_plant("bench"), root / "plant.toml")


@pytest.fixture(scope="module")
def ledger(root: Path) -> Path:
    return root / "ledger.jsonl"


@pytest.fixture(scope="module")
def line(root: Path, plant_file: Path, ledger: Path) -> Iterator[Line]:
    words = ("--ledger", str(ledger), "--solve-seconds", "3")
    with running_line(plant_file, root / "data", *words) as line:
        line.until("live")
        yield line


def eventually(look: Callable[[], T | None], what: str, within_s: float = 30.0) -> T:
    """Return the first truthy thing that `look` finds."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"no {what} within {within_s:g} s"
        time.sleep(0.1)
    return found


def instant(after: timedelta) -> str:
    return (datetime.now(UTC) + after).isoformat().replace("+00:00", "Z")


def test_a_value_goes_from_the_machine_to_the_operators_trend(line: Line, ledger: Path) -> None:
    def temperature() -> LedgerEntry | None:
        emitted = [
            entry
            for entry in read_ledger(ledger)
            if (entry.machine, entry.tag) == ("oven-1", "temperature")
        ]
        return emitted[-1] if len(emitted) > 5 else None

    entry = eventually(temperature, "temperature of the oven")
    at = datetime.fromtimestamp(entry.source_time_ns / 1e9, UTC)

    with line.client("operator") as operator:

        def shown() -> bool:
            history = operator.get(
                "/machines/oven-1/history",
                params={
                    "tag": "temperature",
                    "start": (at - timedelta(milliseconds=1)).isoformat(),
                    "end": (at + timedelta(milliseconds=1)).isoformat(),
                    "points": 10,
                },
            )
            assert history.status_code == httpx.codes.OK, history.text
            return entry.value in history.json()["series"][0]["last"]

        eventually(shown, f"{entry} in the operator's trend")


def test_a_request_becomes_a_slot_that_only_its_customer_sees(line: Line) -> None:
    with (
        line.client("customer-1") as customer,
        line.client("customer-2") as other,
        line.client("planner") as planner,
    ):
        procedure = customer.get("/procedures").json()[0]["id"]
        body = {
            "title": "Mortar with basalt fibre",
            "procedure": procedure,
            "size": 1.0,
            "release": instant(timedelta(hours=1)),
            "due": instant(timedelta(days=20)),
            "attendance": [],
        }
        asked = customer.post("/trial-runs", json=body)
        assert asked.status_code == httpx.codes.CREATED, asked.text
        run = asked.json()["id"]

        plan = solve(planner)
        publish(planner, plan)

        planned = customer.get(f"/trial-runs/{run}").json()
        assert planned["status"] == "planned"
        assert all(operation["slot"] for operation in planned["operations"])
        own = {operation["slot"]["id"] for operation in planned["operations"]}
        span = {"start": instant(timedelta(0)), "end": instant(timedelta(days=60))}
        seen = {slot["id"] for slot in customer.get("/slots", params=span).json() if "id" in slot}
        assert own <= seen

        foreign = other.get(f"/trial-runs/{run}")
        assert foreign.status_code == httpx.codes.NOT_FOUND
        everything = other.get("/slots", params=span).text + other.get("/trial-runs").text
        assert "basalt" not in everything
        assert run not in everything


def solve(planner: httpx.Client) -> dict[str, Any]:
    """Let the worker make a draft and return it."""

    def started() -> str | None:
        answer = planner.post("/solves", json={"time_limit_s": 8})
        if answer.status_code == httpx.codes.CONFLICT:
            return None
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["id"])

    solving = eventually(started, "free worker")

    def ended() -> dict[str, Any] | None:
        state: dict[str, Any] = planner.get(f"/solves/{solving}").json()
        assert state["status"] not in {"failed", "cancelled"}, state
        return state if state["status"] == "done" else None

    plan = eventually(ended, "end of the solve")["plan"]
    answer: dict[str, Any] = planner.get(f"/plans/{plan}").json()
    return answer


def publish(planner: httpx.Client, plan: dict[str, Any]) -> None:
    """Publish a draft against what is published now."""
    current = planner.get("/plans/published")
    version = current.json()["version"] if current.status_code == httpx.codes.OK else 0
    answer = planner.post(f"/plans/{plan['id']}/publication", headers={"If-Match": f'"{version}"'})
    assert answer.status_code == httpx.codes.OK, answer.text


def test_nothing_is_lost_when_the_edge_is_killed_and_ctrl_c_ends_it_all(
    line: Line, root: Path, plant_file: Path, ledger: Path
) -> None:
    before = line.part("edge run")
    before.kill()
    line.until("restarting")
    eventually(lambda: line.has("edge run") and line.part("edge run").pid != before.pid, "new edge")
    status = root / "data" / "edge"
    killed_ns = time.time_ns()
    eventually(lambda: min(covered_until_ns(status).values()) > killed_ns, "coverage after it")
    covered = covered_until_ns(status)

    assert line.stop() < 5

    historian = open_historian(f"sqlite:///{root / 'data' / 'historian.sqlite'}")
    try:
        emitted = read_ledger(ledger, repeats=True)
        verdict = judge(emitted, historian, read_plant(plant_file), covered)
    finally:
        historian.close()
    assert verdict.stored > 20
    assert verdict.whole, str(verdict)


def test_a_second_start_goes_on_with_the_first_ones_data(
    line: Line, root: Path, plant_file: Path
) -> None:
    assert line.process.poll() is not None, "the tests before stopped it"
    with running_line(plant_file, root / "data") as again, again.client("customer-1") as customer:
        titles = [run["title"] for run in customer.get("/trial-runs").json()["items"]]
        assert "Mortar with basalt fibre" in titles
        former = line.logins["customer-1"]
        wrong = httpx.post(
            f"{again.url}/api/v1/session",
            json={"email": former["email"], "password": former["password"]},
            headers={"Origin": again.url},
        )
        assert wrong.status_code == httpx.codes.UNAUTHORIZED, "passwords are fresh at each start"
