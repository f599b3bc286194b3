"""Solves: asked for, followed, stopped; a draft that holds, or a reason."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.events import Audience, after, newest_id
from pilotline_api.solves.job import SolveJob, Solver
from pilotline_api.solves.models import Solve, SolveStatus
from pilotline_scheduler.plan import Answer, Plan, PlannedOperation, Status
from pilotline_scheduler.solver import solve_in_child
from tests.api.live.running import RunningApi
from tests.api.solves.solvers import PatientSolver, QuickSolver
from tests.api.world import Json, ask, publish


@pytest.fixture(autouse=True)
def nothing_is_solving(api: RunningApi) -> None:
    """A solve that an earlier test left behind would forbid the next one."""
    planner = api.browser(Role.PLANNER)
    for solve in planner.get("/solves").json():
        if solve["status"] in {"queued", "running"}:
            abandon(api, solve["id"])


@pytest.fixture
def run(api: RunningApi) -> Json:
    """There is something to plan."""
    return ask(api.browser(Role.CUSTOMER, "nordbeton"))


def asked(api: RunningApi, time_limit_s: float = 20) -> Json:
    answer = api.browser(Role.PLANNER).post("/solves", json={"time_limit_s": time_limit_s})
    assert answer.status_code == 202, answer.text
    solve: Json = answer.json()
    return solve


def job(api: RunningApi, solver: Solver, *, stop: threading.Event | None = None) -> SolveJob:
    services = api.services
    stopping = (stop or threading.Event()).is_set
    return SolveJob(services.settings, services.plant, services.database, solver, stopping)


@contextmanager
def at_work(api: RunningApi, solver: Solver, solve: Json) -> Iterator[threading.Thread]:
    """A worker at work in a thread of this process."""
    worker = threading.Thread(target=job(api, solver), args=(solve["id"],))
    worker.start()
    try:
        yield worker
    finally:
        worker.join(20)
        assert not worker.is_alive()


def read(api: RunningApi, solve: Json) -> Json:
    answer: Json = api.browser(Role.PLANNER).get(f"/solves/{solve['id']}").json()
    return answer


def abandon(api: RunningApi, solve_id: str) -> None:
    """Let a solve look as one whose worker has been gone for a while."""
    with api.services.database.writing() as session:
        solve = session.get_one(Solve, solve_id)
        solve.status, solve.lease_until = SolveStatus.RUNNING, utc_now() - timedelta(seconds=1)


def test_a_solve_ends_in_a_draft_that_can_be_published(api: RunningApi, run: Json) -> None:
    planner = api.browser(Role.PLANNER)
    solve = asked(api)
    assert (solve["status"], solve["plan"]) == ("queued", None)

    job(api, QuickSolver())(solve["id"])

    ended = read(api, solve)
    assert (ended["status"], ended["message"]) == ("done", None)
    assert ended["progress"]["incumbents"] == len(ended["trajectory"]) == 1
    plan = planner.get(f"/plans/{ended['plan']}").json()
    assert plan["status"] == "draft"
    assert {slot["operation"]["id"] for slot in plan["slots"]} >= {
        each["id"] for each in run["operations"]
    }
    assert plan["kpis"]["operations"] == len(plan["slots"])
    assert plan["kpis"]["makespan_minutes"] > 0
    assert 0 < plan["kpis"]["utilisation_pct"] <= 100
    assert plan["solver"]["objective"] == ended["progress"]["objective"]
    assert publish(planner, plan["id"]).status_code == 200
    assert planner.get(f"/trial-runs/{run['id']}").json()["status"] == "planned"


def test_a_published_plan_is_what_the_next_solve_starts_from(api: RunningApi, run: Json) -> None:
    planner = api.browser(Role.PLANNER)
    solver = QuickSolver()
    first = asked(api)
    job(api, solver)(first["id"])
    publish(planner, read(api, first)["plan"])
    ask(planner, client="nordbeton")

    second = asked(api)
    job(api, solver)(second["id"])

    before, then = solver.problems
    mine = {each["id"] for each in run["operations"]}
    assert not mine & {planned.operation for planned in before.previous}
    assert mine <= {planned.operation for planned in then.previous}
    assert publish(planner, read(api, second)["plan"]).status_code == 200


@pytest.mark.usefixtures("run")
def test_planners_see_how_a_solve_comes_on(api: RunningApi) -> None:
    with api.services.database.reading() as session:
        seen = newest_id(session)
    solve = asked(api)
    job(api, QuickSolver(incumbents=30, pause_s=0.02))(solve["id"])

    with api.services.database.reading() as session:
        told = [event for event in after(session, seen) if event.kind == "solve"]
    assert {event.audience for event in told} == {Audience.PLANNERS}
    statuses = [event.payload["status"] for event in told]
    assert statuses[:2] == ["queued", "running"]
    assert statuses[-1] == "done"
    counts = [event.payload["progress"]["incumbents"] for event in told]
    assert counts == sorted(counts)
    assert counts[-1] == 30
    # Thirty plans in 0.6 s are told in a few events: five a second at most.
    assert 5 <= len(told) <= 8
    trajectory = read(api, solve)["trajectory"]
    assert len(trajectory) == 30
    assert [step["objective"] for step in trajectory] == sorted(
        (step["objective"] for step in trajectory), reverse=True
    )


@pytest.mark.usefixtures("run")
def test_a_cancelled_solve_keeps_its_best_plan(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    solver, solve = PatientSolver(), asked(api)
    with at_work(api, solver, solve):
        assert solver.told.wait(10)
        started = time.monotonic()
        answer = planner.post(f"/solves/{solve['id']}/cancellation")
        assert answer.status_code == 200
        assert answer.json()["status"] == "running"
    waited = time.monotonic() - started

    ended = read(api, solve)
    assert ended["status"] == "cancelled"
    assert planner.get(f"/plans/{ended['plan']}").json()["status"] == "draft"
    assert waited < 3
    assert planner.post(f"/solves/{solve['id']}/cancellation").json()["status"] == "cancelled"


def test_a_solve_cancelled_in_the_queue_never_begins(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    solve = asked(api)

    assert planner.post(f"/solves/{solve['id']}/cancellation").json()["status"] == "cancelled"
    solver = QuickSolver()
    job(api, solver)(solve["id"])

    assert solver.problems == []
    assert read(api, solve)["plan"] is None


def test_one_solve_at_a_time(api: RunningApi) -> None:
    planners = [api.browser(Role.PLANNER) for _ in range(6)]
    with ThreadPoolExecutor(6) as together:
        answers = list(
            together.map(lambda each: each.post("/solves", json={"time_limit_s": 5}), planners)
        )

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 5
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "solve_running"


@pytest.mark.usefixtures("run")
def test_a_solver_whose_process_dies_fails_with_the_reason(api: RunningApi) -> None:
    solve = asked(api)
    with at_work(api, solve_in_child, solve):
        kill_child()

    ended = read(api, solve)
    assert ended["status"] == "failed"
    assert "SIGKILL" in ended["message"]
    assert asked(api)["status"] == "queued"


def kill_child() -> None:
    """Kill the solver's process as soon as there is one."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for child in psutil.Process().children(recursive=True):
            if any("child_main" in word for word in child.cmdline()):
                child.kill()
                return
        time.sleep(0.01)
    pytest.fail("the solver's process did not start")


