"""Client: a customer company, its entitlement, and whom it must not meet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A customer company.

    Attributes:
        id: unique within the plant.
        name: what a person reads.
        share: entitlement to machine time relative to the other clients, for fairness.
    """

    id: str
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Wall:
    """Two clients that must never work in one hall at once.

    Attributes:
        clients: the two client ids.
        halls: hall ids in which the wall stands; empty means every hall.
    """

    clients: tuple[str, str]
    halls: tuple[str, ...]
