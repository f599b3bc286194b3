"""Reading status: how a machine is read and what its server is, as JSON values."""

from collections.abc import Iterable
from typing import Any

from pilotline_edge.connection.session import MachineSession
from pilotline_edge.subscription.items import Item, queue_size
from pilotline_edge.subscription.subscription import MachineSubscription


def server_status(session: MachineSession) -> dict[str, Any] | None:
    """Return what the server is and takes, or None before the first connection."""
    facts = session.facts
    if facts is None:
        return None
    return {
        "manufacturer": facts.build.manufacturer,
        "product": facts.build.product,
        "software": facts.build.software,
        "profile": facts.profile.name,
        "profile_from": "plant-file" if session.machine.endpoint.profile else "server",
        "batches": session.batches.sizes,
        "learnt": session.batches.learnt,
        "most_items": facts.capacity.items,
        "most_items_per_subscription": facts.capacity.items_per_subscription,
        "most_subscriptions": facts.capacity.subscriptions,
        "most_queue": facts.capacity.queue,
    }


def reading_status(
    items: Iterable[Item], subscriptions: Iterable[MachineSubscription]
) -> dict[str, Any]:
    """Return what is subscribed, who applies deadbands, and how deep queues are where shallow."""
    items = list(items)
    shallow = [
        item for item in items if item.item_id is not None and item.queue < queue_size(item.tag)
    ]
    return {
        "subscribed": sum(item.item_id is not None for item in items),
        "subscriptions": [
            {"interval_ms": each.interval_ms, "tags": each.monitored, "full": each.full}
            for each in subscriptions
            if each.subscription_id is not None
        ],
        "deadbands_by_agent": sum(item.deadband is not None for item in items),
        "shallow_queues": len(shallow),
        "shallowest_queue": min((item.queue for item in shallow), default=None),
        "remarks": {item.tag.id: item.remark for item in items if item.remark is not None},
    }
