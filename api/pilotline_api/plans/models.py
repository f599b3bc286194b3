"""Tables: plans, their slots, and which plan is published."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pilotline_api.accounts.models import User
from pilotline_api.kit.base import Base, Id, words
from pilotline_api.runs.models import Operation, TrialRun


class PlanStatus(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class PlanVersion(Base):
    """A plan: immutable but for its status.

    Attributes:
        version: 1, 2, 3 … in the order plans were made.
        solver: ``{status, objective, bound, gap_pct, wall_s}`` of the solve that made it.
        kpis: what the plan achieves, see `pilotline_api.plans.kpis`.
    """

    __tablename__ = "plan"

    id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    status: Mapped[PlanStatus] = mapped_column(words(PlanStatus))
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    created_by: Mapped[Id] = mapped_column(ForeignKey("user.id"))
    solver: Mapped[dict[str, Any]] = mapped_column(JSON)
    kpis: Mapped[dict[str, Any]] = mapped_column(JSON)

    creator: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Slot(Base):
    """One operation of a plan: a machine and its times, with the changeover before it.

    Attributes:
        setup_start: when the machine is taken for the changeover; `starts_at` when there is none.
        starts_at, ends_at: start and end of processing, pauses included.
        setup_state: the setup state the machine is in while processing, or None.
    """

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("setup_start <= starts_at AND starts_at < ends_at", name="in_order"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    plan_id: Mapped[Id] = mapped_column(ForeignKey("plan.id"), index=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    run_id: Mapped[Id] = mapped_column(ForeignKey("trial_run.id"), index=True)
    operation_id: Mapped[Id] = mapped_column(ForeignKey("operation.id"), index=True)
    machine: Mapped[str] = mapped_column(String(64))
    setup_start: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    setup_state: Mapped[str | None] = mapped_column(String(64))

    run: Mapped[TrialRun] = relationship(lazy="joined", innerjoin=True)
    operation: Mapped[Operation] = relationship(lazy="joined", innerjoin=True)


class Publication(Base):
    """The one row that says which plan is published; publishing compares and sets it.

    Attributes:
        version: the published plan's version, 0 while there is none.
    """

    __tablename__ = "publication"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    plan_id: Mapped[Id | None] = mapped_column(ForeignKey("plan.id"))
