"""Type definitions: which object and variable types a name or node id stands for."""

from collections.abc import Sequence
from difflib import get_close_matches

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import NodeNotFound
from pilotline_edge.subscription.nodes import is_node_id, node_at

_ROOTS = (ObjectIds.BaseObjectType, ObjectIds.BaseVariableType)
_MOST_TYPES = 20_000
_LEVEL_BATCH = 100


async def types_called(
    wanted: str, session: MachineSession, services: BatchedServices
) -> frozenset[ua.NodeId]:
    """Return the types that `wanted` names, with all their subtypes.

    Args:
        wanted: a node id, or a browse name such as ``AnalogItemType`` or ``2:MillType``.
        session: an open session.
        services: its server.

    Raises:
        NodeNotFound: the server has no such type.
    """
    if is_node_id(wanted):
        node = await node_at(wanted, session)
        if isinstance(node, str):
            raise NodeNotFound(f"cannot look for instances of {wanted}: {node}")
        return frozenset((await _subtypes([node], services, "")).below)
    hierarchy = await _subtypes(
        [ua.NodeId(ua.Int32(number)) for number in _ROOTS], services, wanted
    )
    if not hierarchy.below:
        near = get_close_matches(wanted, hierarchy.names, 3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise NodeNotFound(f"the server has no object or variable type {wanted}{hint}")
    return frozenset(hierarchy.below)


class _Hierarchy:
    """Types met so far: their names, and those below a wanted one."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.below: set[ua.NodeId] = set()


async def _subtypes(
    roots: Sequence[ua.NodeId], services: BatchedServices, wanted: str
) -> _Hierarchy:
    """Walk subtypes breadth first, each once; without a name everything is wanted."""
    found = _Hierarchy()
    seen = set(roots)
    level = list(roots)
    found.below.update(() if wanted else roots)
    while level and len(seen) < _MOST_TYPES:
        following: list[ua.NodeId] = []
        for at in range(0, len(level), _LEVEL_BATCH):
            batch = level[at : at + _LEVEL_BATCH]
            answers = await services.references(batch, ObjectIds.HasSubtype)
            for above, (references, _) in zip(batch, answers, strict=True):
                for reference in references:
                    target = reference.NodeId
                    node = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
                    if node in seen or len(seen) >= _MOST_TYPES:
                        continue
                    seen.add(node)
                    following.append(node)
                    name = reference.BrowseName.Name or ""
                    found.names.add(name)
                    numbered = f"{reference.BrowseName.NamespaceIndex}:{name}"
                    if above in found.below or wanted in (name, numbered):
                        found.below.add(node)
        level = following
    return found
