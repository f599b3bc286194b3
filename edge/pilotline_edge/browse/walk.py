"""Walk: every variable below a node, each met once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.services import BatchedServices

_LEVEL_BATCH = 100
_FOLLOWED = {ua.NodeClass.Object, ua.NodeClass.Variable}


@dataclass(frozen=True, slots=True)
class Place:
    """A node and how it was reached.

    Attributes:
        node: its id.
        path: browse names from the start on, such as ``2:Mill``.
        name: its display name, or its browse name where it has none.
    """

    node: ua.NodeId
    path: tuple[str, ...]
    name: str


@dataclass(slots=True)
class Walked:
    """What a walk met.

    Attributes:
        variables: variables that are no properties.
        properties: property nodes by browse name, for each node that has some.
        left_out: what was not followed: number of nodes by reason.
        unfinished: where and why references are missing.
    """

    variables: list[Place] = field(default_factory=list)
    properties: dict[ua.NodeId, dict[str, Place]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    unfinished: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Walk:
    """Walks hierarchical references breadth first.

    Characteristics
        cycles: a node is followed once, whatever leads to it
        memory: at most `most_nodes` nodes; what lies beyond is counted

    Attributes:
        services: the server.
        depth: levels below the start.
        most_nodes: nodes after which no further one is followed.
    """

    services: BatchedServices
    depth: int
    most_nodes: int
    walked: Walked = field(default_factory=Walked)
    _seen: set[ua.NodeId] = field(default_factory=set)

    async def below(self, start: ua.NodeId) -> Walked:
        """Return what lies below `start`, itself included when it is a variable's child."""
        level = [Place(start, (), "")]
        self._seen.add(start)
        for _ in range(self.depth):
            following: list[Place] = []
            for at in range(0, len(level), _LEVEL_BATCH):
                if len(self._seen) >= self.most_nodes:
                    self.walked.left_out[self._beyond] += len(level) - at
                    return self.walked
                following += await self._level(level[at : at + _LEVEL_BATCH])
            if not following:
                return self.walked
            level = following
        self.walked.left_out[f"below depth {self.depth}, not looked at"] += len(level)
        return self.walked

    @property
    def _beyond(self) -> str:
        return f"beyond {self.most_nodes} nodes, not looked at"

    async def _level(self, places: Sequence[Place]) -> list[Place]:
        following: list[Place] = []
        answers = await self.services.references(
            [place.node for place in places], ObjectIds.HierarchicalReferences
        )
        for place, (references, problem) in zip(places, answers, strict=True):
            if problem:
                self.walked.unfinished.append(("/".join(place.path), problem))
            for reference in references:
                found = self._take(place, reference)
                if found is not None:
                    following.append(found)
        return following

    def _take(self, parent: Place, reference: ua.ReferenceDescription) -> Place | None:
        """Note what a reference leads to and return it when it is to be followed."""
        node = self._new(reference)
        if node is None:
            return None
        browse_name = reference.BrowseName
        step = f"{browse_name.NamespaceIndex}:{browse_name.Name or ''}"
        name = reference.DisplayName.Text or browse_name.Name or ""
        place = Place(node, (*parent.path, step), name)
        if reference.ReferenceTypeId == ua.NodeId(ua.Int32(ObjectIds.HasProperty)):
            self.walked.properties.setdefault(parent.node, {})[browse_name.Name or ""] = place
            return None
        if reference.NodeClass == ua.NodeClass.Variable:
            self.walked.variables.append(place)
        return place if reference.NodeClass in _FOLLOWED else None

    def _new(self, reference: ua.ReferenceDescription) -> ua.NodeId | None:
        """Return the node a reference leads to when it was not met and may be looked at."""
        target = reference.NodeId
        node = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
        if node in self._seen:
            return None
        if getattr(target, "ServerIndex", 0):
            reason = "on another server"
        elif len(self._seen) >= self.most_nodes:
            reason = self._beyond
        elif node == ua.NodeId(ua.Int32(ObjectIds.Server)):
            reason = "the server's own diagnostics"
        else:
            self._seen.add(node)
            return node
        self.walked.left_out[reason] += 1
        return None
