"""Archive: the history that one machine's server offers."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.aside import decoded
from pilotline_edge.backfill.answer import Answer, read_answers
from pilotline_edge.connection.batches import TOO_BIG
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.subscription.nodes import resolve
from pilotline_plant import Tag

log = structlog.get_logger("pilotline.edge")

MOST_NODES = 100
"""Nodes in one call, unless the server takes less."""

_MOST_VALUES = 10_000
_LEAST_VALUES = 100

_HISTORY_READ = 0x04
"""Bit of AccessLevel (OPC 10000-3, 8.57)."""

_LIMITS = "Server_ServerCapabilities_OperationLimits_"
_MOST_HISTORY = getattr(ObjectIds, f"{_LIMITS}MaxNodesPerHistoryReadData")
_MOST_READ = getattr(ObjectIds, f"{_LIMITS}MaxNodesPerRead")
_MOST_PER_READ = 500
_BEYOND = timedelta(milliseconds=1)
"""The end of a stretch is not part of it (OPC 10000-11, 6.5.3), and its last value is wanted."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stretch(NamedTuple):
    """The time that one call asks for; the service knows but one for all its nodes.

    Attributes:
        start_ns: first instant, ns UTC; included.
        end_ns: last instant, ns UTC; included.
        bounds: whether the value before the first instant is wanted too.
        most: values of each node in one answer.
    """

    start_ns: int
    end_ns: int
    bounds: bool
    most: int


class Question(NamedTuple):
    """What is asked of one tag's history.

    Attributes:
        tag: tag id.
        continuation: where a former answer to the same question broke off, or None.
    """

    tag: str
    continuation: bytes | None


def values_each(nodes: int) -> int:
    """Return how many values of each node one answer may hold, so that none delays live values."""
    return max(_MOST_VALUES // max(nodes, 1), _LEAST_VALUES)


class Archive:
    """Asks one server for raw history, on one connection.

    Characteristics
        bounded: `MOST_NODES` nodes and about 10 000 values in one call, fewer where the server says
            so or refuses; one call at a time
        remembers: which tags have a history, until the connection ends
    """

    def __init__(self, session: MachineSession) -> None:
        self._session = session
        self._tags: dict[str, Tag] = {}
        self._nodes: dict[str, ua.NodeId | None] = {}
        self._most_nodes = 0
        self._most_read = _MOST_PER_READ

    def know(self, tags: Iterable[Tag]) -> None:
        """Take these tags for those of the machine."""
        self._tags = {tag.id: tag for tag in tags}

    async def having(self, tags: Sequence[str]) -> set[str]:
        """Return which of these tags have a history that can be read.

        Raises:
            asyncua.ua.UaError: the connection is lost, or the server refuses.
        """
        await self._learn_limits()
        unknown = [self._tags[tag] for tag in tags if tag in self._tags and tag not in self._nodes]
        for start in range(0, len(unknown), self._most_read):
            await self._look(unknown[start : start + self._most_read])
        return {tag for tag in tags if self._nodes.get(tag) is not None}

    async def _learn_limits(self) -> None:
        if self._most_nodes:
            return
        asked = [ua.NodeId(ua.Int32(number)) for number in (_MOST_HISTORY, _MOST_READ)]
        answers = await self._session.services.read_attributes(asked, AttributeIds.Value)
        if len(answers) != len(asked):
            raise uaerrors.BadUnexpectedError
        self._most_nodes = _limit(answers[0], MOST_NODES)
        self._most_read = _limit(answers[1], _MOST_PER_READ)

    async def _look(self, tags: Sequence[Tag]) -> None:
        nodes = await resolve(tags, self._session)
        found = [node for node in nodes if isinstance(node, ua.NodeId)]
        levels: Sequence[ua.DataValue] = ()
        if found:
            levels = await self._session.services.read_attributes(found, AttributeIds.AccessLevel)
        if len(levels) != len(found):
            raise uaerrors.BadUnexpectedError
        readable = iter(map(_readable, levels))
        for tag, node in zip(tags, nodes, strict=True):
            has = isinstance(node, ua.NodeId) and next(readable)
            self._nodes[tag.id] = node if has and isinstance(node, ua.NodeId) else None

    @property
    def most_nodes(self) -> int:
        """How many tags are asked for at once."""
        return max(self._most_nodes, 1)

    async def ask(self, stretch: Stretch, questions: Sequence[Question]) -> list[Answer]:
        """Return an answer to each question.

        A server that finds the call too big is asked for fewer nodes at once from then on.

        Raises:
            UndecodableMessage: what came is no answer.
            asyncua.ua.UaError: the connection is lost, or the server has no such service.
        """
        answers: list[Answer] = []
        while len(answers) < len(questions):
            batch = questions[len(answers) : len(answers) + self.most_nodes]
            try:
                answers += await self._call(stretch, batch)
            except TOO_BIG:
                if self._most_nodes <= 1:
                    raise
                self._most_nodes = max(self._most_nodes // 2, 1)
        return answers

    async def _call(self, stretch: Stretch, questions: Sequence[Question]) -> list[Answer]:
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = False
        details.StartTime = _instant(stretch.start_ns)
        details.EndTime = _instant(stretch.end_ns) + _BEYOND
        details.NumValuesPerNode = ua.UInt32(stretch.most)
        details.ReturnBounds = stretch.bounds
        body = await self._session.client.uaclient.ask(
            self._request(details, questions), self._session.settings.request_timeout_s
        )
        read = partial(read_answers, nodes=len(questions), most=stretch.most)
        return await decoded(bytes(body.read(len(body))), read)

    async def release(self, questions: Sequence[Question]) -> None:
        """Have the server drop the continuation points of what is not asked on."""
        if questions:
            request = self._request(ua.ReadRawModifiedDetails(), questions, release=True)
            await self._session.client.uaclient.ask(
                request, self._session.settings.request_timeout_s
            )

    def _request(
        self,
        details: ua.ReadRawModifiedDetails,
        questions: Sequence[Question],
        *,
        release: bool = False,
    ) -> ua.HistoryReadRequest:
        request = ua.HistoryReadRequest()
        asked: Any = request.Parameters
        asked.HistoryReadDetails = details
        asked.TimestampsToReturn = ua.TimestampsToReturn.Both
        asked.ReleaseContinuationPoints = release
        for question in questions:
            wanted: Any = ua.HistoryReadValueId()
            wanted.NodeId = self._nodes[question.tag]
            wanted.ContinuationPoint = question.continuation
            asked.NodesToRead.append(wanted)
        return request


def _limit(answer: ua.DataValue, most: int) -> int:
    held = answer.Value.Value if answer.Value is not None else None
    return min(held, most) if isinstance(held, int) and held > 0 else most


def _readable(level: ua.DataValue) -> bool:
    held = level.Value.Value if level.Value is not None else None
    return isinstance(held, int) and held & _HISTORY_READ != 0


def _instant(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ns // 1000)
