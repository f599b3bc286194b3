"""Queries over organisations and users."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import Organisation, User


def user_by_email(session: Session, email: str) -> User | None:
    """Return the user who signs in with an address."""
    return session.scalar(select(User).where(User.email == email.lower()))


def organisation_of_client(session: Session, client: str | None) -> Organisation | None:
    """Return the organisation of a plant's client, or the institute for None."""
    return session.scalar(
        select(Organisation).where(Organisation.client.is_not_distinct_from(client))
    )
