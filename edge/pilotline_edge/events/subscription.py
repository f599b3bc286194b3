"""Event subscription: the one monitored item that reports a machine's events."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import struct_from_binary

from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import SubscriptionsRefused
from pilotline_edge.events.fields import BASE_CLAUSES, CLAUSES, event_filter, ns_of
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.nodes import Resolved, node_at
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_historian import EVENTS
from pilotline_plant import DataType, EventSource, Tag, Unit

log = structlog.get_logger("pilotline.edge")

PUBLISHING_MS: Final = 500
QUEUE: Final = 1_000
"""Events the server is asked to hold while it cannot reach us."""

MOST_PER_MESSAGE: Final = 100
"""Most events of a message; asyncua decodes them, and no message beyond its cap."""

_TAG: Final = Tag(
    id=EVENTS,
    name=EVENTS,
    node_id=None,
    browse_path=None,
    data_type=DataType.STRING,
    unit=Unit("1", ""),
    sampling_ms=0,
    publishing_ms=PUBLISHING_MS,
    deadband=0.0,
)
"""Stands for the events where a monitored item is one of a tag."""

_FILTER_REFUSED: Final = {
    uaerrors.BadEventFilterInvalid.code,
    uaerrors.BadFilterNotAllowed.code,
    uaerrors.BadMonitoredItemFilterInvalid.code,
    uaerrors.BadMonitoredItemFilterUnsupported.code,
}


class EventSubscription(MachineSubscription):
    """A subscription of its own for events, so that they never delay values.

    Args:
        session: the machine's session.
        source: which events are read.
        began: called with the server's time once it reports events.
    """

    def __init__(
        self, session: MachineSession, source: EventSource, began: Callable[[int], None]
    ) -> None:
        types = StructureTypes(session)  # events have fields of their own, and need none
        super().__init__(
            session, PUBLISHING_MS, [Item(_TAG, 0)], types, most_per_message=MOST_PER_MESSAGE
        )
        self._source = source
        self._began_at = began

    @property
    def key(self) -> int:
        """No publishing interval is negative."""
        return -1

    @property
    def monitored(self) -> bool:
        """Whether the server reports events."""
        return self.items[0].item_id is not None

    @property
    def queue(self) -> int:
        """Queue depth the server granted."""
        return self.items[0].queue

    async def create(self) -> None:
        """Make the subscription anew; its item is made by `monitor`.

        Raises:
            SubscriptionsRefused: the server has none for events; it is asked again later.
            asyncua.ua.UaError: the server refuses otherwise, or the connection is lost.
        """
        try:
            await super().create()
        except SubscriptionsRefused as error:
            now = asyncio.get_running_loop().time()
            self._refused(self.items[0], f"the server refuses a subscription: {error}", now)
            raise

    async def monitor(self) -> None:
        """Make the server report events where it does not yet and that is due.

        Raises:
            asyncua.ua.UaError: the server refuses the call itself, or the connection is lost.
        """
        (item,) = self.items
        now = asyncio.get_running_loop().time()
        if self.subscription_id is None or item.item_id is not None or item.retry_at > now:
            return
        node = await self._node()
        if isinstance(node, str):
            self._refused(item, node, now)
            return
        result, answered_ns = await self._create_item(item, node)
        if result.StatusCode.value in _FILTER_REFUSED and item.filtered:
            item.filtered = False
            result, answered_ns = await self._create_item(item, node)
        if not result.StatusCode.is_good():
            self._refused(item, f"the server refuses it: {result.StatusCode.name}", now)
            return
        item.accepted(int(result.MonitoredItemId), max(int(result.RevisedQueueSize), 1))
        self._began_at(answered_ns)

    async def _node(self) -> Resolved:
        address = self._source.node_id or self._source.browse_path
        if address is None:
            return ua.NodeId(ua.Int32(ObjectIds.Server))
        return await node_at(address, self.session)

    async def _create_item(
        self, monitored: Item, node: ua.NodeId
    ) -> tuple[ua.MonitoredItemCreateResult, int]:
        """Return the server's answer and when it was given, by the server's clock.

        Its clock as a variable would not do: asyncua's server turns it once a second.
        """
        item: Any = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = node
        item.ItemToMonitor.AttributeId = ua.UInt32(AttributeIds.EventNotifier)
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters.ClientHandle = ua.UInt32(monitored.handle)
        item.RequestedParameters.SamplingInterval = ua.Double(0)
        item.RequestedParameters.QueueSize = ua.UInt32(QUEUE)
        item.RequestedParameters.Filter = event_filter(
            CLAUSES if monitored.filtered else CLAUSES[:BASE_CLAUSES]
        )
        asked: Any = ua.CreateMonitoredItemsParameters()
        asked.SubscriptionId = self.subscription_id
        asked.TimestampsToReturn = ua.TimestampsToReturn.Neither
        asked.ItemsToCreate = [item]
        request: Any = ua.CreateMonitoredItemsRequest()
        request.Parameters = asked
        body = await self.session.client.uaclient.ask(
            request, self.session.settings.request_timeout_s
        )
        response = struct_from_binary(ua.CreateMonitoredItemsResponse, body)
        response.ResponseHeader.ServiceResult.check()
        (result,) = response.Results
        return result, ns_of(response.ResponseHeader.Timestamp) or time.time_ns()

    def _refused(self, item: Item, problem: str, now: float) -> None:
        if item.refused(problem, now):
            log.warning("edge.events_refused", machine=self.session.machine.id, reason=problem)
