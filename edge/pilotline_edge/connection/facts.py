"""Facts: what a server says about itself when a session begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.batches import BatchSizes, Service
from pilotline_edge.connection.capacity import Capacity
from pilotline_edge.profiles import GENERIC, Build, Profile, profile_of
from pilotline_plant.printable import well_formed

_CAPABILITIES = "Server_ServerCapabilities_"
_CALLS = f"{_CAPABILITIES}OperationLimits_"
_BUILD = "Server_ServerStatus_BuildInfo_"

_ASKED = {
    "started": "Server_ServerStatus_StartTime",
    "namespaces": "Server_NamespaceArray",
    "servers": "Server_ServerArray",
    "manufacturer": f"{_BUILD}ManufacturerName",
    "product": f"{_BUILD}ProductName",
    "product_uri": f"{_BUILD}ProductUri",
    "software": f"{_BUILD}SoftwareVersion",
    "items_per_call": f"{_CALLS}MaxMonitoredItemsPerCall",
    "paths_per_call": f"{_CALLS}MaxNodesPerTranslateBrowsePathsToNodeIds",
    "items": f"{_CAPABILITIES}MaxMonitoredItems",
    "items_per_subscription": f"{_CAPABILITIES}MaxMonitoredItemsPerSubscription",
    "subscriptions": f"{_CAPABILITIES}MaxSubscriptions",
    "subscriptions_per_session": f"{_CAPABILITIES}MaxSubscriptionsPerSession",
    "queue": f"{_CAPABILITIES}MaxMonitoredItemsQueueSize",
}
_MOST_TEXTS = 1_000
_LONGEST_TEXT = 4_096
_LONGEST_WORD = 256
_READS_PER_CALL = f"{_CALLS}MaxNodesPerRead"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server said about itself.

    Characteristics
        bounded: 1 000 namespaces of 4 096 characters, other texts of 256; what lies beyond is not
            known, since each tag is looked up among them and each status tells them

    Attributes:
        started: when this run of the server began, or None when it does not say.
        namespaces: namespace URIs by index.
        build: what it is.
        profile: what is known of such servers.
        capacity: how many subscriptions and monitored items it has.
    """

    started: datetime | None
    namespaces: tuple[str, ...]
    build: Build = field(default_factory=Build)
    profile: Profile = GENERIC
    capacity: Capacity = field(default_factory=Capacity)


async def ask_facts(services: UaSession, batches: BatchSizes, profile: str | None) -> ServerFacts:
    """Ask a server about itself and note in `batches` how much it takes in one call.

    How much can be read in one call comes first, since the other questions are a call too.

    Args:
        services: the session's services.
        batches: where its limits are noted.
        profile: the profile a plant file names, or None.

    Raises:
        asyncua.ua.UaError: it does not answer.
    """

    async def read(names: Sequence[str]) -> list[Any]:
        nodes = [ua.NodeId(ua.Int32(getattr(ObjectIds, name))) for name in names]
        answers = await services.read_attributes(nodes, AttributeIds.Value)
        return [answer.Value.Value if answer.Value is not None else None for answer in answers]

    (reads_per_call,) = await read([_READS_PER_CALL])
    batches.limit(Service.READ, count_of(reads_per_call))
    values = await batches.run(Service.READ, list(_ASKED.values()), read)
    said = dict(zip(_ASKED, values, strict=True))
    build = _build(said)
    known = profile_of(profile, build)
    per_call = {
        Service.READ: reads_per_call,
        Service.MONITOR: said["items_per_call"],
        Service.TRANSLATE: said["paths_per_call"],
    }
    for service, limit in per_call.items():
        batches.limit(service, _least(count_of(limit), known.batch or batches.default))
    return ServerFacts(
        started=said["started"] if isinstance(said["started"], datetime) else None,
        namespaces=_texts(said["namespaces"]),
        build=build,
        profile=known,
        capacity=_capacity(said, known),
    )


def _capacity(said: dict[str, Any], known: Profile) -> Capacity:
    of_session, of_all = said["subscriptions_per_session"], said["subscriptions"]
    return Capacity(
        items=count_of(said["items"]) or known.most_items,
        items_per_subscription=count_of(said["items_per_subscription"]),
        subscriptions=_least(count_of(of_session), count_of(of_all)),
        queue=count_of(said["queue"]),
    )


def _build(said: dict[str, Any]) -> Build:
    words = ("manufacturer", "product", "product_uri", "software")
    own = _texts(said["servers"])[:1]
    texts = {word: well_formed(str(said[word] or "")[:_LONGEST_WORD]) for word in words}
    return Build(**texts, application_uri="".join(own))


def _texts(value: object) -> tuple[str, ...]:
    """Return texts of an array; a place with another thing, or too long a text, names nothing."""
    listed = value[:_MOST_TEXTS] if isinstance(value, list | tuple) else ()
    return tuple(
        well_formed(each) if isinstance(each, str) and len(each) <= _LONGEST_TEXT else ""
        for each in listed
    )


def count_of(value: object) -> int | None:
    """Return a limit, or None where a server says none, which it does with 0 or nothing."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value > 0 else None


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