def spoiled(answer: Answer) -> Answer:
    """Move an operation to where its run is not released."""
    assert answer.plan is not None
    first, *others = answer.plan.operations
    moved = PlannedOperation(first.operation, first.machine, 0, 0, first.end - first.start)
    return replace(answer, plan=Plan((moved, *others)))


@pytest.mark.usefixtures("run")
def test_a_plan_that_breaks_a_rule_is_never_stored(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    before = len(planner.get("/plans").json())
    solve = asked(api)

    job(api, QuickSolver(change=spoiled))(solve["id"])

    ended = read(api, solve)
    assert ended["status"] == "failed"
    assert "breaks" in ended["message"]
    assert ended["plan"] is None
    assert len(planner.get("/plans").json()) == before


def broken(answer: Answer) -> Answer:
    msg = f"no idea what to do with {answer.status}"
    raise ZeroDivisionError(msg)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (broken, "ZeroDivisionError"),
        (lambda answer: replace(answer, plan=None, status=Status.INFEASIBLE), "No plan exists"),
        (lambda answer: replace(answer, plan=None, status=Status.UNKNOWN), "more time"),
    ],
)
def test_a_solve_without_a_plan_says_why(
    api: RunningApi, change: Callable[[Answer], Answer], sentence: str
) -> None:
    solve = asked(api)
    job(api, QuickSolver(change=change))(solve["id"])

    ended = read(api, solve)
    assert ended["status"] == "failed"
    assert sentence in ended["message"]


@pytest.mark.usefixtures("run")
def test_a_worker_that_is_stopped_keeps_the_best_plan(api: RunningApi) -> None:
    stop, solver, solve = threading.Event(), PatientSolver(), asked(api)
    worker = threading.Thread(target=job(api, solver, stop=stop), args=(solve["id"],))
    worker.start()
    assert solver.told.wait(10)
    stop.set()
    worker.join(10)

    ended = read(api, solve)
    assert ended["status"] == "cancelled"
    assert "worker was stopped" in ended["message"]
    assert ended["plan"] is not None


def test_a_solve_whose_worker_is_gone_does_not_run_for_ever(api: RunningApi) -> None:
    solve = asked(api)
    abandon(api, solve["id"])

    assert asked(api)["status"] == "queued"

    ended = read(api, solve)
    assert ended["status"] == "failed"
    assert "worker" in ended["message"]


def test_a_worker_that_comes_back_late_changes_nothing(api: RunningApi, run: Json) -> None:
    """Its lease ran out while it was held up; the solve is over, whatever it has found."""
    del run
    solver, solve = PatientSolver(), asked(api)
    with at_work(api, solver, solve):
        assert solver.told.wait(10)
        abandon(api, solve["id"])
        asked(api)

    ended = read(api, solve)
    assert (ended["status"], ended["plan"]) == ("failed", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"time_limit_s": 0},
        {"time_limit_s": 1e9},
        {"time_limit_s": 5, "workers": 0},
        {"time_limit_s": 5, "publish_when_done": True},
    ],
)
def test_impossible_wishes_are_refused(api: RunningApi, body: Json) -> None:
    assert api.browser(Role.PLANNER).post("/solves", json=body).status_code == 422
