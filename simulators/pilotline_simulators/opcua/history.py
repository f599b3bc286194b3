"""History: what a simulated machine gave out in the last minutes, to be read as OPC 10000-11 says.

asyncua's own history subscribes to each variable and keeps one asyncua value for each change, some
hundred bytes; it ends an answer at the number of values asked for without a continuation point, so
a client takes the rest for lost.
"""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from asyncua import ua
from asyncua.server.history import HistoryManager
from asyncua.server.internal_server import InternalServer
from asyncua.ua.status_codes import StatusCodes

from pilotline_simulators.emission import Emission, Value
from pilotline_simulators.opcua.address_space import Variable
from pilotline_simulators.opcua.ua_types import data_value, status_code, utc

KEPT_S = 600
MOST_KEPT = 6_000
"""How long a tag's values are kept, and how many of them at most."""

MOST_RETURNED = 1_000
"""Most values in one answer for a node."""

_TRIMMED_AT = 512
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POINT = struct.Struct("<q")


class TagHistory:
    """The values of one tag in the last minutes.

    Characteristics
        bounded: `KEPT_S` seconds and `MOST_KEPT` values, about fifty bytes each
        policy when full: the oldest go, some hundred at a time
    """

    __slots__ = ("_since_trim", "_statuses", "_times", "_values")

    def __init__(self) -> None:
        self._times = array("q")
        self._values: list[Value] = []
        self._statuses = array("I")
        self._since_trim = 0

    def add(self, emission: Emission) -> None:
        """Keep a value at its time, which is an earlier one after the clock was set back."""
        time_ns = emission.source_time_ns
        at = len(self._times)
        if at and time_ns <= self._times[-1]:
            at = bisect_left(self._times, time_ns)
            if self._times[at] == time_ns:
                return
        self._times.insert(at, time_ns)
        self._values.insert(at, emission.value)
        self._statuses.insert(at, emission.status)
        self._since_trim += 1
        if self._since_trim >= _TRIMMED_AT:
            self._trim()

    def _trim(self) -> None:
        self._since_trim = 0
        old = bisect_left(self._times, self._times[-1] - KEPT_S * 1_000_000_000)
        old = max(old, len(self._times) - MOST_KEPT)
        if old > 0:
            del self._times[:old], self._values[:old], self._statuses[:old]

    def between(
        self, start_ns: int, end_ns: int, most: int, *, bounds: bool
    ) -> tuple[list[tuple[int, Value, int]], bool]:
        """Return the values with ``start_ns <= time < end_ns``, and whether there are more.

        Args:
            start_ns: first instant, ns UTC.
            end_ns: instant after the last.
            most: most values.
            bounds: whether the last value before `start_ns` and the first from `end_ns` on are
                wanted where none lies exactly there.
        """
        first, behind = bisect_left(self._times, start_ns), bisect_left(self._times, end_ns)
        if bounds:
            first = max(bisect_right(self._times, start_ns) - 1, 0)
            behind = min(behind + 1, len(self._times))
        upto = min(behind, first + most)
        rows = zip(
            self._times[first:upto],
            self._values[first:upto],
            self._statuses[first:upto],
            strict=True,
        )
        return list(rows), upto < behind


class MachineHistory:
    """The values of one machine's tags; outlives its server when the machine is switched off."""

    def __init__(self, tags: Iterable[str]) -> None:
        self._tags = {tag: TagHistory() for tag in tags}

    def add(self, emission: Emission) -> None:
        """Keep a value."""
        self._tags[emission.tag].add(emission)

    def tag(self, tag_id: str) -> TagHistory:
        """Return one tag's values."""
        return self._tags[tag_id]


class HistoryService(HistoryManager):
    """Answers HistoryRead for raw values, forward in time.

    Args:
        server: the server it belongs to.
        history: the machine's values.
        variables: where its tags lie, by id; asked at each question, since they are made later.
    """

    def __init__(
        self,
        server: InternalServer,
        history: MachineHistory,
        variables: Callable[[], Mapping[str, Variable]],
    ) -> None:
        super().__init__(server)
        self._history = history
        self._variables = variables

    async def stop(self) -> None:
        """Nothing runs and nothing is open."""

    async def read_history(self, params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        """Return an answer for each node asked for."""
        by_node = {variable.node_id: tag for tag, variable in self._variables().items()}
        return [
            self._result(params, wanted, by_node.get(wanted.NodeId))
            for wanted in params.NodesToRead
        ]

    def _result(
        self, params: ua.HistoryReadParameters, wanted: ua.HistoryReadValueId, tag: str | None
    ) -> ua.HistoryReadResult:
        result = ua.HistoryReadResult()
        details: Any = params.HistoryReadDetails
        if params.ReleaseContinuationPoints:
            return result
        refusal = _refusal(details, tag, wanted.ContinuationPoint)
        if refusal or tag is None:
            result.StatusCode = status_code(refusal)
            return result
        bounds, start_ns = bool(details.ReturnBounds), _ns(details.StartTime)
        if wanted.ContinuationPoint:
            bounds, start_ns = False, _POINT.unpack(wanted.ContinuationPoint)[0]
        most = min(int(details.NumValuesPerNode) or MOST_RETURNED, MOST_RETURNED)
        rows, more = self._history.tag(tag).between(
            start_ns, _ns(details.EndTime), most, bounds=bounds
        )
        kind = self._variables()[tag].variant_type
        data = ua.HistoryData()
        data.DataValues = [
            data_value(value, kind, status, utc(time_ns), utc(time_ns))
            for time_ns, value, status in rows
        ]
        result.HistoryData = cast("ua.ExtensionObject", data)
        if more:
            result.ContinuationPoint = cast("ua.ByteString", _POINT.pack(rows[-1][0] + 1))
        elif not rows:
            result.StatusCode = status_code(StatusCodes.GoodNoData)
        return result


def _refusal(details: object, tag: str | None, point: bytes | None) -> int:
    """Return the status code of a question that is not answered, or 0."""
    if not isinstance(details, ua.ReadRawModifiedDetails) or details.IsReadModified:
        return StatusCodes.BadHistoryOperationUnsupported
    if tag is None:
        return StatusCodes.BadHistoryOperationUnsupported
    if point and len(point) != _POINT.size:
        return StatusCodes.BadContinuationPointInvalid
    if details.StartTime is None or details.EndTime is None or details.EndTime < details.StartTime:
        return StatusCodes.BadInvalidTimestampArgument
    return 0


def _ns(instant: datetime) -> int:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (aware - _EPOCH) // datetime.resolution * 1000
