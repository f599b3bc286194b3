"""Slots for the tests: a published operation of a customer's trial run."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import User
from pilotline_api.kit.base import new_id, utc_now
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.models import PlanStatus, PlanVersion, Slot
from pilotline_api.runs.models import Operation, TrialRun
from tests.api.live.running import RunningApi


def published_slot(
    api: RunningApi, organisation: str, machine: str, start: datetime, end: datetime
) -> tuple[str, str]:
    """Write a slot in force and return its id and its operation's."""
    with api.services.database.writing() as session:
        run, operation = _operation(session, organisation)
        slot = Slot(
            id=new_id(),
            plan_id=_plan(session),
            organisation_id=organisation,
            run_id=run.id,
            operation_id=operation.id,
            machine=machine,
            setup_start=start,
            starts_at=start,
            ends_at=end,
            setup_state=None,
        )
        session.add(slot)
        session.flush()
        session.add(Occupancy(machine=machine, starts_at=start, ends_at=end, slot_id=slot.id))
        return slot.id, operation.id


def _someone(session: Session) -> str:
    user = session.scalar(select(User.id).limit(1))
    assert user is not None
    return user


def _plan(session: Session) -> str:
    version = (session.scalar(select(func.max(PlanVersion.version))) or 0) + 1
    plan = PlanVersion(
        id=new_id(),
        version=version,
        status=PlanStatus.PUBLISHED,
        title="Plan",
        created_at=utc_now(),
        published_at=utc_now(),
        created_by=_someone(session),
        solver={},
        kpis={},
    )
    session.add(plan)
    session.flush()
    return plan.id


def _operation(session: Session, organisation: str) -> tuple[TrialRun, Operation]:
    now = utc_now()
    run = TrialRun(
        id=new_id(),
        organisation_id=organisation,
        requested_by=_someone(session),
        title="Trial",
        procedure="mortar-prisms",
        procedure_name="Mortar prisms",
        size=1.0,
        release=now,
        due=now,
        weight=1,
        attendance=[],
        created_at=now,
        announced_status="planned",
    )
    operation = Operation(
        id=new_id(),
        run_id=run.id,
        organisation_id=organisation,
        step="mix",
        position=0,
        name="Mix",
        capability="mixing",
        minutes=40,
        pools=[],
        pausable=False,
        attended=False,
        after=[],
    )
    session.add(run)
    session.flush()
    session.add(operation)
    session.flush()
    return run, operation
