"""Queries over trial runs."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session, selectinload

from pilotline_api.accounts.person import Person
from pilotline_api.accounts.tenancy import readable_by
from pilotline_api.errors import NotFound
from pilotline_api.kit.pagination import Position
from pilotline_api.runs.models import TrialRun
from pilotline_api.runs.status import RunStatus, has_status, is_open


def readable_runs(
    session: Session,
    person: Person,
    *,
    status: RunStatus | None,
    after: Position | None,
    limit: int,
    now: datetime,
) -> Sequence[TrialRun]:
    """Return at most `limit` of the person's runs after a position, newest first."""
    statement = _with_operations().where(readable_by(person, TrialRun.organisation_id))
    if status is not None:
        statement = statement.where(has_status(status, now))
    if after is not None:
        statement = statement.where(tuple_(TrialRun.created_at, TrialRun.id) < (after.at, after.id))
    newest_first = (TrialRun.created_at.desc(), TrialRun.id.desc())
    return session.scalars(statement.order_by(*newest_first).limit(limit)).all()


def readable_run(
    session: Session, person: Person, run_id: str, *, to_change: bool = False
) -> TrialRun:
    """Return a run that is the person's to see; `to_change` keeps others from changing it.

    Raises:
        NotFound: there is none, or it is another organisation's.
    """
    statement = _with_operations().where(
        readable_by(person, TrialRun.organisation_id), TrialRun.id == run_id
    )
    if to_change:
        statement = statement.with_for_update(of=TrialRun)
    run = session.scalar(statement)
    if run is None:
        raise NotFound
    return run


def open_runs(session: Session, now: datetime) -> Sequence[TrialRun]:
    """Return every run that still needs machine time, oldest first, of all organisations."""
    statement = _with_operations().where(is_open(now)).order_by(TrialRun.created_at, TrialRun.id)
    return session.scalars(statement).all()


def _with_operations() -> Select[TrialRun]:
    return select(TrialRun).options(selectinload(TrialRun.operations))
