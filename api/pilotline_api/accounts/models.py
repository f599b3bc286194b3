"""Tables: organisations, users, sessions and calendar feeds."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pilotline_api.kit.base import Base, Id, words


class Role(StrEnum):
    """What a user may do."""

    OPERATOR = "operator"
    PLANNER = "planner"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"
    CUSTOMER = "customer"


STAFF = frozenset(Role) - {Role.CUSTOMER}


class Organisation(Base):
    """The institute, or a customer company.

    Attributes:
        client: the plant's client id, None for the institute.
    """

    __tablename__ = "organisation"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    client: Mapped[str | None] = mapped_column(String(64), unique=True)


class User(Base):
    """A person who signs in.

    Attributes:
        email: lower case; what the person signs in with.
        password_hash: Argon2id, as the library encodes it.
    """

    __tablename__ = "user"

    id: Mapped[Id] = mapped_column(primary_key=True)
    organisation_id: Mapped[Id] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    role: Mapped[Role] = mapped_column(words(Role))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class SignInSession(Base):
    """A signed-in browser; the cookie holds the token, the table only its SHA-256."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class CalendarFeed(Base):
    """A user's iCalendar address; the table holds only the SHA-256 of its secret part."""

    __tablename__ = "calendar_feed"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
