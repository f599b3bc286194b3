"""An OPC UA client that notes all it is told, as plain as asyncua makes it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_plant import Machine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def source_ns(value: ua.DataValue) -> int:
    """Return a value's source time as nanoseconds since 1970."""
    stamp = cast("datetime", value.SourceTimestamp)
    since = stamp.replace(tzinfo=stamp.tzinfo or UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


class Listener:
    """Notes every data change as ``(tag, source time, value, status)``."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, Any, int]] = []
        self._tags: dict[ua.NodeId, str] = {}

    def datachange_notification(self, node: Node, value: Any, data: Any) -> None:  # noqa: ANN401
        """Note a change; asyncua calls this."""
        del value
        told = data.monitored_item.Value
        held = told.Value.Value if told.Value is not None else None
        self.told.append((self._tags[node.nodeid], source_ns(told), held, told.StatusCode.value))

    def of(self, tag: str) -> list[tuple[int, Any, int]]:
        """Return what was told of a tag."""
        return [(time, value, status) for each, time, value, status in self.told if each == tag]

    async def listen(
        self, client: Client, machine: Machine, *, filter_of: dict[str, ua.DataChangeFilter]
    ) -> None:
        """Subscribe to every tag of a machine."""
        subscription = await client.create_subscription(50, self)
        items = []
        for number, tag in enumerate(machine.tags, start=1):
            node = await node_of(client, machine, tag.id)
            self._tags[node.nodeid] = tag.id
            items.append(
                ua.MonitoredItemCreateRequest(
                    ItemToMonitor=ua.ReadValueId(node.nodeid, AttributeIds.Value),
                    MonitoringMode=ua.MonitoringMode.Reporting,
                    RequestedParameters=ua.MonitoringParameters(
                        ClientHandle=number,
                        SamplingInterval=0.0,
                        Filter=filter_of.get(tag.id),
                        QueueSize=5000,
                        DiscardOldest=True,
                    ),
                )
            )
        for result in await subscription.create_monitored_items(items):
            assert isinstance(result, int), result


async def node_of(client: Client, machine: Machine, tag_id: str) -> Node:
    """Return the node of a tag, found as a plant file names it."""
    tag = machine.tag(tag_id)
    if tag.browse_path is not None:
        found: Node = await client.nodes.objects.get_child(tag.browse_path.split("/"))
        return found
    text = tag.node_id or ""
    if text.startswith("nsu="):
        uri, _, rest = text.removeprefix("nsu=").partition(";")
        text = f"ns={await client.get_namespace_index(uri)};{rest}"
    return client.get_node(text)


@asynccontextmanager
async def listening(
    url: str, machine: Machine, filter_of: dict[str, ua.DataChangeFilter] | None = None
) -> AsyncIterator[Listener]:
    """Connect to an unsecured machine and subscribe to all of its tags."""
    listener = Listener()
    async with Client(url, timeout=10) as client:
        await listener.listen(client, machine, filter_of=filter_of or {})
        yield listener


def by_tag(samples: Iterable[tuple[str, int, Any, int]]) -> dict[str, list[tuple[int, Any, int]]]:
    """Return samples by tag, in the order they came."""
    sorted_in: dict[str, list[tuple[int, Any, int]]] = {}
    for tag, time, value, status in samples:
        sorted_in.setdefault(tag, []).append((time, value, status))
    return sorted_in
