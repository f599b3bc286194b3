"""Pool: a shared resource that operations draw on, such as operators with a skill."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """People, power or places that several operations share.

    Attributes:
        id: unique within the plant.
        name: what a person reads.
        capacity: units available while the calendar is open; 0 while it is closed.
        calendar: calendar id, or None for around the clock.
    """

    id: str
    name: str
    capacity: int
    calendar: str | None
