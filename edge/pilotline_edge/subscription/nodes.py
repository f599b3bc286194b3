"""Nodes: from a tag's node id or browse path to the server's node id of today."""

from collections.abc import Sequence
from typing import Any

from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.session import MachineSession
from pilotline_plant import Tag

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
    size = session.facts.batch_paths
    for start in range(0, len(by_path), size):
        batch = by_path[start : start + size]
        found |= dict(zip((tag.id for tag in batch), await _translate(batch, session), strict=True))
    return [found[tag.id] for tag in tags]


def node_of(text: str, namespaces: Sequence[str]) -> Resolved:
    """Return the node id that `text` writes, or why it writes none.

    Args:
        text: ``ns=2;s=…``, or with the namespace's URI ``nsu=urn:x;s=…``.
        namespaces: the server's namespace URIs by index.
    """
    if text.startswith("nsu="):
        uri, _, rest = text[4:].partition(";")
        if uri not in namespaces:
            return f"the server has no namespace {uri}"
        text = f"ns={namespaces.index(uri)};{rest}"
    try:
        return ua.NodeId.from_string(text)
    except (ValueError, uaerrors.UaError):
        return f"{text} is no node id; write ns=2;s=Name or nsu=urn:x;s=Name"


async def _translate(tags: Sequence[Tag], session: MachineSession) -> list[Resolved]:
    paths = [_browse_path(tag.browse_path or "") for tag in tags]
    results = await session.services.translate_browsepaths_to_nodeids(paths)
    return [_target(tag, result) for tag, result in zip(tags, results, strict=True)]


def _browse_path(path: str) -> ua.BrowsePath:
    browse = ua.BrowsePath()
    browse.StartingNode = ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
    for step in path.strip("/").split("/"):
        element: Any = ua.RelativePathElement()
        element.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences))
        element.IsInverse = False
        element.IncludeSubtypes = True
        element.TargetName = ua.QualifiedName.from_string(step)
        browse.RelativePath.Elements.append(element)
    return browse


def _target(tag: Tag, result: ua.BrowsePathResult) -> Resolved:
    if not result.StatusCode.is_good() or not result.Targets:
        return f"the server has no node at {tag.browse_path} ({result.StatusCode.name})"
    target = result.Targets[0].TargetId
    return ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
