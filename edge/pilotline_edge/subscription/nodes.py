"""Nodes: from a tag's node id or browse path to the server's node id of today."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.batches import Service
from pilotline_edge.connection.session import MachineSession
from pilotline_plant import Tag
from pilotline_plant.browse_path import browse_steps

_NODE_ID = re.compile(r"(?:nsu?=[^;]+;)?[isgb]=")
_WHOLE_PATH = 0xFFFF_FFFF
"""What a target's remaining path says when none remains (OPC 10000-4, 5.9.4)."""

Resolved = ua.NodeId | str
"""A node id, or the reason why there is none."""


async def resolve(tags: Sequence[Tag], session: MachineSession) -> list[Resolved]:
    """Return each tag's node id, or why it has none, in the order of `tags`.

    Namespace indexes may change when a server restarts, so this is done for each subscription
    that is made.
    """
    if session.facts is None:
        raise ConnectionError(f"machine {session.machine.id} is not connected")
    namespaces = session.facts.namespaces
    found: dict[str, Resolved] = {
        tag.id: node_of(tag.node_id, namespaces) for tag in tags if tag.node_id is not None
    }
    by_path = [tag for tag in tags if tag.node_id is None]
    nodes = await _translate([tag.browse_path or "" for tag in by_path], session)
    found |= dict(zip((tag.id for tag in by_path), nodes, strict=True))
    return [found[tag.id] for tag in tags]


def node_of(text: str, namespaces: Sequence[str]) -> Resolved:
    """Return the node id that `text` writes, or why it writes none.

    Args:
        text: ``ns=2;s=…``, or with the namespace's URI ``nsu=urn:x;s=…``, in which ``;`` and ``%``
            are written ``%3B`` and ``%25`` (OPC 10000-6, 5.1.12).
        namespaces: the server's namespace URIs by index.
    """
    if text.startswith("nsu="):
        uri, _, rest = text[4:].partition(";")
        index = _index_of(uri, namespaces)
        if index is None:
            return f"the server has no namespace {uri}"
        text = f"ns={index};{rest}"
    try:
        return ua.NodeId.from_string(text)
    except (ValueError, uaerrors.UaError):
        return f"{text} is no node id; write ns=2;s=Name or nsu=urn:x;s=Name"


def is_node_id(address: str) -> bool:
    """Return whether an address is a node id, and not a browse path."""
    return _NODE_ID.match(address) is not None


async def node_at(address: str, session: MachineSession) -> Resolved:
    """Return the node at a node id or browse path, or why there is none."""
    if is_node_id(address):
        return node_of(address, session.facts.namespaces if session.facts is not None else ())
    (found,) = await _translate([address], session)
    return found


def _index_of(uri: str, namespaces: Sequence[str]) -> int | None:
    for written in (uri, unquote(uri)):
        if written in namespaces:
            return namespaces.index(written)
    return None


async def _translate(paths: Sequence[str], session: MachineSession) -> list[Resolved]:
    namespaces = session.facts.namespaces if session.facts is not None else ()
    asked = [_browse_path(path, namespaces) for path in paths]
    written = [each for each in asked if isinstance(each, ua.BrowsePath)]
    results = iter(await translate(written, session))
    return [
        each if isinstance(each, str) else _target(path, next(results))
        for path, each in zip(paths, asked, strict=True)
    ]


async def translate(
    paths: Sequence[ua.BrowsePath], session: MachineSession
) -> list[ua.BrowsePathResult]:
    """Return where browse paths lead, in calls of a size the server takes."""
    ask = session.services.translate_browsepaths_to_nodeids
    return await session.batches.run(Service.TRANSLATE, paths, lambda batch: ask(list(batch)))


def _browse_path(path: str, namespaces: Sequence[str]) -> ua.BrowsePath | str:
    """Return what the server is asked for a browse path, or why it cannot be asked."""
    browse = ua.BrowsePath()
    browse.StartingNode = ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
    try:
        steps = browse_steps(path.strip("/"))
    except ValueError as error:
        return str(error)
    for step in steps:
        index = step.namespace
        if isinstance(index, str):
            found = _index_of(index, namespaces)
            if found is None:
                return f"the server has no namespace {index}"
            index = found
        element: Any = ua.RelativePathElement()
        element.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences))
        element.IsInverse = False
        element.IncludeSubtypes = True
        element.TargetName = ua.QualifiedName(step.name, index)
        browse.RelativePath.Elements.append(element)
    return browse


def _target(path: str, result: ua.BrowsePathResult) -> Resolved:
    if not result.StatusCode.is_good() or not result.Targets:
        return f"the server has no node at {path} ({result.StatusCode.name})"
    here = [target for target in result.Targets if target.RemainingPathIndex == _WHOLE_PATH]
    if not here:
        return f"{path} leads to another server"
    target = here[0].TargetId
    return ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
