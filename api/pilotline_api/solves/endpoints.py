"""Solves: ask the optimiser, follow it, stop it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from pilotline_api.accounts.access import PlannerNeeded, ReadSession, WriteSession
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.pagination import Limit
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import ServicesNeeded
from pilotline_api.solves import service
from pilotline_api.solves.queue import SolveQueue
from pilotline_api.solves.schemas import (
    SolveRequest,
    SolveView,
    SolveWithTrajectoryView,
    incumbent_view,
    solve_view,
)

router = APIRouter(tags=["solves"])


def _queue(request: Request) -> SolveQueue:
    queue = request.app.state.solve_queue
    assert isinstance(queue, SolveQueue)  # noqa: S101 - Starlette's state is untyped
    return queue


@router.post("/solves", summary="Ask for a plan", status_code=status.HTTP_202_ACCEPTED)
def request_solve(
    request: SolveRequest,
    person: PlannerNeeded,
    services: ServicesNeeded,
    queue: Annotated[SolveQueue, Depends(_queue)],
) -> SolveView:
    """Queue a solve; 409 ``solve_running`` while another one is queued or running."""
    now = utc_now()
    service.end_abandoned(services.database, now)
    with services.database.writing(person.scope) as session:
        solve = service.request_solve(session, person.id, request, now)
        view = solve_view(solve, now)
    # Only after the commit: a worker that is woken earlier finds nothing.
    queue.ask(view.id)
    return view


@router.get("/solves", summary="Solves, newest first")
def list_solves(_person: PlannerNeeded, session: ReadSession, limit: Limit = 50) -> list[SolveView]:
    """Return solves without their trajectories."""
    now = utc_now()
    return [solve_view(solve, now) for solve in service.newest_solves(session, limit)]


@router.get("/solves/{solve_id}", summary="One solve with its trajectory")
def read_solve(
    solve_id: ObjectId, _person: PlannerNeeded, session: ReadSession
) -> SolveWithTrajectoryView:
    """Return a solve and the way it took."""
    view = solve_view(service.solve_of(session, solve_id), utc_now())
    steps = [incumbent_view(each) for each in service.trajectory(session, solve_id)]
    return SolveWithTrajectoryView(**view.model_dump(), trajectory=steps)


@router.post("/solves/{solve_id}/cancellation", summary="Stop a solve")
def cancel_solve(solve_id: ObjectId, _person: PlannerNeeded, session: WriteSession) -> SolveView:
    """Stop a solve; its best plan so far is kept as a draft."""
    now = utc_now()
    return solve_view(service.cancel_solve(session, solve_id, now), now)
