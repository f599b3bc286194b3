"""asyncua's OPC UA types built from plain Python values.

asyncua types an identifier as its own `Int32` and a time as its own `DateTime`, though it takes
plain ones; the casts live here once.
"""

from datetime import UTC, datetime, timedelta
from typing import cast

from asyncua import ua

from pilotline_simulators.emission import GOOD, Value, is_bad

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def standard_id(identifier: int) -> ua.NodeId:
    """Return a node id of OPC UA's own namespace."""
    return ua.NodeId(cast("ua.Int32", identifier))


def text_id(identifier: str, namespace: int) -> ua.NodeId:
    """Return a node id whose identifier is a text."""
    return ua.NodeId(cast("ua.String", identifier), cast("ua.Int16", namespace))


def status_code(status: int) -> ua.StatusCode:
    """Return a status code from its number."""
    return ua.StatusCode(cast("ua.UInt32", status))


_GOOD_STATUS = status_code(GOOD)


def utc(time_ns: int) -> datetime:
    """Return nanoseconds since 1970 as a time, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


def data_value(
    value: Value, kind: ua.VariantType, status: int, source: datetime, server: datetime
) -> ua.DataValue:
    """Return a value as a variable holds it; one of bad status holds none (OPC 10000-4, 7.11)."""
    variant = ua.Variant(None, ua.VariantType.Null) if is_bad(status) else ua.Variant(value, kind)
    return ua.DataValue(
        variant,
        _GOOD_STATUS if status == GOOD else status_code(status),
        cast("ua.DateTime", source),
        cast("ua.DateTime", server),
    )
