"""Trial runs and plans for the tests, on the bench of three machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select

from pilotline_api.accounts.models import Role, User
from pilotline_api.kit.base import new_id, utc_now
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.comparison import UNITS
from pilotline_api.plans.models import PlanStatus, PlanVersion, Slot
from pilotline_api.plans.repository import next_version
from pilotline_api.runs.models import Operation, TrialRun
from tests.api.live.running import RunningApi

Json = dict[str, Any]

NEXT_WEEK = utc_now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=7)
"""A moment ahead on which tests build; its weekday does not matter to them."""


@dataclass(frozen=True)
class Placed:
    """Where a test's plan puts an operation."""

    operation: str
    machine: str
    start: datetime
    minutes: int = 30
    setup_minutes: int = 0


def at(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def request(**changes: object) -> Json:
    """The body of a trial run that the bench takes."""
    return {
        "title": "Prisms with slag",
        "procedure": "mortar-prisms",
        "size": 1.0,
        "release": at(NEXT_WEEK),
        "due": at(NEXT_WEEK + timedelta(days=5)),
        **changes,
    }


def ask(browser: httpx.Client, **changes: object) -> Json:
    """Ask for a trial run."""
    answer = browser.post("/trial-runs", json=request(**changes))
    assert answer.status_code == 201, answer.text
    run: Json = answer.json()
    return run


def book(browser: httpx.Client, **changes: object) -> httpx.Response:
    """Book an hour of the mixer."""
    body = {
        "machine": "mixer-1",
        "start": at(NEXT_WEEK),
        "end": at(NEXT_WEEK + timedelta(hours=1)),
        "title": "Own mixing",
        **changes,
    }
    return browser.post("/bookings", json=body)


def draft(api: RunningApi, placed: Sequence[Placed], status: str = "feasible") -> str:
    """Write a draft as the worker would, and return its id."""
    api.sign_in(Role.PLANNER)
    with api.services.database.writing() as session:
        operations = {each.operation: session.get_one(Operation, each.operation) for each in placed}
        plan = PlanVersion(
            id=new_id(),
            version=next_version(session),
            status=PlanStatus.DRAFT,
            title="Draft of a test",
            created_at=utc_now(),
            created_by=_someone(api),
            solver={
                "status": status,
                "objective": 10,
                "bound": 5,
                "gap_pct": 50.0,
                "wall_s": 1.5,
            },
            kpis=dict.fromkeys(UNITS, 0) | {"operations": len(placed)},
        )
        session.add(plan)
        session.flush()
        for each in placed:
            operation = operations[each.operation]
            session.add(
                Slot(
                    id=new_id(),
                    plan_id=plan.id,
                    organisation_id=operation.organisation_id,
                    run_id=operation.run_id,
                    operation_id=operation.id,
                    machine=each.machine,
                    setup_start=each.start - timedelta(minutes=each.setup_minutes),
                    starts_at=each.start,
                    ends_at=each.start + timedelta(minutes=each.minutes),
                    setup_state=operation.setup_state,
                )
            )
        return plan.id


def spread(run: Json, start: datetime, minutes: int = 30) -> list[Placed]:
    """A run's operations one after the other, each on the bench's machine for it."""
    machines = {"mixing": "mixer-1", "curing": "oven-1", "drying": "oven-1", "milling": "mill-1"}
    return [
        Placed(
            operation["id"],
            machines[operation["capability"]],
            start + timedelta(minutes=minutes * number),
            minutes,
        )
        for number, operation in enumerate(run["operations"])
    ]


def published_version(planner: httpx.Client) -> int:
    """The version that is published, or 0."""
    answer = planner.get("/plans/published")
    return int(answer.json()["version"]) if answer.status_code == 200 else 0


def publish(planner: httpx.Client, plan: str) -> httpx.Response:
    """Publish a plan, compared with what is published now."""
    version = published_version(planner)
    return planner.post(f"/plans/{plan}/publication", headers={"If-Match": f'"{version}"'})


def move_into_the_past(api: RunningApi, run: Json, by: timedelta) -> None:
    """Let a planned run have been earlier than it was."""
    with api.services.database.writing() as session:
        row = session.get_one(TrialRun, run["id"])
        assert row.planned_start is not None
        assert row.planned_end is not None
        row.planned_start, row.planned_end = row.planned_start - by, row.planned_end - by
        for slot in session.scalars(select(Slot).where(Slot.run_id == run["id"])):
            slot.setup_start -= by
            slot.starts_at -= by
            slot.ends_at -= by
            for taken in session.scalars(select(Occupancy).where(Occupancy.slot_id == slot.id)):
                taken.starts_at -= by
                taken.ends_at -= by


def _someone(api: RunningApi) -> str:
    with api.services.database.reading() as session:
        user = session.scalar(select(User.id).limit(1))
    assert user is not None
    return user
