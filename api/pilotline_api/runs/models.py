"""Tables: trial runs and their operations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pilotline_api.accounts.models import Organisation
from pilotline_api.kit.base import Base, Id


class TrialRun(Base):
    """What a client asks for.

    Attributes:
        organisation_id: the client it is done for.
        requested_by: user id.
        procedure: procedure id in the plant.
        procedure_name: its name when the run was asked for.
        size: scales the steps that scale.
        weight: cost of a minute of tardiness relative to other runs.
        attendance: windows ``[start, end]`` as RFC 3339 text in which the client can be present.
        planned_start, planned_end: by the published plan; None while it has none.
        announced_status: the last status sent as an event.
    """

    __tablename__ = "trial_run"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    requested_by: Mapped[Id] = mapped_column(ForeignKey("user.id"))
    title: Mapped[str] = mapped_column(String(200))
    procedure: Mapped[str] = mapped_column(String(64))
    procedure_name: Mapped[str] = mapped_column(String(200))
    size: Mapped[float]
    release: Mapped[datetime]
    due: Mapped[datetime]
    weight: Mapped[int]
    attendance: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    planned_start: Mapped[datetime | None]
    planned_end: Mapped[datetime | None] = mapped_column(index=True)
    announced_status: Mapped[str] = mapped_column(String(16))

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    operations: Mapped[list["Operation"]] = relationship(
        lazy="raise", order_by="Operation.position", back_populates="run"
    )


class Operation(Base):
    """One step of a trial run, as the procedure said when the run was asked for.

    Attributes:
        step: step id within the procedure.
        position: from 0, in the procedure's order.
        minutes: nominal duration of this run's size on a machine of rate 1.
        pools: ``[pool id, units]`` pairs drawn on while processing.
        after: ``[step id, least minutes, most minutes or null]`` triples.
    """

    __tablename__ = "operation"

    id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id] = mapped_column(ForeignKey("trial_run.id"), index=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"))
    step: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    capability: Mapped[str] = mapped_column(String(64))
    minutes: Mapped[int]
    setup_state: Mapped[str | None] = mapped_column(String(64))
    pools: Mapped[list[Any]] = mapped_column(JSON)
    pausable: Mapped[bool]
    attended: Mapped[bool]
    after: Mapped[list[Any]] = mapped_column(JSON)

    run: Mapped[TrialRun] = relationship(back_populates="operations")
