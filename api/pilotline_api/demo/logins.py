"""Demo logins: the same people at each start, with passwords made anew."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pilotline_api.accounts.models import Organisation, Role
from pilotline_api.accounts.person import Person
from pilotline_api.accounts.repository import organisation_of_client
from pilotline_api.accounts.service import set_user
from pilotline_plant import Client, Plant

_STAFF = (
    (Role.OPERATOR, "Demo operator"),
    (Role.PLANNER, "Demo planner"),
    (Role.ENGINEER, "Demo engineer"),
)
_CUSTOMERS = 2
_DOMAIN = "demo.example"


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """An account of the demo.

    Attributes:
        person: who signs in.
        password: what was made at this start; only its hash is kept.
    """

    person: Person
    password: str


def make_logins(session: Session, plant: Plant, now: datetime) -> list[DemoLogin]:
    """Make or renew the demo's users; sessions they had are ended."""
    institute = organisation_of_client(session, None)
    people = [(role, name, f"{role}@{_DOMAIN}", institute) for role, name in _STAFF]
    for client in demo_clients(plant):
        organisation = organisation_of_client(session, client.id)
        address = f"customer@{client.id}.{_DOMAIN}"
        people.append((Role.CUSTOMER, f"Customer of {client.name}", address, organisation))
    return [_login(session, *person, now) for person in people]


def demo_clients(plant: Plant) -> Sequence[Client]:
    """Return the clients that get logins; two with a wall between them, where there is one."""
    walled = plant.walls[0].clients if plant.walls else ()
    first = [plant.client_by_id[client] for client in walled]
    others = [client for client in plant.clients if client.id not in walled]
    return [*first, *others][:_CUSTOMERS]


def _login(
    session: Session,
    role: Role,
    name: str,
    email: str,
    organisation: Organisation | None,
    now: datetime,
) -> DemoLogin:
    if organisation is None:
        msg = f"no organisation for {email}; migrate first"
        raise LookupError(msg)
    password = secrets.token_urlsafe(12)
    user = set_user(
        session,
        organisation=organisation,
        name=name,
        email=email,
        role=role,
        password=password,
        now=now,
    )
    return DemoLogin(Person.of(user), password)
