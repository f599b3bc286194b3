"""Asking for trial runs and cancelling them."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pilotline_api.accounts.models import Organisation
from pilotline_api.accounts.person import Person
from pilotline_api.accounts.repository import organisation_of_client
from pilotline_api.errors import Conflict, FieldError, Unprocessable
from pilotline_api.kit.base import new_id
from pilotline_api.occupancy.service import free_slots
from pilotline_api.runs.announcing import announce
from pilotline_api.runs.attendance import minutes_of, refuse_without_room
from pilotline_api.runs.models import Operation, TrialRun
from pilotline_api.runs.repository import readable_run
from pilotline_api.runs.schemas import RunRequest
from pilotline_api.runs.status import RunStatus, status_of
from pilotline_api.slots.repository import slots_of_runs
from pilotline_plant import Plant, Procedure

FURTHEST = timedelta(days=366)
"""How far ahead a trial run may be asked for."""


def request_run(
    session: Session,
    person: Person,
    plant: Plant,
    request: RunRequest,
    now: datetime,
    *,
    weight: int = 1,
) -> TrialRun:
    """Write a trial run with the operations its procedure has today.

    Raises:
        Unprocessable: the procedure or the client does not exist, the dates lie too far ahead, or
            an attended step fits into none of the attendance windows.
    """
    procedure = plant.procedure_by_id.get(request.procedure)
    if procedure is None:
        message = f"there is no procedure {request.procedure!r}; see GET /procedures"
        raise Unprocessable(
            message, errors=[FieldError("/procedure", "unknown_procedure", message)]
        )
    _refuse_too_far_ahead(request, now)
    refuse_without_room(plant, procedure, request)
    run = TrialRun(
        id=new_id(),
        organisation=organisation_for(session, person, request.client, required=True),
        requested_by=person.id,
        title=request.title,
        procedure=procedure.id,
        procedure_name=procedure.name,
        size=request.size,
        release=request.release,
        due=request.due,
        weight=weight,
        attendance=[window.model_dump(mode="json") for window in request.attendance],
        created_at=now,
        announced_status="",
    )
    run.operations = _operations(run, procedure)
    session.add(run)
    session.flush()
    announce(session, run, now)
    return run


def cancel_run(session: Session, person: Person, run_id: str, now: datetime) -> TrialRun:
    """Cancel a run and give back its machine time; a cancelled run stays as it is.

    Raises:
        NotFound: there is no such run, or it is another organisation's.
        Conflict: ``has_begun``.
    """
    run = readable_run(session, person, run_id, to_change=True)
    status = status_of(run, now)
    if status in {RunStatus.RUNNING, RunStatus.DONE}:
        msg = f"The run is {status}; one that has begun cannot be cancelled."
        raise Conflict(msg, code="has_begun")
    if status is not RunStatus.CANCELLED:
        free_slots(session, [slot.id for slot in slots_of_runs(session, [run.id]).values()])
        run.cancelled_at = now
        run.planned_start = run.planned_end = None
        announce(session, run, now)
    return run


def _refuse_too_far_ahead(request: RunRequest, now: datetime) -> None:
    """Every solve plans until the last run: one far ahead would make all of them slow."""
    for name, instant in (("release", request.release), ("due", request.due)):
        if instant > now + FURTHEST:
            message = f"{name} lies more than {FURTHEST.days} days ahead; ask again later"
            raise Unprocessable(message, errors=[FieldError(f"/{name}", "too_far", message)])


def organisation_for(
    session: Session, person: Person, client: str | None, *, required: bool
) -> Organisation:
    """Return whom machine time is asked for.

    Args:
        session: an open session.
        person: who asks.
        client: the client named in the request, if any.
        required: whether staff must name a client; otherwise none means the institute.

    Raises:
        Unprocessable: the client does not exist, is not the customer's own, or is missing.
    """
    own = session.get_one(Organisation, person.organisation)
    if not person.staff:
        if client in {None, own.client}:
            return own
        raise _unknown_client("leave client out: a customer asks for the own company")
    if client is None and required:
        raise _unknown_client("name the client this is for; see GET /clients")
    organisation = own if client is None else organisation_of_client(session, client)
    if organisation is None:
        raise _unknown_client("there is no such client; see GET /clients")
    return organisation


def _unknown_client(message: str) -> Unprocessable:
    return Unprocessable(message, errors=[FieldError("/client", "unknown_client", message)])


def _operations(run: TrialRun, procedure: Procedure) -> list[Operation]:
    return [
        Operation(
            id=new_id(),
            organisation_id=run.organisation.id,
            step=step.id,
            position=position,
            name=step.name,
            capability=step.capability,
            minutes=minutes_of(step, run.size),
            setup_state=step.setup_state,
            pools=[list(pool) for pool in step.pools],
            pausable=step.pausable,
            attended=step.attended,
            after=[[lag.before, lag.min_minutes, lag.max_minutes] for lag in step.after],
        )
        for position, step in enumerate(procedure.steps)
    ]
