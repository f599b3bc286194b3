"""Table: occupied machine time, guarded by the database itself against any overlap."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from pilotline_api.kit.base import Base, Id


class Occupancy(Base):
    """A half-open interval of one machine's time that a booking or a published slot takes.

    It names nobody, so that a customer's query for busy time cannot say who is busy. Overlaps are
    refused by triggers on SQLite and by an exclusion constraint on PostgreSQL: see the migration.
    """

    __tablename__ = "occupancy"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("(booking_id IS NULL) <> (slot_id IS NULL)", name="one_reason"),
        Index(None, "machine", "starts_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    machine: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    booking_id: Mapped[Id | None] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), unique=True
    )
    slot_id: Mapped[Id | None] = mapped_column(
        ForeignKey("slot.id", ondelete="CASCADE"), unique=True
    )
