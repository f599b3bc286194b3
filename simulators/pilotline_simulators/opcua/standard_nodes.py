"""OPC UA's own 6,000 nodes, built once and shared by every simulated server.

asyncua builds them anew for each server: 1 to 3 s and 7 to 35 MB each, a minute of start-up for 24
machines on a small computer.
"""

import copy
import gc
from collections.abc import Iterator, Mapping, MutableMapping
from functools import cache
from pathlib import Path

from asyncua import ua
from asyncua.server.address_space import (
    AddressSpace,
    AttributeValue,
    NodeData,
    NodeManagementService,
)
from asyncua.server.internal_server import InternalServer
from asyncua.server.standard_address_space.standard_address_space import fill_address_space
from asyncua.ua.attribute_ids import AttributeIds


@cache
def standard_nodes() -> Mapping[ua.NodeId, NodeData]:
    """Return the standard nodes; the first call builds them, which takes a second or two."""
    space = AddressSpace()
    collecting = gc.isenabled()
    # The collector would walk a growing heap that holds no garbage, and double the time.
    gc.disable()
    try:
        fill_address_space(NodeManagementService(space))  # type: ignore[no-untyped-call]
    finally:
        if collecting:
            gc.enable()
    return {node_id: space[node_id] for node_id in space.keys()}  # noqa: SIM118 - no iterator


class SharedNodes(MutableMapping[ua.NodeId, NodeData]):
    """A server's nodes: its own ones, and private copies of the standard ones it touches.

    Characteristics:
        Copy on read: asyncua changes nodes in place, so a shared node is copied before it is
        handed out. A server that is only subscribed to touches some tens of nodes; one whose
        whole tree is browsed copies all, about 8 MB.
        Deletion hides a shared node in this server only.
        Not thread-safe: one event loop.

    Args:
        shared: the nodes to share, never changed.
    """

    def __init__(self, shared: Mapping[ua.NodeId, NodeData]) -> None:
        self._shared = shared
        self._own: dict[ua.NodeId, NodeData] = {}
        self._hidden: set[ua.NodeId] = set()

    def __getitem__(self, node_id: ua.NodeId) -> NodeData:
        own = self._own.get(node_id)
        if own is not None:
            return own
        if node_id in self._hidden:
            raise KeyError(node_id)
        own = self._own[node_id] = _private(self._shared[node_id])
        return own

    def __setitem__(self, node_id: ua.NodeId, node: NodeData) -> None:
        self._own[node_id] = node
        self._hidden.discard(node_id)

    def __delitem__(self, node_id: ua.NodeId) -> None:
        if node_id not in self:
            raise KeyError(node_id)
        self._own.pop(node_id, None)
        self._hidden.add(node_id)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._own or (node_id in self._shared and node_id not in self._hidden)

    def __iter__(self) -> Iterator[ua.NodeId]:
        yield from self._own
        yield from (
            each for each in self._shared if each not in self._own and each not in self._hidden
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)


class SharingServer(InternalServer):
    """asyncua's inner server, standing on the shared standard nodes."""

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        """Take the shared nodes for the ones asyncua would build or load."""
        del shelf_file
        # asyncua has no seam here, and does the same for its own lazily loaded nodes.
        self.aspace._nodes = SharedNodes(standard_nodes())  # type: ignore[assignment]  # noqa: SLF001


def _private(node: NodeData) -> NodeData:
    """Copy what asyncua changes in place: lists, references, attribute cells and values."""
    twin = NodeData(node.nodeid)
    twin.attributes = {
        attribute: AttributeValue(
            copy.deepcopy(cell.value) if attribute == AttributeIds.Value else cell.value
        )
        for attribute, cell in node.attributes.items()
        if cell.value is not None
    }
    twin.references = [copy.copy(reference) for reference in node.references]
    twin.call = node.call
    return twin
