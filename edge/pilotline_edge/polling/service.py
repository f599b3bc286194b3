"""Service: the values of many nodes by the Read service, with the time of the answer."""

import time
from collections.abc import Sequence
from typing import Any

from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_edge.aside import decoded
from pilotline_edge.connection.batches import TOO_BIG, Service
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.polling.read_response import decode_read
from pilotline_edge.subscription.publication import DataValue


async def read_values(
    nodes: Sequence[ua.NodeId], session: MachineSession
) -> tuple[int, list[DataValue]]:
    """Return when a server answered, ns UTC by its clock, and the value of each node.

    With several calls the time is that of the first: what is known of all is known up to it. A
    node whose value is too large or cannot be read has that as its status, and spoils no other.

    Raises:
        asyncua.ua.UaError: the server refuses to be read.
        OSError: the connection is lost.
    """
    reader = _Reader(session)
    values = await session.batches.run(Service.READ, nodes, reader.read)
    return reader.answered_ns or time.time_ns(), values


class _Reader:
    """Reads batches and remembers when the first was answered."""

    def __init__(self, session: MachineSession) -> None:
        self._session = session
        self.answered_ns: int | None = None

    async def read(self, nodes: Sequence[ua.NodeId]) -> list[DataValue]:
        """Read a batch, in halves where it cannot be understood."""
        try:
            body = await self._session.client.uaclient.request(_request(nodes))
            answered_ns, values = await decoded(bytes(body.read(len(body))), decode_read)
        except TOO_BIG as error:
            if len(nodes) > 1:
                raise
            return [_unread(error.code)]
        except UndecodableMessage:
            if len(nodes) == 1:
                return [_unread(uaerrors.BadDecodingError.code)]
            half = len(nodes) // 2
            return [*await self.read(nodes[:half]), *await self.read(nodes[half:])]
        self.answered_ns = self.answered_ns or answered_ns
        return values


def _unread(code: int) -> DataValue:
    return None, code, None, None


def _request(nodes: Sequence[ua.NodeId]) -> ua.ReadRequest:
    request = ua.ReadRequest()
    asked: Any = request.Parameters
    asked.MaxAge = 0.0
    asked.TimestampsToReturn = ua.TimestampsToReturn.Both
    for node in nodes:
        wanted: Any = ua.ReadValueId()
        wanted.NodeId, wanted.AttributeId = node, ua.UInt32(AttributeIds.Value)
        asked.NodesToRead.append(wanted)
    return request
