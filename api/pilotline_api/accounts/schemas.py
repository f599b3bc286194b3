"""Shapes of sign-in and of users."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from pilotline_api.accounts.models import Organisation, Role
from pilotline_api.accounts.person import Person
from pilotline_api.kit.schema import Body, Line, View


class Credentials(Body):
    """What a person signs in with."""

    email: Annotated[Line, StringConstraints(to_lower=True, max_length=254)]
    password: SecretStr = Field(min_length=1, max_length=1024)


class OrganisationView(View):
    """The institute, or a customer company."""

    id: str
    name: str


class PersonView(View):
    """A user as others see them."""

    id: str
    name: str


class UserView(View):
    """The signed-in user."""

    id: str
    name: str
    email: str
    role: Role
    organisation: OrganisationView


class SessionView(View):
    """Who is signed in."""

    user: UserView


def session_view(person: Person) -> SessionView:
    """Return the answer to a sign-in."""
    return SessionView(
        user=UserView(
            id=person.id,
            name=person.name,
            email=person.email,
            role=person.role,
            organisation=OrganisationView(id=person.organisation, name=person.organisation_name),
        )
    )


class ClientView(View):
    """Whom machine time is for: a client of the plant, or the institute itself."""

    id: str
    name: str


def client_view(organisation: Organisation) -> ClientView:
    """Return an organisation as a client."""
    return ClientView(id=organisation.client or organisation.id, name=organisation.name)
