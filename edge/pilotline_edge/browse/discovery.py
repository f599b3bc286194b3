"""Discovery: the variables of a machine's server, judged whether a tag can have them."""

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.browse.finding import BrowseWishes, Discovery, Progress, in_silence
from pilotline_edge.browse.judgement import Judgement
from pilotline_edge.browse.order import by_path
from pilotline_edge.browse.pattern import PathPattern
from pilotline_edge.browse.roles import tells_role, with_roles
from pilotline_edge.browse.type_definitions import types_called
from pilotline_edge.browse.walk import Place, Route, Walk, Walked
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import NodeNotFound
from pilotline_edge.subscription.nodes import node_at

_PROPERTIES = "properties, such as nameplates and ranges"


async def discover(
    session: MachineSession, wishes: BrowseWishes, progress: Progress = in_silence
) -> Discovery:
    """Browse an open session's server.

    Args:
        session: an open session.
        wishes: what is looked for.
        progress: told how far the browse is.

    Raises:
        NodeNotFound: the server has no node to begin at, or no such type.
        PatternError: what is looked for is no path.
        OSError: the connection is lost.
        asyncua.ua.UaError: the server refuses to be browsed.
    """
    start = await _start(session, wishes.under)
    services = await BatchedServices.of(session)
    route = await _route(session, services, wishes)
    type_definition = await _type_definition(start, services) if route.types else None
    walked = await Walk(services, route, progress).below(start, type_definition)
    discovery = Discovery(counted=walked.left_out, unfinished=sorted(walked.unfinished))
    places = [*walked.variables.values(), *_properties(walked, route, wishes, discovery)]
    judgement = Judgement(session, services, wishes.most_elements, walked.properties, discovery)
    await judgement.judge(places, progress)
    namespaces = session.facts.namespaces if session.facts is not None else ()
    discovery.found = with_roles(sorted(discovery.found, key=by_path), namespaces)
    discovery.left_out.sort(key=by_path)
    return discovery


async def _route(session: MachineSession, services: BatchedServices, wishes: BrowseWishes) -> Route:
    pattern = None if wishes.path is None else PathPattern.of(wishes.path)
    types = None
    if wishes.of_type is not None:
        types = await types_called(wishes.of_type, session, services)
    namespaces = session.facts.namespaces if session.facts is not None else ()
    return Route(wishes.depth, wishes.most_nodes, pattern, types, namespaces)


def _properties(
    walked: Walked, route: Route, wishes: BrowseWishes, discovery: Discovery
) -> list[Place]:
    """Return the properties that become tags, and count the others."""
    named = route.pattern is not None and route.pattern.named
    wanted = list(walked.wanted_properties.values())
    taken = [each for each in wanted if wishes.properties or named or tells_role(each.path)]
    if len(taken) < len(wanted):
        discovery.counted[_PROPERTIES] += len(wanted) - len(taken)
    return taken


async def _type_definition(node: ua.NodeId, services: BatchedServices) -> ua.NodeId | None:
    ((references, _),) = await services.references([node], ObjectIds.HasTypeDefinition)
    return references[0].NodeId if references else None


async def _start(session: MachineSession, under: str | None) -> ua.NodeId:
    if under is None:
        return ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
    node = await node_at(under, session)
    if isinstance(node, str):
        raise NodeNotFound(f"cannot browse under {under}: {node}")
    return node
