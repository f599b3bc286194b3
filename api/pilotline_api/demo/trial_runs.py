"""Demo trial runs: drawn from the plant's procedures, the same for the same seed."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from pilotline_api.accounts.person import Person
from pilotline_api.errors import Unprocessable
from pilotline_api.runs.models import TrialRun
from pilotline_api.runs.schemas import AttendanceWindow, RunRequest
from pilotline_api.runs.service import request_run
from pilotline_plant import Client, Plant, Procedure

RUNS_PER_MACHINE = 2.5
"""Fills a line's machines for two to three weeks: 60 runs on 24 machines."""

_SIZES = (0.5, 0.75, 1.0, 1.0, 1.0, 1.25)
_WEIGHTS = (1, 1, 1, 2, 3)
_ATTENDED_SHARE = 0.5
_RELEASED_WITHIN = timedelta(days=9)
_ATTENDANCE = timedelta(days=35)
_PRESENT_FROM_H, _PRESENT_TO_H = 8, 17
_CLIENTS_PER_PROCEDURE = 3


def ask_for_runs(
    session: Session, planner: Person, plant: Plant, now: datetime, *, seed: int = 1
) -> int:
    """Ask for the demo's trial runs, unless there are trial runs already; return how many."""
    if session.scalar(select(TrialRun.id).limit(1)) is not None or not plant.procedures:
        return 0
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    clients = {
        procedure.id: chance.sample(plant.clients, min(_CLIENTS_PER_PROCEDURE, len(plant.clients)))
        for procedure in plant.procedures
    }
    count = round(RUNS_PER_MACHINE * len(plant.machines))
    for number, procedure in enumerate(_drawn(chance, plant.procedures, count), start=1):
        client = chance.choice(clients[procedure.id])
        request = _request(chance, plant, procedure, client, number, now)
        weight = chance.choice(_WEIGHTS)
        _ask(session, planner, plant, request, now, weight)
    return count


def _ask(
    session: Session,
    planner: Person,
    plant: Plant,
    request: RunRequest,
    now: datetime,
    weight: int,
) -> None:
    try:
        request_run(session, planner, plant, request, now, weight=weight)
    except Unprocessable:
        # The client's windows leave no room on this plant's machines: somebody stands in for them.
        alone = request.model_copy(update={"attendance": []})
        request_run(session, planner, plant, alone, now, weight=weight)


def _drawn(
    chance: random.Random, procedures: Sequence[Procedure], count: int
) -> Sequence[Procedure]:
    """Return every procedure at least once, then more of those with many steps."""
    once = list(procedures)[:count]
    chance.shuffle(once)
    steps = [len(procedure.steps) for procedure in procedures]
    return [*once, *chance.choices(procedures, steps, k=count - len(once))]


def _request(
    chance: random.Random,
    plant: Plant,
    procedure: Procedure,
    client: Client,
    number: int,
    now: datetime,
) -> RunRequest:
    release = now.replace(minute=0, second=0, microsecond=0) + chance.random() * _RELEASED_WITHIN
    release = release.replace(minute=0, second=0, microsecond=0)
    size = chance.choice(_SIZES)
    work = timedelta(minutes=size * sum(step.minutes for step in procedure.steps))
    waits = timedelta(
        minutes=sum(lag.min_minutes for step in procedure.steps for lag in step.after)
    )
    slack = timedelta(days=chance.uniform(2, 12)) + work * chance.uniform(2, 5)
    attended = chance.random() < _ATTENDED_SHARE
    return RunRequest(
        title=f"{procedure.name} {number:02}",
        procedure=procedure.id,
        size=size,
        release=release,
        due=release + waits + slack,
        attendance=_office_hours(plant, procedure, release) if attended else [],
        client=client.id,
    )


def _office_hours(plant: Plant, procedure: Procedure, release: datetime) -> list[AttendanceWindow]:
    """Return working days from the release on, local to where the attended step is done."""
    step = next((step for step in procedure.steps if step.attended), procedure.steps[0])
    able = plant.machines_able(step.capability)
    zone = ZoneInfo(plant.site_by_id[able[0].site].time_zone) if able else ZoneInfo("UTC")
    first = release.astimezone(zone).replace(minute=0)
    days = (first + timedelta(days=day) for day in range(_ATTENDANCE.days))
    return [
        AttendanceWindow(
            start=day.replace(hour=_PRESENT_FROM_H), end=day.replace(hour=_PRESENT_TO_H)
        )
        for day in days
        if day.isoweekday() <= 5
    ]
