"""Built-in types: what a data type is encoded as."""

from collections.abc import Iterable

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.services import BatchedServices

_DEEPEST = 32
_LAST_BUILT_IN = 29


async def built_in_types(
    types: Iterable[ua.NodeId], services: BatchedServices
) -> dict[ua.NodeId, int]:
    """Return the built-in type each data type derives from, 0 where that is not told."""
    wanted = set(types)
    ancestor = {node: node for node in wanted}
    for _ in range(_DEEPEST):
        open_ones = [node for node in wanted if not _settled(ancestor[node])]
        if not open_ones:
            break
        answers = await services.references(
            [ancestor[node] for node in open_ones], ObjectIds.HasSubtype, inverse=True
        )
        for node, (references, _) in zip(open_ones, answers, strict=True):
            above = references[0].NodeId if references else ua.NodeId()
            ancestor[node] = ua.NodeId(above.Identifier, above.NamespaceIndex, above.NodeIdType)
    return {node: _number(ancestor[node]) for node in wanted}


def _settled(node: ua.NodeId) -> bool:
    number = _number(node)
    return node.is_null() or 0 < number <= _LAST_BUILT_IN


def _number(node: ua.NodeId) -> int:
    identifier = node.Identifier
    known = node.NamespaceIndex == 0 and isinstance(identifier, int)
    return int(identifier) if known and int(identifier) <= _LAST_BUILT_IN else 0
