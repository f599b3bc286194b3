"""Server-side sessions: made at sign-in, extended by use, gone at sign-out."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import SignInSession, User
from pilotline_api.accounts.person import Person
from pilotline_api.kit.database import Database
from pilotline_api.kit.secrets import digest, new_secret

COOKIE = "pilotline_session"
IDLE = timedelta(hours=12)
"""A session unused for this long ends."""
LONGEST = timedelta(days=7)
"""A session ends after this long, however much it is used."""
_EXTENDED_EVERY = timedelta(minutes=10)


def open_session(session: Session, user: User, now: datetime) -> str:
    """Write a new session of a user and return the token for the cookie."""
    token = new_secret()
    session.add(
        SignInSession(
            token_hash=digest(token), user_id=user.id, created_at=now, expires_at=now + IDLE
        )
    )
    return token


def close_session(session: Session, token: str) -> None:
    """End the session of a token, if there is one."""
    session.execute(delete(SignInSession).where(SignInSession.token_hash == digest(token)))


def close_sessions_of(session: Session, user_id: str) -> None:
    """End every session of a user, as after a change of password or role."""
    session.execute(delete(SignInSession).where(SignInSession.user_id == user_id))


def person_of(database: Database, token: str, now: datetime) -> Person | None:
    """Return who is signed in with a token, and extend the session when it is time to."""
    with database.reading() as session:
        found = session.scalar(
            select(SignInSession).where(
                SignInSession.token_hash == digest(token), SignInSession.expires_at > now
            )
        )
        if found is None:
            return None
        person = Person.of(found.user)
        expires_at = min(now + IDLE, found.created_at + LONGEST)
        due = expires_at - found.expires_at >= _EXTENDED_EVERY
    if due:
        with database.writing() as session:
            session.execute(
                update(SignInSession)
                .where(SignInSession.token_hash == digest(token))
                .values(expires_at=expires_at)
            )
    return person


def prune_sessions(session: Session, now: datetime) -> None:
    """Delete sessions that have ended."""
    session.execute(delete(SignInSession).where(SignInSession.expires_at <= now))
