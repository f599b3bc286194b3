"""Terms: what a server grants of what is asked of a subscription."""

from typing import Any, NamedTuple

from asyncua import ua

from pilotline_edge.connection.capped_session import read_answer
from pilotline_edge.connection.session import MachineSession

_KEEP_ALIVE_S = 2.0
_LIFETIME_S = 120.0
_MOST_PUBLISHED_S = 7 * 86_400.0
_LONGEST_SILENCE_S = 600.0
_SILENCE_MARGIN_S = 1.0


class Terms(NamedTuple):
    """What a server granted, where that can be.

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
    body = await session.client.uaclient.request(request)
    granted = read_answer(ua.CreateSubscriptionResponse, bytes(body.read(len(body)))).Parameters
    return Terms(
        int(granted.SubscriptionId),
        _published_s(float(granted.RevisedPublishingInterval) / 1000, interval_s),
        max(int(granted.RevisedMaxKeepAliveCount), 1),
    )


def _published_s(granted_s: float, asked_s: float) -> float:
    """Return a publishing interval that can be; for another one what was asked for.

    Nothing is ever later than NaN seconds: a server that grants them could fall silent unnoticed.
    """
    return granted_s if 0 < granted_s <= _MOST_PUBLISHED_S else asked_s


def patience_s(published_s: float, keep_alives: int, asked_s: float) -> float:
    """Return the longest silence that is still well: two keep-alive periods and a margin.

    However many keep-alives a server leaves out, a silence of ten minutes is none that we asked
    for, but where the plant file wants values more seldom than that.
    """
    longest_s = max(_LONGEST_SILENCE_S, 4 * asked_s)
    return min(2 * published_s * keep_alives, longest_s) + _SILENCE_MARGIN_S
