"""Room: which tags a server has monitored items for, and which are polled instead."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pilotline_edge.connection.facts import ServerFacts
from pilotline_edge.link.coverage import POLLED, Coverage
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.subscription import MachineSubscription


def regroup(subscriptions: Iterable[MachineSubscription], coverage: Coverage) -> None:
    """Tell coverage which tags are published, and which polled for want of a monitored item."""
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
        coverage.known.assign(published, subscription.interval_ms)
        subscription.polled = polled


def leave_out(subscriptions: Iterable[MachineSubscription], facts: ServerFacts | None) -> None:
    """Have those items polled that a server has no monitored items for, the slowest of them."""
    if facts is not None:
        items = [item for each in subscriptions for item in each.items]
        _leave_out(items, facts.most_items, facts.most_per_subscription)


def _leave_out(
    items: Sequence[Item], most_items: int | None, most_per_subscription: int | None
) -> None:
    for item in items:
        item.left_out = None
    by_interval: Counter[int] = Counter()
    room = len(items) if most_items is None else most_items
    for item in sorted(items, key=lambda each: (each.item_id is None, each.tag.sampling_ms)):
        interval = item.tag.publishing_ms
        if room <= 0:
            item.left_out = f"the server has no more than {most_items} monitored items"
        elif most_per_subscription is not None and by_interval[interval] >= most_per_subscription:
            item.left_out = f"a subscription has no more than {most_per_subscription} items there"
        else:
            room -= 1
            by_interval[interval] += 1
