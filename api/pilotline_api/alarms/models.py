"""Table of alarms."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pilotline_api.kit.base import Base, Id, words


class Severity(StrEnum):
    """How soon someone must act."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Alarm(Base):
    """One time that a condition held, from its rise to its end (IEC 62682).

    A condition that comes back makes a new alarm. Who acknowledged is kept by id and name, so that
    it can be read after the user is gone.

    Attributes:
        machine: machine id.
        tag: tag id, or None where the whole machine is meant.
        open_key: names the condition while it holds, None once it is over; unique, so a condition
            cannot be open twice whoever writes.
        severity: how soon someone must act.
        message: what a person reads.
        value: the value that raised it, in the tag's unit.
        limit: the limit it met, in the tag's unit.
        raised_at: when the API saw the condition begin.
        cleared_at: when the API saw it end.
        acknowledged_at: when someone took note of it.
        acknowledged_by_id: who did.
        acknowledged_by_name: that person's name then.
        comment: what that person wrote.
    """

    __tablename__ = "alarm"
    __table_args__ = (
        Index(None, "raised_at", "id"),
        Index(None, "machine", "raised_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    machine: Mapped[str] = mapped_column(String(128))
    tag: Mapped[str | None] = mapped_column(String(128))
    open_key: Mapped[str | None] = mapped_column(String(300), unique=True)
    severity: Mapped[Severity] = mapped_column(words(Severity))
    message: Mapped[str] = mapped_column(String(500))
    value: Mapped[float | None]
    limit: Mapped[float | None]
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[Id | None]
    acknowledged_by_name: Mapped[str | None] = mapped_column(String(200))
    comment: Mapped[str | None] = mapped_column(String(500))
