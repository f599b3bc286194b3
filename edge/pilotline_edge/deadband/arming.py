"""Arming: decides for each item who applies its deadband, the server or the agent.

The agent does where the plant file says so, where the server's profile knows that it does not or
does it wrongly, where the server refused the filter, and for whatever is polled.
"""

from collections.abc import Sequence
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.batches import Service
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.deadband.filter import DeadbandFilter
from pilotline_edge.deadband.request import absolute_width
from pilotline_edge.profiles import GENERIC, Profile
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.nodes import translate
from pilotline_plant import Range

Wanted = tuple[Item, ua.NodeId]
"""An item and its node of today."""

_AGENT = "agent"
_NO_RANGE = (
    "its deadband_percent is not applied, since the server names no EURange; "
    "give the tag an eu_range"
)


async def arm(wanted: Sequence[Wanted], session: MachineSession, *, filters: bool = True) -> None:
    """Give each item the deadband that the agent applies to it, or none.

    Args:
        wanted: items that are about to be read, with their nodes.
        session: the open session.
        filters: whether the server could filter them at all.

    Raises:
        asyncua.ua.UaError: the server does not say its ranges, or the connection is lost.
    """
    profile = session.facts.profile if session.facts is not None else GENERIC
    server_may = session.machine.endpoint.deadbands != _AGENT
    own: list[Wanted] = []
    for item, node in wanted:
        if filters:
            item.filtered = item.filtered and server_may and _can(profile, item)
        item.deadband = item.remark = None
        if not (filters and item.filtered) and (item.tag.deadband or item.tag.deadband_percent):
            own.append((item, node))
    unknown = [node for item, node in own if absolute_width(item.tag) is None]
    ranges = await _eu_ranges(unknown, session)
    for item, node in own:
        width = absolute_width(item.tag, ranges.get(node))
        item.deadband = DeadbandFilter(width) if width else None
        item.remark = _NO_RANGE if width is None else None


def _can(profile: Profile, item: Item) -> bool:
    """Return whether such servers apply the item's deadband, and rightly."""
    return profile.percent if absolute_width(item.tag) is None else profile.absolute


async def _eu_ranges(nodes: Sequence[ua.NodeId], session: MachineSession) -> dict[ua.NodeId, Range]:
    """Return the EURange of each node that has one (OPC 10000-8, 5.3.2.3)."""
    results = await translate([_to_eu_range(node) for node in nodes], session)
    found = [
        (node, result.Targets[0].TargetId)
        for node, result in zip(nodes, results, strict=True)
        if result.StatusCode.is_good() and result.Targets
    ]

    async def read(batch: Sequence[tuple[ua.NodeId, ua.NodeId]]) -> list[ua.DataValue]:
        properties = [property_node for _, property_node in batch]
        return await session.services.read_attributes(properties, AttributeIds.Value)

    answers = await session.batches.run(Service.READ, found, read)
    ranges = ((node, _range(each)) for (node, _), each in zip(found, answers, strict=True))
    return {node: known for node, known in ranges if known is not None}


def _to_eu_range(node: ua.NodeId) -> ua.BrowsePath:
    element: Any = ua.RelativePathElement()
    element.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HasProperty))
    element.IsInverse = False
    element.IncludeSubtypes = True
    element.TargetName = ua.QualifiedName("EURange", 0)
    path = ua.BrowsePath()
    path.StartingNode = node
    path.RelativePath.Elements.append(element)
    return path


def _range(answer: ua.DataValue) -> Range | None:
    held = answer.Value.Value if answer.Value is not None else None
    if not isinstance(held, ua.Range) or not held.Low < held.High:
        return None
    return Range(float(held.Low), float(held.High))
