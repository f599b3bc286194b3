"""Room: tells coverage which tags a server has monitored items for, and which are polled."""

from collections.abc import Iterable

from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.known import POLLED
from pilotline_edge.subscription.subscription import MachineSubscription


def regroup(subscriptions: Iterable[MachineSubscription], coverage: Coverage) -> None:
    """Tell coverage by which subscription each tag is published, or that it is polled instead."""
    for subscription in subscriptions:
        polled = {
            item.tag.id
            for item in subscription.items
            if item.stand_in is not None or item.left_out is not None
        }
        if polled == subscription.polled:
            continue
        published = {item.tag.id for item in subscription.items} - polled
        coverage.known.assign(polled, POLLED)
        coverage.known.assign(published, subscription.key)
        subscription.polled = polled
