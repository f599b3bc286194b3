"""Discovery: the variables of a machine's server, judged whether a tag can have them."""

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.browse.finding import BrowseWishes, Discovery
from pilotline_edge.browse.judgement import Judgement
from pilotline_edge.browse.walk import Walk
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import NodeNotFound
from pilotline_edge.subscription.nodes import node_at


async def discover(session: MachineSession, wishes: BrowseWishes) -> Discovery:
    """Browse an open session's server.

    Raises:
        NodeNotFound: the server has no node to begin at.
        OSError: the connection is lost.
        asyncua.ua.UaError: the server refuses to be browsed.
    """
    start = await _start(session, wishes.under)
    services = await BatchedServices.of(session)
    walked = await Walk(services, wishes.depth, wishes.most_nodes).below(start)
    places = list(walked.variables)
    discovery = Discovery(counted=walked.left_out, unfinished=walked.unfinished)
    properties = [each for owned in walked.properties.values() for each in owned.values()]
    if wishes.properties:
        places += properties
    elif properties:
        discovery.counted["properties, such as nameplates and ranges"] += len(properties)
    await Judgement(session, services, wishes, walked, discovery).judge(places)
    return discovery


async def _start(session: MachineSession, under: str | None) -> ua.NodeId:
    if under is None:
        return ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
    node = await node_at(under, session)
    if isinstance(node, str):
        raise NodeNotFound(f"cannot browse under {under}: {node}")
    return node
