"""Tables: solves and their incumbents."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pilotline_api.accounts.models import User
from pilotline_api.kit.base import Base, Id, words


class SolveStatus(StrEnum):
    """Where a solve stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Solve(Base):
    """One run of the optimiser.

    Attributes:
        active: True while queued or running, else None; unique, so there is one at a time.
        publish_when_done: publish the plan if nothing has been published by then.
        cancel_requested_at: when somebody asked to stop.
        lease_until: the worker renews it; past it, the worker is gone.
        objective, bound, gap_pct: of the newest incumbent, first priority level.
    """

    __tablename__ = "solve"

    id: Mapped[Id] = mapped_column(primary_key=True)
    status: Mapped[SolveStatus] = mapped_column(words(SolveStatus))
    active: Mapped[bool | None] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(String(200))
    requested_by: Mapped[Id] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    time_limit_s: Mapped[float]
    workers: Mapped[int | None]
    seed: Mapped[int]
    publish_when_done: Mapped[bool]
    cancel_requested_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    wall_s: Mapped[float]
    objective: Mapped[int | None] = mapped_column(BigInteger)
    bound: Mapped[int | None] = mapped_column(BigInteger)
    gap_pct: Mapped[float | None]
    incumbents: Mapped[int]
    plan_id: Mapped[Id | None] = mapped_column(ForeignKey("plan.id"))
    message: Mapped[str | None] = mapped_column(String(2000))

    requester: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SolveIncumbent(Base):
    """One better plan found on the way."""

    __tablename__ = "solve_incumbent"

    solve_id: Mapped[Id] = mapped_column(
        ForeignKey("solve.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    wall_s: Mapped[float]
    objective: Mapped[int] = mapped_column(BigInteger)
    bound: Mapped[int | None] = mapped_column(BigInteger)
