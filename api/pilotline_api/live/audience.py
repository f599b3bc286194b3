"""Who a stream's reader is, and so which frames may reach it."""

from dataclasses import dataclass
from enum import Enum

from pilotline_api.accounts.person import Person
from pilotline_api.kit.events import Audience, Event


class ReaderKind(Enum):
    """What a reader's role lets it see."""

    PLANNER = "planner"
    STAFF = "staff"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class ReaderGroup:
    """Readers that get exactly the same frames.

    Attributes:
        kind: what their role lets them see.
        organisation: organisation id of customers; None for staff, who see every organisation.
    """

    kind: ReaderKind
    organisation: str | None = None

    @property
    def sees_machines(self) -> bool:
        """Whether machine data and alarms may reach these readers."""
        return self.kind is not ReaderKind.CUSTOMER

    def may_get(self, audience: Audience, organisation: str | None) -> bool:
        """Return whether an event for an audience may reach these readers."""
        match audience:
            case Audience.EVERYONE:
                return True
            case Audience.STAFF:
                return self.kind is not ReaderKind.CUSTOMER
            case Audience.PLANNERS:
                return self.kind is ReaderKind.PLANNER
            case Audience.ORGANISATION:
                return self.kind is not ReaderKind.CUSTOMER or (
                    organisation is not None and organisation == self.organisation
                )

    def may_get_event(self, event: Event) -> bool:
        """Return whether an outbox event may reach these readers."""
        return self.may_get(Audience(event.audience), event.organisation)


def group_of(person: Person) -> ReaderGroup:
    """Return the group of a signed-in person."""
    if person.plans:
        return ReaderGroup(ReaderKind.PLANNER)
    if person.staff:
        return ReaderGroup(ReaderKind.STAFF)
    return ReaderGroup(ReaderKind.CUSTOMER, person.organisation)
