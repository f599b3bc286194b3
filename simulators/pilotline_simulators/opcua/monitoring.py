"""Subscriptions as OPC 10000-4 has them, where asyncua 2.1 differs.

* A deadband compares with the value last *reported*; asyncua compares with the last sample, so a
  slow drift is never reported.
* A bad status passes every deadband; asyncua subtracts None, logs an error and loses the change.
* A full queue marks what it lost with the Overflow bit; asyncua never does.
* Republish of a message the server no longer has answers BadMessageNotAvailable, and a message
  stays available until it is acknowledged; asyncua answers an empty good message for ever.

A percent deadband lets every change pass, as in asyncua.
"""

import dataclasses
from collections.abc import Awaitable, Callable

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemData, MonitoredItemService
from asyncua.server.subscription_service import SubscriptionService
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaprotocol_auto import DataChangeFilter

from pilotline_simulators.opcua.ua_types import status_code

_OVERFLOW = 0x0480
"""InfoType DataValue with the Overflow bit (OPC 10000-4, 7.39.1)."""


class Subscriptions(SubscriptionService):
    """Makes each subscription monitor its items by `Monitoring`."""

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Awaitable[None]],
        session_id: ua.NodeId,
        request_callback: Callable[..., object] | None = None,
    ) -> ua.CreateSubscriptionResult:
        """Create a subscription; it has no items yet, so its item service can be exchanged."""
        result = await super().create_subscription(params, callback, session_id, request_callback)
        subscription = self.subscriptions[result.SubscriptionId]
        subscription.monitored_item_srv = Monitoring(subscription, self.aspace)
        return result

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        """Return a message that was published and not yet acknowledged.

        Raises:
            ServiceError: the subscription or the message is not there.
        """
        subscription = self.subscriptions.get(params.SubscriptionId)
        if subscription is None:
            raise ServiceError(StatusCodes.BadSubscriptionIdInvalid)
        kept = subscription._not_acknowledged_results  # noqa: SLF001 - asyncua offers no reader
        result = kept.get(params.RetransmitSequenceNumber)
        if result is None:
            raise ServiceError(StatusCodes.BadMessageNotAvailable)
        message: ua.NotificationMessage = result.NotificationMessage
        return message


class Monitoring(MonitoredItemService):
    """The monitored items of one subscription.

    Characteristics:
        One queue for each item, of the size the client asked for.
        Full: the oldest value is dropped, and the oldest that is left carries the Overflow bit.
        Not thread-safe: one event loop.
    """

    isub: InternalSubscription

    async def datachange_callback(
        self, handle: int, value: ua.DataValue, error: ua.StatusCode | None = None
    ) -> None:
        """Report a written value to one item when its filter lets it pass."""
        if error is not None:
            await super().datachange_callback(handle, value, error)
            return
        item_id = self._monitored_datachange[handle]
        item = self._monitored_items[item_id]
        if item.mode == ua.MonitoringMode.Disabled:
            return
        # An absent filter arrives as an empty extension object, and a present one as the generated
        # class, not as the one that `ua` exports.
        wanted = item.filter if isinstance(item.filter, DataChangeFilter) else None
        if not passes(item.mvalue.current_dvalue, value, wanted):
            return
        item.mvalue.current_dvalue = value
        await self._report(item_id, item, value)

    async def _report(self, item_id: int, item: MonitoredItemData, value: ua.DataValue) -> None:
        queue = self.isub._triggered_datachanges.get(item_id, [])  # noqa: SLF001 - no reader
        overflows = 1 < item.queue_size <= len(queue)
        event = ua.MonitoredItemNotification()
        event.ClientHandle = item.client_handle
        event.Value = value
        await self.isub.enqueue_datachange_event(item_id, event, item.queue_size)
        if overflows:
            queue[0].Value = _with_overflow(queue[0].Value)


def passes(
    reported: ua.DataValue | None, now: ua.DataValue, wanted: DataChangeFilter | None
) -> bool:
    """Return whether a data change filter lets a value pass (OPC 10000-4, 7.22.2).

    Args:
        reported: the value last reported, or None before the first.
        now: the value written.
        wanted: the item's filter, or None for the default trigger StatusValue.
    """
    if reported is None or reported.StatusCode != now.StatusCode:
        return True
    trigger = ua.DataChangeTrigger.StatusValue if wanted is None else wanted.Trigger
    if trigger == ua.DataChangeTrigger.Status:
        return False
    deadband = _absolute_deadband(wanted)
    former, latter = _number(reported), _number(now)
    if deadband is not None and former is not None and latter is not None:
        return abs(latter - former) > deadband
    if reported.Value != now.Value:
        return True
    return (
        trigger == ua.DataChangeTrigger.StatusValueTimestamp
        and reported.SourceTimestamp != now.SourceTimestamp
    )


def _absolute_deadband(wanted: DataChangeFilter | None) -> float | None:
    if wanted is None or wanted.DeadbandType != ua.DeadbandType.Absolute:
        return None
    return float(wanted.DeadbandValue)


def _number(value: ua.DataValue) -> float | None:
    held = value.Value.Value if value.Value is not None else None
    return held if isinstance(held, int | float) and not isinstance(held, bool) else None


def _with_overflow(value: ua.DataValue) -> ua.DataValue:
    status = 0 if value.StatusCode is None else value.StatusCode.value
    return dataclasses.replace(value, StatusCode=status_code(status | _OVERFLOW))
