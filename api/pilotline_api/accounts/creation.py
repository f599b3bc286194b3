"""Making users from the command line."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from pilotline_api.accounts.models import Role
from pilotline_api.accounts.repository import organisation_of_client
from pilotline_api.accounts.service import ensure_organisations, set_user
from pilotline_api.errors import UnknownClientError
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.kit.schema import Body, Line
from pilotline_api.migrations import migrate
from pilotline_plant import Plant


class NewUser(Body):
    """A user to make; a customer belongs to a client, staff to the institute."""

    email: Annotated[
        Line, StringConstraints(to_lower=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    ]
    name: Line
    role: Role
    client: str | None
    password: SecretStr = Field(min_length=12, max_length=1024)

    @model_validator(mode="after")
    def _customers_have_clients(self) -> Self:
        if (self.role is Role.CUSTOMER) != (self.client is not None):
            msg = "a customer needs a client, and nobody else has one"
            raise ValueError(msg)
        return self


def create(database: Database, plant: Plant, wanted: NewUser) -> None:
    """Make a user, or change the one with this address and end its sessions.

    Raises:
        UnknownClientError: the plant has no such client.
    """
    migrate(database)
    with database.writing() as session:
        ensure_organisations(session, plant)
        organisation = organisation_of_client(session, wanted.client)
        if organisation is None:
            known = ", ".join(client.id for client in plant.clients)
            msg = f"there is no client {wanted.client!r}; the plant has {known}"
            raise UnknownClientError(msg)
        set_user(
            session,
            organisation=organisation,
            name=wanted.name,
            email=wanted.email,
            role=wanted.role,
            password=wanted.password.get_secret_value(),
            now=utc_now(),
        )
