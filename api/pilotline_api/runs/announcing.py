"""Tells open pages how far trial runs have come."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pilotline_api.kit.events import Audience, publish
from pilotline_api.runs.models import TrialRun
from pilotline_api.runs.status import RunStatus, has_status, status_of


def announce(session: Session, run: TrialRun, now: datetime) -> None:
    """Write a ``run`` event when a run's status is not the one told last."""
    status = status_of(run, now)
    if run.announced_status == status:
        return
    run.announced_status = status
    publish(
        session,
        "run",
        {"id": run.id, "status": status},
        audience=Audience.ORGANISATION,
        organisation=run.organisation_id,
    )


def announce_by_clock(session: Session, now: datetime) -> None:
    """Announce the runs that began or ended since the last call."""
    due = or_(
        *(
            has_status(status, now) & (TrialRun.announced_status != status)
            for status in (RunStatus.RUNNING, RunStatus.DONE)
        )
    )
    for run in session.scalars(select(TrialRun).where(due)):
        announce(session, run, now)
