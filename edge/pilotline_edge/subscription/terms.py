"""Terms: what a server grants of what is asked of a subscription."""

from typing import Any, NamedTuple

from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary

from pilotline_edge.connection.session import MachineSession

_KEEP_ALIVE_S = 2.0
_LIFETIME_S = 120.0


class Terms(NamedTuple):
    """What a server granted.

    Attributes:
        subscription_id: the server's number of the subscription.
        published_s: publishing interval, seconds.
        keep_alives: publishing intervals after which the server says the subscription lives.
    """

    subscription_id: int
    published_s: float
    keep_alives: int


async def make_subscription(
    session: MachineSession, interval_ms: int, most_per_message: int
) -> Terms:
    """Make a subscription without asyncua's publish loop and return its terms.

    asyncua starts that loop with the subscription: one request in flight, and messages
    acknowledged as soon as a callback returns.

    Args:
        session: the machine's session.
        interval_ms: publishing interval asked for.
        most_per_message: most notifications the server is asked to put into one message.

    Raises:
        asyncua.ua.UaError: the server refuses, or the connection is lost.
    """
    interval_s = max(interval_ms, 1) / 1000
    keep_alives = max(round(_KEEP_ALIVE_S / interval_s), 1)
    asked: Any = ua.CreateSubscriptionParameters()
    asked.RequestedPublishingInterval = float(interval_ms)
    asked.RequestedMaxKeepAliveCount = keep_alives
    asked.RequestedLifetimeCount = max(round(_LIFETIME_S / interval_s), 3 * keep_alives)
    asked.MaxNotificationsPerPublish = most_per_message
    asked.PublishingEnabled = True
    request = ua.CreateSubscriptionRequest()
    request.Parameters = asked
    body = await session.client.uaclient.ask(request, session.settings.request_timeout_s)
    response = struct_from_binary(ua.CreateSubscriptionResponse, body)
    response.ResponseHeader.ServiceResult.check()
    granted = response.Parameters
    return Terms(
        int(granted.SubscriptionId),
        float(granted.RevisedPublishingInterval) / 1000,
        max(int(granted.RevisedMaxKeepAliveCount), 1),
    )
