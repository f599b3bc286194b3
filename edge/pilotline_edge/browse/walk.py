"""Walk: every variable below a node, each met once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.browse.finding import Progress, in_silence
from pilotline_edge.browse.pattern import PathPattern, Positions
from pilotline_edge.connection.services import BatchedServices

_LEVEL_BATCH = 100
_ORGANIZES = ua.NodeId(ua.Int32(ObjectIds.Organizes))
_FOLLOWED = {ua.NodeClass.Object, ua.NodeClass.Variable}


@dataclass(frozen=True, slots=True)
class Place:
    """A node and how it was reached.

    Attributes:
        node: its id.
        path: browse names from the start on, such as ``2:Mill``.
        name: its display name, or its browse name where it has none.
        positions: where it stands in the pattern that is followed.
        within: whether it belongs to an instance of a type that is looked for.
    """

    node: ua.NodeId
    path: tuple[str, ...]
    name: str
    positions: Positions = frozenset()
    within: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """What is looked for on a walk.

    Attributes:
        depth: levels below the start.
        most_nodes: nodes after which no further one is followed.
        pattern: path that variables must fit, or None for any.
        types: types of variables, or of objects that variables belong to; None for any.
        namespaces: the server's namespace URIs by index.
    """

    depth: int
    most_nodes: int
    pattern: PathPattern | None = None
    types: frozenset[ua.NodeId] | None = None
    namespaces: Sequence[str] = ()

    def begin(self, start: ua.NodeId, type_definition: ua.NodeId | None) -> Place:
        """Return where the walk begins."""
        positions = self.pattern.begin() if self.pattern is not None else frozenset()
        return Place(start, (), "", positions, self._of_type(type_definition))

    def down(self, parent: Place, reference: ua.ReferenceDescription) -> Place:
        """Return the place that a reference leads to."""
        browse_name, target = reference.BrowseName, reference.NodeId
        node = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
        step = f"{browse_name.NamespaceIndex}:{browse_name.Name or ''}"
        name = reference.DisplayName.Text or browse_name.Name or ""
        positions = parent.positions
        if self.pattern is not None:
            positions = self.pattern.down(positions, step, self.namespaces)
        # what an object only organizes is no part of it, and may be what it is itself a part of
        inherited = parent.within and reference.ReferenceTypeId != _ORGANIZES
        within = inherited or self._of_type(reference.TypeDefinition)
        return Place(node, (*parent.path, step), name, positions, within)

    def wanted(self, place: Place) -> bool:
        """Return whether a variable is looked for."""
        fits = self.pattern is None or self.pattern.fulfilled(place.positions)
        return fits and (self.types is None or place.within)

    def goes_on(self, place: Place) -> bool:
        """Return whether something below a place may be looked for."""
        return self.pattern is None or bool(place.positions)

    def _of_type(self, type_definition: ua.NodeId | None) -> bool:
        if self.types is None or type_definition is None:
            return False
        bare = ua.NodeId(type_definition.Identifier, type_definition.NamespaceIndex)
        return bare in self.types


@dataclass(slots=True)
class Walked:
    """What a walk met.

    Attributes:
        variables: variables that are looked for and no properties.
        wanted_properties: properties that are looked for.
        properties: property nodes by browse name, for each node that has some.
        left_out: what was not followed: number of nodes by reason.
        unfinished: where and why references are missing.
    """

    variables: dict[ua.NodeId, Place] = field(default_factory=dict)
    wanted_properties: dict[ua.NodeId, Place] = field(default_factory=dict)
    properties: dict[ua.NodeId, dict[str, Place]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    unfinished: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Walk:
    """Walks hierarchical references breadth first.

    Characteristics
        cycles: a node is followed once, whatever leads to it; with a pattern or a type once for
            each way it may fit, since a first path to it may fit and a second not
        memory: at most `Route.most_nodes` nodes; what lies beyond is counted

    Attributes:
        services: the server.
        route: what is looked for.
        progress: told the number of nodes.
    """

    services: BatchedServices
    route: Route
    progress: Progress = in_silence
    walked: Walked = field(default_factory=Walked)
    _seen: set[tuple[ua.NodeId, Positions, bool]] = field(default_factory=set)

    async def below(self, start: ua.NodeId, type_definition: ua.NodeId | None = None) -> Walked:
        """Return what lies below `start`, itself included when it is a variable's child."""
        level = [self.route.begin(start, type_definition)]
        self._seen.add((start, level[0].positions, level[0].within))
        for _ in range(self.route.depth):
            following: list[Place] = []
            for at in range(0, len(level), _LEVEL_BATCH):
                if len(self._seen) >= self.route.most_nodes:
                    self.walked.left_out[self._beyond] += len(level) - at
                    return self.walked
                following += await self._level(level[at : at + _LEVEL_BATCH])
                self.progress("nodes", len(self._seen), 0)
            if not following:
                return self.walked
            level = following
        self.walked.left_out[f"below depth {self.route.depth}, not looked at"] += len(level)
        return self.walked

    @property
    def _beyond(self) -> str:
        return f"beyond {self.route.most_nodes} nodes, not looked at"

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
        place = self.route.down(parent, reference)
        if not self._is_new(place, reference):
            return None
        wanted = self.route.wanted(place)
        if reference.ReferenceTypeId == ua.NodeId(ua.Int32(ObjectIds.HasProperty)):
            name = reference.BrowseName.Name or ""
            self.walked.properties.setdefault(parent.node, {})[name] = place
            if wanted:
                self.walked.wanted_properties.setdefault(place.node, place)
            return None
        if wanted and reference.NodeClass == ua.NodeClass.Variable:
            self.walked.variables.setdefault(place.node, place)
        follow = reference.NodeClass in _FOLLOWED and self.route.goes_on(place)
        return place if follow else None

    def _is_new(self, place: Place, reference: ua.ReferenceDescription) -> bool:
        """Return whether the node was not met so and may be looked at."""
        key = (place.node, place.positions, place.within)
        if key in self._seen:
            return False
        if getattr(reference.NodeId, "ServerIndex", 0):
            reason = "on another server"
        elif len(self._seen) >= self.route.most_nodes:
            reason = self._beyond
        elif place.node == ua.NodeId(ua.Int32(ObjectIds.Server)):
            reason = "the server's own diagnostics"
        else:
            self._seen.add(key)
            return True
        self.walked.left_out[reason] += 1
        return False
