"""Services: Browse and Read in batches a server accepts, however it limits them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.aside import decoded
from pilotline_edge.connection.batches import TOO_BIG, Answer, Asked
from pilotline_edge.connection.capped_session import read_answer
from pilotline_edge.connection.facts import count_of
from pilotline_edge.connection.session import MachineSession

_LIMITS = "Server_ServerCapabilities_OperationLimits_"
_MOST_BROWSED = getattr(ObjectIds, f"{_LIMITS}MaxNodesPerBrowse")
_MOST_READ = getattr(ObjectIds, f"{_LIMITS}MaxNodesPerRead")
_BATCH = 100
_REFERENCES_PER_ANSWER = 200
_MOST_PAGES = 1_000
_MOST_REFERENCES = 100_000

References = tuple[list[ua.ReferenceDescription], str]
"""References of a node, and why there are not all of them, or an empty text."""


class BatchedServices:
    """Browse and Read over a session, in batches.

    Characteristics
        batch: what the server says it takes, at most 100 nodes; halved when it refuses
        continuation points: at most 1 000 for a node, released when left
        references: at most 100 000 of a node; a server that never ends could fill the memory
    """

    def __init__(self, session: MachineSession, browsed: int, read: int) -> None:
        self._session = session
        self._browsed = browsed
        self._read = read

    @classmethod
    async def of(cls, session: MachineSession) -> "BatchedServices":
        """Return the services of an open session, with the limits its server names."""
        nodes = [ua.NodeId(ua.Int32(number)) for number in (_MOST_BROWSED, _MOST_READ)]
        answers = await session.services.read_attributes(nodes, AttributeIds.Value)
        limits = (answer.Value.Value if answer.Value is not None else None for answer in answers)
        browsed, read = (min(count_of(limit) or _BATCH, _BATCH) for limit in limits)
        return cls(session, browsed, read)

    async def references(
        self, nodes: Sequence[ua.NodeId], reference_type: int, *, inverse: bool = False
    ) -> list[References]:
        """Return each node's references of a type and its subtypes.

        Args:
            nodes: where to look.
            reference_type: number of the type in namespace 0.
            inverse: whether to follow them backward.
        """
        asked = [_description(node, reference_type, inverse=inverse) for node in nodes]
        too_large: References = ([], _TOO_LARGE)
        found = await _in_batches(asked, self._browsed, self._browse, too_large)
        lacking = [n for n, (_, problem) in enumerate(found) if problem == _NO_POINTS]
        for n in lacking:  # the server has no continuation point left for so many at once
            (found[n],) = await self._browse([asked[n]])
        return found

    async def read(self, asked: Sequence[tuple[ua.NodeId, AttributeIds]]) -> list[ua.DataValue]:
        """Return attributes in the order asked for."""
        too_large = ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(_TOO_LARGE_CODE)))
        return await _in_batches(asked, self._read, self._read_some, too_large)

    async def read_one(
        self, node: ua.NodeId, attribute: AttributeIds, most_bytes: int
    ) -> ua.DataValue:
        """Return an attribute whose answer is not decoded when it is longer than `most_bytes`.

        Raises:
            BadResponseTooLarge: it is.
            BadDecodingError: it is no answer that asyncua understands.
        """
        wanted: Any = ua.ReadValueId()
        wanted.NodeId, wanted.AttributeId = node, ua.UInt32(attribute)
        request: Any = ua.ReadRequest()
        request.Parameters.NodesToRead.append(wanted)
        session = self._session
        body = await session.client.uaclient.ask(request, session.settings.request_timeout_s)
        if len(body) > most_bytes:
            raise uaerrors.BadResponseTooLarge
        read = partial(read_answer, ua.ReadResponse)
        response = await decoded(bytes(body.read(len(body))), read)
        answers: list[ua.DataValue] = _complete(response.Results, [node])
        return answers[0]

    async def _read_some(
        self, asked: Sequence[tuple[ua.NodeId, AttributeIds]]
    ) -> list[ua.DataValue]:
        parameters: Any = ua.ReadParameters()
        for node, attribute in asked:
            wanted: Any = ua.ReadValueId()
            wanted.NodeId, wanted.AttributeId = node, ua.UInt32(attribute)
            parameters.NodesToRead.append(wanted)
        return _complete(await self._session.services.read(parameters), asked)

    async def _browse(self, asked: Sequence[ua.BrowseDescription]) -> list[References]:
        parameters: Any = ua.BrowseParameters()
        parameters.RequestedMaxReferencesPerNode = ua.UInt32(_REFERENCES_PER_ANSWER)
        parameters.NodesToBrowse = list(asked)
        results = _complete(await self._session.services.browse(parameters), asked)
        return [await self._whole(result) for result in results]

    async def _whole(self, result: ua.BrowseResult) -> References:
        """Follow a result's continuation points to its end."""
        if not result.StatusCode.is_good():
            return [], result.StatusCode.name
        found = list(result.References or ())
        for _ in range(_MOST_PAGES):
            if not result.ContinuationPoint:
                return found, ""
            (result,) = _complete(await self._next(result.ContinuationPoint), "1")
            if not result.StatusCode.is_good():
                return found, result.StatusCode.name
            found.extend(result.References or ())
            if len(found) > _MOST_REFERENCES:
                break
        await self._next(result.ContinuationPoint, release=True)
        return (
            found,
            f"more than {_MOST_PAGES} continuation points or {_MOST_REFERENCES} references",
        )

    async def _next(self, point: bytes, *, release: bool = False) -> list[ua.BrowseResult]:
        parameters: Any = ua.BrowseNextParameters()
        parameters.ReleaseContinuationPoints = release
        parameters.ContinuationPoints = [point]
        return await self._session.services.browse_next(parameters)


_NO_POINTS = "BadNoContinuationPoints"
_TOO_LARGE = "BadResponseTooLarge"
_TOO_LARGE_CODE = uaerrors.BadResponseTooLarge.code


def _description(node: ua.NodeId, reference_type: int, *, inverse: bool) -> ua.BrowseDescription:
    description: Any = ua.BrowseDescription()
    description.NodeId = node
    description.BrowseDirection = (
        ua.BrowseDirection.Inverse if inverse else ua.BrowseDirection.Forward
    )
    description.ReferenceTypeId = ua.NodeId(ua.Int32(reference_type))
    description.IncludeSubtypes = True
    description.NodeClassMask = ua.UInt32(0)
    description.ResultMask = ua.UInt32(ua.BrowseResultMask.All)
    described: ua.BrowseDescription = description
    return described


async def _in_batches(
    asked: Sequence[Asked],
    size: int,
    ask: Callable[[Sequence[Asked]], Awaitable[list[Answer]]],
    too_large: Answer,
) -> list[Answer]:
    """Ask in batches, halved where the server or we refuse them as too large.

    What is too large by itself is answered by `too_large`.
    """
    answers: list[Answer] = []
    at = 0
    while at < len(asked):
        batch = asked[at : at + size]
        try:
            answers += await ask(batch)
        except TOO_BIG:
            if len(batch) > 1:
                size = len(batch) // 2
                continue
            answers.append(too_large)
        at += len(batch)
    return answers


def _complete(answers: list[Answer] | None, asked: Sequence[object]) -> list[Answer]:
    if answers is None or len(answers) != len(asked):
        raise uaerrors.UaError(
            f"the server answered {len(answers or ())} of {len(asked)} operations"
        )
    return answers
