"""Capacity: how many subscriptions and monitored items a server says it has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capacity:
    """Limits of a server besides those of single calls (OPC 10000-5, 6.3.2); None: it says none.

    Attributes:
        items: monitored items of all its clients together.
        items_per_subscription: monitored items of one subscription.
        subscriptions: subscriptions of one session, and of all sessions where that is less.
        queue: values that a monitored item holds.
    """

    items: int | None = None
    items_per_subscription: int | None = None
    subscriptions: int | None = None
    queue: int | None = None
