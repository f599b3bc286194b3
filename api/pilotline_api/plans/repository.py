"""Queries over plans."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pilotline_api.errors import NotFound
from pilotline_api.plans.models import PlanVersion, Publication, Slot


def newest_plans(session: Session, limit: int) -> Sequence[PlanVersion]:
    """Return plans, newest first."""
    statement = select(PlanVersion).order_by(PlanVersion.version.desc()).limit(limit)
    return session.scalars(statement).all()


def plan_of(session: Session, plan_id: str) -> PlanVersion:
    """Return a plan.

    Raises:
        NotFound: there is none with this id.
    """
    plan = session.get(PlanVersion, plan_id)
    if plan is None:
        raise NotFound
    return plan


def published_plan(session: Session) -> PlanVersion | None:
    """Return the published plan, or None while there is none."""
    return session.scalar(
        select(PlanVersion).join(Publication, Publication.plan_id == PlanVersion.id)
    )


def slots_of_plan(session: Session, plan_id: str) -> Sequence[Slot]:
    """Return a plan's slots by machine time."""
    return session.scalars(
        select(Slot)
        .where(Slot.plan_id == plan_id)
        .order_by(Slot.setup_start, Slot.machine, Slot.id)
    ).all()


def next_version(session: Session) -> int:
    """Return the version of the next plan."""
    return (session.scalar(select(func.max(PlanVersion.version))) or 0) + 1
