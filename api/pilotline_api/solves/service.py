"""Asking for solves, cancelling them, and ending those whose worker is gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pilotline_api.errors import Conflict, NotFound
from pilotline_api.kit.base import new_id
from pilotline_api.kit.database import Database
from pilotline_api.kit.events import Audience, publish
from pilotline_api.solves.models import Solve, SolveIncumbent, SolveStatus
from pilotline_api.solves.schemas import SolveRequest, solve_view

LEASE = timedelta(seconds=20)
"""How long a solve counts as running after its worker was last heard of."""


def request_solve(
    session: Session,
    requested_by: str,
    request: SolveRequest,
    now: datetime,
    *,
    publish_when_done: bool = False,
) -> Solve:
    """Write a queued solve.

    Args:
        session: a writing session.
        requested_by: user id.
        request: what to ask the optimiser.
        now: the present instant.
        publish_when_done: publish its plan if nothing has been published by then.

    Raises:
        Conflict: ``solve_running``; another one is queued or running.
    """
    solve = Solve(
        id=new_id(),
        status=SolveStatus.QUEUED,
        active=True,
        title=request.title or f"Plan of {now:%Y-%m-%d %H:%M} UTC",
        requested_by=requested_by,
        created_at=now,
        time_limit_s=request.time_limit_s,
        workers=request.workers,
        seed=0,
        publish_when_done=publish_when_done,
        wall_s=0.0,
        incumbents=0,
    )
    session.add(solve)
    try:
        session.flush()
    except IntegrityError as error:
        msg = "Another solve is queued or running; wait for its end or cancel it."
        raise Conflict(msg, code="solve_running") from error
    tell(session, solve, now)
    return solve


def cancel_solve(session: Session, solve_id: str, now: datetime) -> Solve:
    """Ask a running solve to stop and keep its best plan; end a queued one at once.

    Raises:
        NotFound: there is no such solve.
    """
    solve = solve_of(session, solve_id, to_change=True)
    if solve.status is SolveStatus.QUEUED:
        end(session, solve, SolveStatus.CANCELLED, now, message="Cancelled before it began.")
    elif solve.status is SolveStatus.RUNNING and solve.cancel_requested_at is None:
        solve.cancel_requested_at = now
        session.flush()
    return solve


def solve_of(session: Session, solve_id: str, *, to_change: bool = False) -> Solve:
    """Return a solve; `to_change` keeps others from changing it.

    Raises:
        NotFound: there is none with this id.
    """
    statement = select(Solve).where(Solve.id == solve_id)
    if to_change:
        statement = statement.with_for_update(of=Solve)
    solve = session.scalar(statement)
    if solve is None:
        raise NotFound
    return solve


def newest_solves(session: Session, limit: int) -> Sequence[Solve]:
    """Return solves, newest first."""
    newest_first = (Solve.created_at.desc(), Solve.id.desc())
    return session.scalars(select(Solve).order_by(*newest_first).limit(limit)).all()


def trajectory(session: Session, solve_id: str) -> Sequence[SolveIncumbent]:
    """Return a solve's incumbents in order."""
    return session.scalars(
        select(SolveIncumbent)
        .where(SolveIncumbent.solve_id == solve_id)
        .order_by(SolveIncumbent.number)
    ).all()


def queued_solves(session: Session) -> Sequence[str]:
    """Return the ids of solves that wait for a worker."""
    return session.scalars(select(Solve.id).where(Solve.status == SolveStatus.QUEUED)).all()


def end(
    session: Session,
    solve: Solve,
    status: SolveStatus,
    now: datetime,
    *,
    message: str | None = None,
) -> None:
    """Write a solve's end and tell planners."""
    solve.status, solve.active = status, None
    solve.ended_at, solve.lease_until = now, None
    solve.message = message[:2000] if message else None
    session.flush()
    tell(session, solve, now)


def end_abandoned(database: Database, now: datetime) -> None:
    """Mark solves as failed whose worker has let the lease run out."""
    abandoned = select(Solve).where(Solve.status == SolveStatus.RUNNING, Solve.lease_until < now)
    with database.reading() as session:
        if session.scalar(abandoned.limit(1)) is None:
            return
    with database.writing() as session:
        for solve in session.scalars(abandoned.with_for_update(of=Solve)):
            msg = "The worker that ran this solve is gone; start it again."
            end(session, solve, SolveStatus.FAILED, now, message=msg)


def tell(session: Session, solve: Solve, now: datetime) -> None:
    """Write a ``solve`` event."""
    payload = solve_view(solve, now).model_dump(mode="json")
    publish(session, "solve", payload, audience=Audience.PLANNERS)
