"""The signed-in person as endpoints and services see them."""

from dataclasses import dataclass
from typing import Self

from pilotline_api.accounts.models import STAFF, Role, User
from pilotline_api.kit.database import EVERY_ORGANISATION, Scope


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in user, free of any database session.

    Attributes:
        id: user id.
        name: what others read.
        email: sign-in name.
        role: what the person may do.
        organisation: organisation id.
        organisation_name: what others read.
        client: the plant's client id the organisation stands for, None for the institute.
    """

    id: str
    name: str
    email: str
    role: Role
    organisation: str
    organisation_name: str
    client: str | None

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the person of a user row."""
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            role=user.role,
            organisation=user.organisation_id,
            organisation_name=user.organisation.name,
            client=user.organisation.client,
        )

    @property
    def staff(self) -> bool:
        """Whether the person works for the institute and sees every organisation."""
        return self.role in STAFF

    @property
    def plans(self) -> bool:
        """Whether the person may plan and publish."""
        return self.role in {Role.PLANNER, Role.ADMINISTRATOR}

    @property
    def scope(self) -> Scope:
        """Whose rows the person's transactions may see."""
        return EVERY_ORGANISATION if self.staff else Scope(self.organisation)
