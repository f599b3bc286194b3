"""The worker as a process of its own: takes what waits, and ends when told to."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.kit.base import utc_now
from pilotline_api.solves.schemas import SolveRequest
from pilotline_api.solves.service import request_solve
from tests.api.live.running import RunningApi
from tests.api.world import Json, ask

ROOT = Path(__file__).parents[3]
PATIENT = ["-m", "tests.api.solves.patient_worker"]


@contextmanager
def process(words: Sequence[str | Path]) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, *map(str, words)], cwd=ROOT) as started:
        try:
            yield started
        finally:
            started.kill()


def until(what: Callable[[], Json], holds: Callable[[Json], bool], within_s: float = 30) -> Json:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        seen = what()
        if holds(seen):
            return seen
        time.sleep(0.05)
    pytest.fail(f"still {seen}")


def solves(planner: httpx.Client, solve_id: str) -> Callable[[], Json]:
    return lambda: dict(planner.get(f"/solves/{solve_id}").json())


def ended(solve: Json) -> bool:
    return solve["status"] not in {"queued", "running"}


def test_a_solve_that_waited_before_the_worker_came_is_run(api: RunningApi) -> None:
    """Its wake-up never reached the queue: the table alone says that it waits."""
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton")
    services = api.services
    planner_id = planner.get("/session").json()["user"]["id"]
    with services.database.writing() as session:
        request = SolveRequest(time_limit_s=20, workers=1)
        solve = request_solve(session, planner_id, request, utc_now())
    settings = services.settings
    words = ["-m", "pilotline", "api", "worker"]
    with process([*words, "--plant", settings.plant, "--data", settings.data]) as worker:
        done = until(solves(planner, solve.id), ended, within_s=60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0

    assert done["status"] == "done", done["message"]
    assert done["trajectory"]
    plan = planner.get(f"/plans/{done['plan']}").json()
    assert {slot["operation"]["id"] for slot in plan["slots"]} == {
        each["id"] for each in run["operations"]
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_keeps_the_best_plan_and_ends(
    api: RunningApi, number: signal.Signals
) -> None:
    planner = api.browser(Role.PLANNER)
    ask(planner, client="nordbeton")
    settings = api.services.settings
    solve = planner.post("/solves", json={"time_limit_s": 60}).json()
    look = solves(planner, solve["id"])
    with process([*PATIENT, settings.plant, settings.data]) as worker:
        until(look, lambda now: bool(now["trajectory"]))
        worker.send_signal(number)
        assert worker.wait(15) == 0

    stopped = look()
    assert stopped["status"] == "cancelled"
    assert "worker was stopped" in stopped["message"]
    assert stopped["plan"] is not None
