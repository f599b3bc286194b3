"""Seeds the demo into a data directory."""

from dataclasses import dataclass

from pilotline_api.accounts.service import ensure_organisations
from pilotline_api.demo.logins import DemoLogin, make_logins
from pilotline_api.demo.trial_runs import ask_for_runs
from pilotline_api.errors import Conflict
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.migrations import migrate
from pilotline_api.plans.repository import published_plan
from pilotline_api.settings import Settings
from pilotline_api.solves.queue import SolveQueue
from pilotline_api.solves.schemas import SolveRequest
from pilotline_api.solves.service import request_solve
from pilotline_plant import Plant


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the demo has made.

    Attributes:
        logins: who can sign in, with passwords nobody else knows.
        runs: trial runs asked for now; 0 when there were some already.
        solve: id of the solve that was queued, or None.
    """

    logins: tuple[DemoLogin, ...]
    runs: int
    solve: str | None


def seed_demo(
    settings: Settings, plant: Plant, database: Database, *, solve_s: float | None = None
) -> Seeded:
    """Make the demo's logins and, where there are none, its trial runs.

    Args:
        settings: for the queue.
        plant: the plant.
        database: migrated here.
        solve_s: time limit of a first solve that publishes its plan, or None for no solve; nothing
            is solved when a plan has been published.
    """
    migrate(database)
    now = utc_now()
    with database.writing() as session:
        ensure_organisations(session, plant)
        logins = make_logins(session, plant, now)
        planner = next(login.person for login in logins if login.person.plans)
        runs = ask_for_runs(session, planner, plant, now)
    solve = None if solve_s is None else _first_solve(settings, database, planner.id, solve_s)
    return Seeded(tuple(logins), runs, solve)


def _first_solve(
    settings: Settings, database: Database, planner: str, solve_s: float
) -> str | None:
    request = SolveRequest(time_limit_s=solve_s, title="First plan")
    try:
        with database.writing() as session:
            if published_plan(session) is not None:
                return None
            solve = request_solve(session, planner, request, utc_now(), publish_when_done=True)
    except Conflict:
        return None
    SolveQueue(settings.jobs).ask(solve.id)
    return solve.id
