"""A machine whose server has little room for subscriptions and monitored items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes


@dataclass
class Room:
    """What a server has; asyncua's has no such limits, so they are put in front of its services.

    Attributes:
        items: monitored items in all.
        of_one: monitored items of one subscription.
        subscriptions: subscriptions.
        told: whether the server says so beforehand (ServerCapabilities).
        whole: what it refuses a call as a whole with, or 0 where it refuses single items.
    """

    items: int = 1_000
    of_one: int = 1_000
    subscriptions: int = 1_000
    told: bool = False
    whole: int = 0
    _service: Any = None

    @property
    def taken(self) -> list[int]:
        """Items of each subscription that the server has."""
        return [_items(each) for each in self._service.subscriptions.values()]

    async def end(self, place: int) -> None:
        """Have the server forget a subscription, by its place among those it made."""
        await self._service.delete_subscriptions([sorted(self._service.subscriptions)[place]])

    async def furnish(self, server: Server) -> None:
        """Limit a server; goes as `OpcUaMachine.prepare`."""
        if self.told:
            await self._tell(server)
        service: Any = server.iserver.subscription_service
        self._service = service
        subscribe, monitor = service.create_subscription, service.create_monitored_items

        async def create_subscription(*args: object, **more: object) -> object:
            if len(service.subscriptions) >= self.subscriptions:
                raise ServiceError(StatusCodes.BadTooManySubscriptions)
            return await subscribe(*args, **more)

        async def create_items(params: ua.CreateMonitoredItemsParameters) -> Sequence[object]:
            of_this = _items(service.subscriptions[params.SubscriptionId])
            left = max(min(self.of_one - of_this, self.items - sum(self.taken)), 0)
            asked, params.ItemsToCreate = params.ItemsToCreate, params.ItemsToCreate[:left]
            if self.whole and len(asked) > left:
                raise ServiceError(self.whole)
            return [*await monitor(params), *[_refused()] * (len(asked) - left)]

        service.create_subscription = create_subscription
        service.create_monitored_items = create_items

    async def _tell(self, server: Server) -> None:
        limits = {
            "MaxMonitoredItems": self.items,
            "MaxMonitoredItemsPerSubscription": self.of_one,
            "MaxSubscriptionsPerSession": self.subscriptions,
        }
        for name, limit in limits.items():
            number: Any = getattr(ObjectIds, f"Server_ServerCapabilities_{name}")
            await server.get_node(ua.NodeId(number)).write_value(
                ua.Variant(limit, ua.VariantType.UInt32)
            )


def _items(subscription: Any) -> int:  # noqa: ANN401 - asyncua's own
    return len(subscription.monitored_item_srv._monitored_items)


def _refused() -> Any:  # noqa: ANN401 - asyncua's own
    refused: Any = ua.MonitoredItemCreateResult()
    refused.StatusCode = ua.StatusCode(ua.UInt32(StatusCodes.BadTooManyMonitoredItems))
    return refused
