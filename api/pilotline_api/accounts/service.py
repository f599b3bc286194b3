"""Signing in, and making organisations and users."""

from datetime import datetime

from sqlalchemy.orm import Session

from pilotline_api.accounts.models import Organisation, Role, User
from pilotline_api.accounts.passwords import hash_password, verify_password
from pilotline_api.accounts.person import Person
from pilotline_api.accounts.repository import organisation_of_client, user_by_email
from pilotline_api.accounts.sessions import close_sessions_of, open_session
from pilotline_api.errors import NotSignedIn
from pilotline_api.kit.base import new_id
from pilotline_api.kit.database import Database
from pilotline_plant import Plant


def sign_in(database: Database, email: str, password: str, now: datetime) -> tuple[Person, str]:
    """Check credentials and open a session.

    The hash is computed outside of any transaction: it is slow on purpose.

    Returns:
        The person and the token for the cookie.

    Raises:
        NotSignedIn: the address or the password is wrong; which one is not said.
    """
    with database.reading() as session:
        user = user_by_email(session, email)
    matches, fresh_hash = verify_password(password, user.password_hash if user else None)
    if user is None or not matches:
        msg = "The e-mail address or the password is wrong."
        raise NotSignedIn(msg, code="wrong_credentials")
    with database.writing() as session:
        if fresh_hash is not None:
            session.merge(user).password_hash = fresh_hash
        token = open_session(session, user, now)
    return Person.of(user), token


def ensure_organisation(session: Session, name: str, client: str | None) -> Organisation:
    """Return the organisation of a client (None: the institute), made or renamed as needed."""
    organisation = organisation_of_client(session, client)
    if organisation is None:
        organisation = Organisation(id=new_id(), name=name, client=client)
        session.add(organisation)
    organisation.name = name
    session.flush()
    return organisation


def set_user(
    session: Session,
    *,
    organisation: Organisation,
    name: str,
    email: str,
    role: Role,
    password: str,
    now: datetime,
) -> User:
    """Make a user, or give an existing one this name, role and password and end its sessions."""
    user = user_by_email(session, email)
    if user is None:
        user = User(id=new_id(), email=email.lower(), created_at=now)
        session.add(user)
    user.organisation = organisation
    user.name, user.role = name, role
    user.password_hash = hash_password(password)
    session.flush()
    close_sessions_of(session, user.id)
    return user


def ensure_organisations(session: Session, plant: Plant) -> None:
    """Make or rename the organisations of the plant's owner and clients; none is ever removed."""
    owner = next((site.owner for site in plant.sites if not site.partner), plant.name)
    ensure_organisation(session, owner, None)
    for client in plant.clients:
        ensure_organisation(session, client.name, client.id)
