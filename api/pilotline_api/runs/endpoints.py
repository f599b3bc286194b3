"""Trial runs: ask, list, read, cancel."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from sqlalchemy.orm import Session

from pilotline_api.accounts.access import BookerNeeded, CurrentPerson, ReadSession, WriteSession
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.idempotency import IdempotencyKey, once
from pilotline_api.kit.pagination import After, Limit, cursor, position
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import PlantNeeded
from pilotline_api.runs import service
from pilotline_api.runs.models import TrialRun
from pilotline_api.runs.repository import readable_run, readable_runs
from pilotline_api.runs.schemas import RunPage, RunRequest, RunView, run_view
from pilotline_api.runs.status import RunStatus
from pilotline_api.slots.repository import slots_of_runs
from pilotline_plant import Plant

router = APIRouter(tags=["trial runs"])

StatusFilter = Annotated[RunStatus | None, Query(alias="status")]


@router.get("/trial-runs", summary="Trial runs, newest first")
def list_runs(
    person: CurrentPerson,
    session: ReadSession,
    plant: PlantNeeded,
    run_status: StatusFilter = None,
    limit: Limit = 50,
    after: After = None,
) -> RunPage:
    """Return a page of trial runs; a customer sees own ones."""
    now = utc_now()
    found = readable_runs(
        session, person, status=run_status, after=position(after), limit=limit + 1, now=now
    )
    page = found[:limit]
    slots = slots_of_runs(session, [run.id for run in page])
    return RunPage(
        items=[run_view(run, slots, plant, now) for run in page],
        next=cursor(page[-1].created_at, page[-1].id) if len(found) > limit else None,
    )


@router.post("/trial-runs", summary="Ask for a trial run", status_code=status.HTTP_201_CREATED)
def request_run(
    request: RunRequest,
    person: BookerNeeded,
    session: WriteSession,
    plant: PlantNeeded,
    idempotency_key: IdempotencyKey = None,
) -> RunView:
    """Ask for a trial run; a repeated Idempotency-Key asks once."""

    def effect() -> RunView:
        run = service.request_run(session, person, plant, request, utc_now())
        return _view(session, run, plant)

    return once(
        session,
        user_id=person.id,
        key=idempotency_key,
        operation="POST /trial-runs",
        body=request,
        answer_type=RunView,
        effect=effect,
    )


@router.get("/trial-runs/{run_id}", summary="One trial run")
def read_run(
    run_id: ObjectId, person: CurrentPerson, session: ReadSession, plant: PlantNeeded
) -> RunView:
    """Return a trial run."""
    return _view(session, readable_run(session, person, run_id), plant)


@router.post("/trial-runs/{run_id}/cancellation", summary="Cancel a trial run")
def cancel_run(
    run_id: ObjectId, person: BookerNeeded, session: WriteSession, plant: PlantNeeded
) -> RunView:
    """Cancel a trial run that has not begun."""
    return _view(session, service.cancel_run(session, person, run_id, utc_now()), plant)


def _view(session: Session, run: TrialRun, plant: Plant) -> RunView:
    return run_view(run, slots_of_runs(session, [run.id]), plant, utc_now())
