"""Capped session: asyncua's services, whose answers never hold up the loop or surprise us."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.common.utils import Buffer
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.ua_binary import struct_from_binary

from pilotline_edge.aside import decoded

if TYPE_CHECKING:
    from pilotline_edge.connection.transport import CappedUaClient

_LARGE_BYTES = 16 * 1024
"""asyncua takes up to seven microseconds for a byte: a tenth of a second for so many."""


@contextmanager
def judged_by_asyncua() -> Iterator[None]:
    """Turn what asyncua raises over an answer that it does not understand into an error of OPC UA.

    A signature that is wrong, an endpoint without an address, another message than the one that
    was due: it raises whatever its own code happens to raise over them.

    Raises:
        BadDecodingError: an answer is none that asyncua understands.
    """
    try:
        yield
    except (uaerrors.UaError, OSError, TimeoutError):
        raise
    except Exception as error:  # asyncua raises whatever a server's answer makes it raise
        raise uaerrors.BadDecodingError from error


def read_answer(kind: type[Any], body: bytes) -> Any:  # noqa: ANN401 - asyncua's answers share no base
    """Return an answer as asyncua decodes it.

    Raises:
        BadDecodingError: asyncua does not understand the bytes; it raises whatever comes, and
            deep structures within each other end its recursion.
        asyncua.ua.UaStatusCodeError: the answer carries a bad service result.
    """
    with judged_by_asyncua():
        response: Any = struct_from_binary(kind, Buffer(body))
    response.ResponseHeader.ServiceResult.check()
    return response


class CappedSession(UaSession):
    """The services the agent uses, with large answers decoded in a thread.

    asyncua decodes each answer on the loop, at up to seven microseconds a byte: two megabytes of
    nothings hold up every machine for fifteen seconds. What its decoder raises is no error of OPC
    UA (`RecursionError`, `struct.error`, `AttributeError`), so that callers do not catch it.

    Characteristics
        size: answers up to `ReceiveCaps.max_answer_size`
        loop: held up for a tenth of a second at most
    """

    _client: "CappedUaClient"

    async def read(self, parameters: ua.ReadParameters) -> list[ua.DataValue]:
        """Read attributes."""
        request: Any = ua.ReadRequest()
        request.Parameters = parameters
        return _listed((await self._answer(request, ua.ReadResponse)).Results)

    async def read_attributes(
        self, nodeids: Sequence[ua.NodeId], attr: AttributeIds
    ) -> list[ua.DataValue]:
        """Read one attribute of several nodes; there are as many answers as nodes."""
        request: Any = ua.ReadRequest()
        for node in nodeids:
            wanted: Any = ua.ReadValueId()
            wanted.NodeId, wanted.AttributeId = node, attr
            request.Parameters.NodesToRead.append(wanted)
        results = _listed((await self._answer(request, ua.ReadResponse)).Results)
        if len(results) != len(nodeids):
            raise uaerrors.BadUnexpectedError
        return results

    async def browse(self, parameters: ua.BrowseParameters) -> list[ua.BrowseResult]:
        """Follow references."""
        request: Any = ua.BrowseRequest()
        request.Parameters = parameters
        return _listed((await self._answer(request, ua.BrowseResponse)).Results)

    async def browse_next(self, parameters: ua.BrowseNextParameters) -> list[ua.BrowseResult]:
        """Follow continuation points."""
        request: Any = ua.BrowseNextRequest()
        request.Parameters = parameters
        return _listed((await self._answer(request, ua.BrowseNextResponse)).Parameters.Results)

    async def translate_browsepaths_to_nodeids(
        self, browse_paths: list[ua.BrowsePath]
    ) -> list[ua.BrowsePathResult]:
        """Return where browse paths lead."""
        request: Any = ua.TranslateBrowsePathsToNodeIdsRequest()
        request.Parameters.BrowsePaths = browse_paths
        kind = ua.TranslateBrowsePathsToNodeIdsResponse
        return _listed((await self._answer(request, kind)).Results)

    async def call(self, methodstocall: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        """Call methods."""
        request: Any = ua.CallRequest()
        request.Parameters.MethodsToCall = methodstocall
        return _listed((await self._answer(request, ua.CallResponse)).Results)

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """Have items monitored."""
        request: Any = ua.CreateMonitoredItemsRequest()
        request.Parameters = params
        return _listed((await self._answer(request, ua.CreateMonitoredItemsResponse)).Results)

    async def delete_monitored_items(
        self, params: ua.DeleteMonitoredItemsParameters
    ) -> list[ua.StatusCode]:
        """Have items monitored no longer."""
        request: Any = ua.DeleteMonitoredItemsRequest()
        request.Parameters = params
        return _listed((await self._answer(request, ua.DeleteMonitoredItemsResponse)).Results)

    async def _answer(self, request: Any, kind: type[Any]) -> Any:  # noqa: ANN401 - asyncua's requests and answers share no base
        body = await self._client.request(request)
        return await decoded(bytes(body.read(len(body))), partial(read_answer, kind), _LARGE_BYTES)


def _listed(results: list[Any] | None) -> list[Any]:
    return [] if results is None else results
