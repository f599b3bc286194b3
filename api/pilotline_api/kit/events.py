"""The event outbox: what changed, written in the transaction that changed it.

The API and the worker are several processes on one database. Whoever changes a plan, a trial run,
a solve or an alarm calls `publish` in the same write transaction; `LiveHub` polls `after` every
200 ms by the last id it has seen and sends the rows on as SSE frames. A rolled-back change leaves
no event, and a crash after the commit loses none.

The table ``event`` holds::

    id            int       grows in commit order on both databases; the poller's cursor
    kind          str       the SSE event name: "plan", "run", "solve", "alarm"
    audience      str       who may get it, see `Audience`
    organisation  str|None  organisation id, for audience "organisation"
    payload       JSON      the SSE data as docs/reference/http.md gives it, sent on unchanged
    created_at    instant   rows older than an hour are pruned

Kinds published by this room: ``plan`` ``{id, version, status}`` (a draft to planners, a published
or superseded plan to everyone), ``run`` ``{id, status}`` (to staff and the run's organisation),
``solve`` (a solve without ``trajectory``, to planners).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from pilotline_api.kit.base import Base, utc_now, words

KEPT = timedelta(hours=1)
_COMMIT_ORDER_LOCK = 0x70696C6F74


class Audience(StrEnum):
    """Who may get an event."""

    EVERYONE = "everyone"
    STAFF = "staff"
    PLANNERS = "planners"
    """Planners and administrators."""
    ORGANISATION = "organisation"
    """Staff, and the customers of `Event.organisation`."""


class Event(Base):
    """One thing that changed."""

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads a plain dict

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    kind: Mapped[str] = mapped_column(String(32))
    audience: Mapped[Audience] = mapped_column(words(Audience))
    organisation: Mapped[str | None] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)


def publish(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    audience: Audience,
    organisation: str | None = None,
) -> None:
    """Write an event in the caller's transaction.

    Args:
        session: a writing session.
        kind: the SSE event name.
        payload: the SSE data, JSON-able.
        audience: who may get it.
        organisation: organisation id, with `Audience.ORGANISATION`.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Ids are drawn before the commit; a poller would step over a slower one without this.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _COMMIT_ORDER_LOCK})
    session.add(
        Event(
            kind=kind,
            audience=audience,
            organisation=organisation,
            payload=dict(payload),
            created_at=utc_now(),
        )
    )
    session.flush()


def newest_id(session: Session) -> int:
    """Return the id to begin polling after."""
    return session.scalar(select(func.max(Event.id))) or 0


def after(session: Session, last_id: int, *, limit: int = 500) -> Sequence[Event]:
    """Return at most `limit` events after an id, oldest first."""
    return session.scalars(
        select(Event).where(Event.id > last_id).order_by(Event.id).limit(limit)
    ).all()


def prune(session: Session) -> int:
    """Delete events older than an hour; return how many."""
    rows = session.execute(
        delete(Event).where(Event.created_at < utc_now() - KEPT).returning(Event.id)
    )
    return len(rows.all())
