"""The demo: fresh logins at each start, a line full of work once, and a first plan."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from pilotline_api.accounts.models import Role
from pilotline_api.accounts.service import sign_in
from pilotline_api.demo.seeding import Seeded, seed_demo
from pilotline_api.errors import NotSignedIn
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.plans.models import PlanStatus
from pilotline_api.plans.problem_building import build_case
from pilotline_api.plans.repository import published_plan
from pilotline_api.runs.models import TrialRun
from pilotline_api.settings import Settings
from pilotline_api.solves.job import SolveJob
from pilotline_api.solves.models import Solve
from pilotline_plant import Plant
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from pilotline_scheduler.problem.validation import validate
from tests.api.solves.solvers import QuickSolver

pytestmark = pytest.mark.usefixtures("cheap_hashes")

LINE = example_plant("taastrup")


@pytest.fixture(scope="module")
def plant() -> Plant:
    return read_plant(LINE)


def seeded(data: Path, plant: Plant, solve_s: float | None = None) -> tuple[Database, Seeded]:
    settings = Settings(plant=LINE, data=data)
    database = Database(settings.database)
    return database, seed_demo(settings, plant, database, solve_s=solve_s)


def test_there_is_someone_of_each_role_and_two_customers(tmp_path: Path, plant: Plant) -> None:
    database, made = seeded(tmp_path, plant)
    with closing(database):
        for login in made.logins:
            person, _ = sign_in(database, login.person.email, login.password, utc_now())
            assert person == login.person

    roles = Counter(login.person.role for login in made.logins)
    assert roles == {Role.OPERATOR: 1, Role.PLANNER: 1, Role.ENGINEER: 1, Role.CUSTOMER: 2}
    customers = {login.person.client for login in made.logins if not login.person.staff}
    assert len(customers) == 2
    assert any(set(wall.clients) == customers for wall in plant.walls)


def test_the_next_start_makes_new_passwords_and_no_new_work(tmp_path: Path, plant: Plant) -> None:
    database, first = seeded(tmp_path, plant)
    database.close()
    database, second = seeded(tmp_path, plant)
    with closing(database):
        old = first.logins[0]
        with pytest.raises(NotSignedIn):
            sign_in(database, old.person.email, old.password, utc_now())
        with database.reading() as session:
            assert len(session.scalars(select(TrialRun.id)).all()) == first.runs

    assert (first.runs, second.runs) == (60, 0)
    passwords = {login.password for made in (first, second) for login in made.logins}
    assert len(passwords) == 10


def test_the_work_holds_every_kind_of_constraint(tmp_path: Path, plant: Plant) -> None:
    database, _ = seeded(tmp_path, plant)
    with closing(database), database.reading() as session:
        settings = Settings(plant=LINE, data=tmp_path)
        problem = build_case(
            session,
            plant,
            now=utc_now(),
            frozen_horizon=settings.frozen_horizon,
            planning_horizon=settings.planning_horizon,
            lead=settings.frozen_horizon,
        ).problem
    validate(problem)
    operations = [operation for run in problem.runs for operation in run.operations]
    lags = [lag for run in problem.runs for lag in run.lags]

    assert len(operations) > 200
    assert any(len(operation.modes) > 1 for operation in operations)
    assert any(mode.demands for operation in operations for mode in operation.modes)
    assert any(operation.pausable for operation in operations)
    assert any(operation.setup_state for operation in operations)
    assert any(
        operation.attended and run.attendance
        for run in problem.runs
        for operation in run.operations
    )
    assert any(lag.minimum for lag in lags)
    assert any(lag.maximum == 0 for lag in lags)
    assert any(lag.maximum for lag in lags)
    assert any(run.release for run in problem.runs)
    clients = {run.client for run in problem.runs}
    assert any(clients >= set(wall.clients) for wall in problem.walls)
    assert len({run.weight for run in problem.runs}) > 1


def test_a_first_plan_is_made_and_published_and_no_second(tmp_path: Path, plant: Plant) -> None:
    database, made = seeded(tmp_path, plant, solve_s=5)
    settings = Settings(plant=LINE, data=tmp_path)
    with closing(database):
        assert made.solve is not None
        SolveJob(settings, plant, database, QuickSolver(), lambda: False)(made.solve)
        with database.reading() as session:
            solve = session.get_one(Solve, made.solve)
            plan = published_plan(session)
            assert solve.status == "done", solve.message
            assert plan is not None
            assert plan.status is PlanStatus.PUBLISHED
            assert plan.kpis["runs"] == 60
        again = seed_demo(settings, plant, database, solve_s=5)

    assert again.solve is None


def pilotline(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pilotline", "api", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_command_prints_logins_as_one_json_object(tmp_path: Path) -> None:
    words = ["--plant", str(example_plant("bench")), "--data", str(tmp_path), "--json"]

    done = pilotline("demo", *words, "--solve-seconds", "5")

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {login["role"] for login in answer["logins"]} >= {"operator", "planner", "customer"}
    assert answer["logins"][0].keys() == {"role", "organisation", "email", "password"}
    assert answer["trial_runs"] > 0
    assert answer["solve"]


def test_users_are_made_from_the_command_line(tmp_path: Path) -> None:
    words = ["kim@nordbeton.example", "--name", "Kim", "--role", "customer"]
    where = ["--plant", str(example_plant("bench")), "--data", str(tmp_path)]

    made = pilotline(
        "create-user",
        *words,
        *where,
        "--client",
        "nordbeton",
        PILOTLINE_PASSWORD="a long enough one",
    )

    assert made.returncode == 0, made.stderr
    with closing(Database(f"sqlite:///{tmp_path}/pilotline.sqlite")) as database:
        person, _ = sign_in(database, "Kim@Nordbeton.example", "a long enough one", utc_now())
    assert (person.role, person.client) == (Role.CUSTOMER, "nordbeton")


def test_a_plant_file_with_mistakes_is_told_by_line_and_nothing_starts(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text('name = "Broken"\nmachines = 3\n')

    done = pilotline("serve", "--plant", str(file), "--data", str(tmp_path / "data"))

    assert done.returncode == 1
    assert "plant.toml:2" in done.stderr
    assert "Traceback" not in done.stderr
