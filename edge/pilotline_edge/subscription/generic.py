"""Generic: messages as asyncua decodes them, which reads events and whatever else is no value.

Of times asyncua keeps microseconds, and it reads picoseconds where the standard does not put them.
"""

from datetime import UTC, datetime, timedelta

from asyncua import ua

from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription.publication import Change, DataValue, EventFields, Publication
from pilotline_edge.subscription.response import read_response
from pilotline_edge.subscription.values import value_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

MOST_GENERIC_BYTES = 512 * 1024
"""Longest message asyncua decodes: it takes up to four microseconds and seventy bytes for each."""


def decode_generic(body: bytes) -> Publication:
    """Decode a publish response with asyncua.

    Raises:
        UndecodableMessage: asyncua does not understand the bytes, or there are too many of them.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    _check_size(body)
    response = read_response(ua.PublishResponse, body, "publish")
    result = response.Parameters
    return _publication(
        result.SubscriptionId,
        result.NotificationMessage,
        more=bool(result.MoreNotifications),
        answered=response.ResponseHeader.Timestamp,
    )


def decode_republished_generic(body: bytes, subscription_id: int) -> Publication:
    """Decode a republish response with asyncua.

    Raises:
        UndecodableMessage: asyncua does not understand the bytes, or there are too many of them.
        asyncua.ua.UaStatusCodeError: the response carries a bad service result.
    """
    _check_size(body)
    response = read_response(ua.RepublishResponse, body, "republish")
    return _publication(subscription_id, response.NotificationMessage, more=True)


def _check_size(body: bytes) -> None:
    if len(body) > MOST_GENERIC_BYTES:
        raise UndecodableMessage(
            f"a publish response of {len(body)} bytes holds more than plain values, and is above "
            f"the {MOST_GENERIC_BYTES} bytes up to which that is read"
        )


def _publication(
    subscription_id: int,
    message: ua.NotificationMessage,
    *,
    more: bool,
    answered: datetime | None = None,
) -> Publication:
    changes: list[Change] = []
    events: list[EventFields] = []
    ended: int | None = None
    for part in message.NotificationData or ():
        if isinstance(part, ua.DataChangeNotification):
            changes.extend(_change(item) for item in part.MonitoredItems or ())
        elif isinstance(part, ua.EventNotificationList):
            events.extend(_fields(item) for item in part.Events or ())
        elif isinstance(part, ua.StatusChangeNotification):
            ended = int(part.Status.value)
    return Publication(
        subscription_id=int(subscription_id),
        sequence=int(message.SequenceNumber),
        published_ns=ns_of(message.PublishTime),
        more=more,
        changes=changes,
        ended=ended,
        events=events,
        answered_ns=ns_of(answered),
    )


def _fields(item: ua.EventFieldList) -> EventFields:
    return tuple(field.Value for field in item.EventFields or ())


def _change(item: ua.MonitoredItemNotification) -> Change:
    return (int(item.ClientHandle), *held(item.Value))


def held(data: ua.DataValue) -> DataValue:
    """Return a value that asyncua decoded, with its status and times."""
    return (
        value_of(data.Value),
        int(data.StatusCode.value) if data.StatusCode is not None else 0,
        ns_of(data.SourceTimestamp),
        ns_of(data.ServerTimestamp),
    )


def ns_of(instant: datetime | None) -> int | None:
    """Return an instant in ns UTC, or None where there is none that ns can say."""
    if instant is None:
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    ns = (aware - _EPOCH) // _MICROSECOND * 1000
    return ns if 0 < ns < 2**63 else None
