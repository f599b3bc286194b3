"""The declarative base, its column types and new ids."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import uuid4

from sqlalchemy import DateTime, Dialect, Enum, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


Id = Annotated[str, mapped_column(String(32))]
"""An opaque id, see `new_id`."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware and in UTC on both sides; naive datetimes are refused.

    SQLite has no zones, so there it is the UTC wall time, which sorts and compares as text.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC as the database takes it."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive datetime {value!r}: an instant needs a time zone"
            raise ValueError(msg)
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored instant, aware and in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def words(enumeration: type[StrEnum]) -> Enum:
    """Return the column type of an enumeration: its values as text."""
    return Enum(
        enumeration,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [str(member) for member in members],
    )


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy reads a plain dict


def new_id() -> str:
    """Return a fresh opaque id that tells nothing about how many there are."""
    return uuid4().hex


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)
