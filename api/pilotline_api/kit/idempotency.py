"""Idempotency-Key: a request sent twice has its effect once."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import JSON, ForeignKey, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from pilotline_api.errors import Unprocessable
from pilotline_api.kit.base import Base, Id, utc_now

KEPT = timedelta(days=1)

Answer = TypeVar("Answer", bound=BaseModel)

IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Repeating a key repeats no effect."),
]


class RememberedAnswer(Base):
    """The answer to a request with a key; empty while the request runs."""

    __tablename__ = "idempotency"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)


def once(
    session: Session,
    *,
    user_id: str,
    key: str | None,
    operation: str,
    body: BaseModel,
    answer_type: type[Answer],
    effect: Callable[[], Answer],
) -> Answer:
    """Run `effect` unless this user's key has run it before; then return that answer again.

    The answer is stored in the effect's own transaction: both are there, or neither.

    Raises:
        Unprocessable: the key was used with another body or for another operation.
    """
    if key is None:
        return effect()
    fingerprint = hashlib.sha256(f"{operation}\n{body.model_dump_json()}".encode()).hexdigest()
    if not _claim(session, user_id, key, fingerprint):
        return _former(session, user_id, key, fingerprint, answer_type)
    answer = effect()
    remembered = session.get_one(RememberedAnswer, (user_id, key))
    remembered.answer = answer.model_dump(mode="json")
    session.flush()
    return answer


def prune_answers(session: Session) -> None:
    """Delete answers older than a day."""
    session.execute(delete(RememberedAnswer).where(RememberedAnswer.created_at < utc_now() - KEPT))


def _claim(session: Session, user_id: str, key: str, fingerprint: str) -> bool:
    """Take a key; a request in flight with the same key makes this one wait for its end."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    claimed = session.execute(
        insert(RememberedAnswer)
        .values(
            user_id=user_id, key=key, fingerprint=fingerprint, answer=None, created_at=utc_now()
        )
        .on_conflict_do_nothing()
        .returning(RememberedAnswer.key)
    )
    return claimed.first() is not None


def _former(
    session: Session, user_id: str, key: str, fingerprint: str, answer_type: type[Answer]
) -> Answer:
    remembered = session.scalars(
        select(RememberedAnswer).where(
            RememberedAnswer.user_id == user_id, RememberedAnswer.key == key
        )
    ).one()
    if remembered.fingerprint != fingerprint:
        msg = "This Idempotency-Key was used for another request; use a fresh key."
        raise Unprocessable(msg, code="idempotency_key_reused")
    return answer_type.model_validate(remembered.answer)
