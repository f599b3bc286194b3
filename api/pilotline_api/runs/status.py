"""How far a trial run has come; it follows from the clock, so it is never stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_

from pilotline_api.runs.models import TrialRun


class RunStatus(StrEnum):
    """How far a trial run has come."""

    REQUESTED = "requested"
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


def status_of(run: TrialRun, now: datetime) -> RunStatus:
    """Return a run's status by the published plan's times."""
    if run.cancelled_at is not None:
        return RunStatus.CANCELLED
    if run.planned_start is None or run.planned_end is None:
        return RunStatus.REQUESTED
    if now < run.planned_start:
        return RunStatus.PLANNED
    return RunStatus.RUNNING if now < run.planned_end else RunStatus.DONE


def has_status(status: RunStatus, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `TrialRun` that `status_of` gives `status`."""
    standing = TrialRun.cancelled_at.is_(None)
    conditions = {
        RunStatus.CANCELLED: TrialRun.cancelled_at.is_not(None),
        RunStatus.REQUESTED: and_(standing, TrialRun.planned_start.is_(None)),
        RunStatus.PLANNED: and_(standing, TrialRun.planned_start > now),
        RunStatus.RUNNING: and_(
            standing, TrialRun.planned_start <= now, TrialRun.planned_end > now
        ),
        RunStatus.DONE: and_(standing, TrialRun.planned_end <= now),
    }
    return conditions[status]


def is_open(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a run still needs machine time: asked for, planned or running."""
    return and_(
        TrialRun.cancelled_at.is_(None),
        TrialRun.planned_end.is_(None) | (TrialRun.planned_end > now),
    )
