"""Service level: how well a server says it can serve (OPC 10000-4, 6.6.2.4.2)."""

from enum import IntEnum

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

_LEVEL = ua.NodeId(ua.Int32(ObjectIds.Server_ServiceLevel))

BEST = 255
"""Level of a server that has no redundancy, and of one that does not say."""


class Band(IntEnum):
    """What a range of levels means; a higher one serves better."""

    MAINTENANCE = 0
    """Level 0: clients should leave."""

    NO_DATA = 1
    """Level 1: the server does not reach the machine."""

    DEGRADED = 2
    """Levels 2 to 199: it serves partly."""

    HEALTHY = 3
    """Levels 200 to 255: it serves; differences are about load, not about data."""


def band(level: int) -> Band:
    """Return what a level means."""
    if level >= 200:
        return Band.HEALTHY
    return Band.DEGRADED if level >= 2 else Band(level)


async def service_level(services: UaSession) -> int:
    """Read the level of a server.

    Raises:
        asyncua.ua.UaError: the connection is lost, or the server does not answer.
    """
    (answer,) = await services.read_attributes([_LEVEL], AttributeIds.Value)
    level = answer.Value.Value if answer.Value is not None else None
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= BEST:
        return BEST
    return level
