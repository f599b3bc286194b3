"""Items: what the server is asked to report of each tag, and how deep it queues."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from zlib import crc32

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_edge.backoff import Backoff
from pilotline_edge.deadband import DeadbandFilter, server_filter
from pilotline_edge.structures import StructureTypes
from pilotline_edge.structures.steps import steps_of
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Value
from pilotline_plant import Tag
from pilotline_plant.field_path import FieldStep

BRIDGED_S = 60.0
"""How long an outage the server's queues are asked to bridge."""

_LEAST_QUEUE = 10
_MOST_QUEUE = 10_000
_CYCLES_IN_RESERVE = 4
_RETRY_FIRST_S = 5.0
_RETRY_CAP_S = 300.0
_POLL = "poll"
_MOST_HANDLE = 2**32 - 1


def queue_size(tag: Tag, bridged_s: float = BRIDGED_S) -> int:
    """Return the queue depth to ask for.

    asyncua asks for 0, which servers take as 1, so a publish carries one value however many were
    sampled. Here the queue holds several publishing cycles, and an outage of `bridged_s`.
    """
    sampling_ms = max(tag.sampling_ms, 1)
    cycles = _CYCLES_IN_RESERVE * math.ceil(max(tag.publishing_ms, 1) / sampling_ms)
    outage = math.ceil(bridged_s * 1000 / sampling_ms)
    return min(max(cycles, outage, _LEAST_QUEUE), _MOST_QUEUE)


@dataclass(slots=True)
class Item:
    """One tag as a monitored item.

    Attributes:
        tag: the tag.
        handle: our number of it; the server sends it with each value.
        item_id: the server's number of it, or None while it is not monitored.
        queue: queue depth the server granted.
        filtered: whether the server is asked to apply the deadband; see
            `pilotline_edge.deadband.arming`.
        deadband: the deadband where the agent applies it, or None.
        problem: why the server refuses it, or None.
        remark: what a person should know of how it is read, or None.
        left_out: limit of the server that leaves no monitored item for it, or None.
        stand_in: why the server does not monitor it at present, so that it is polled, or None.
        retry_at: loop time of the next attempt for a refused item.
        steps: from the variable's value to what the tag has of it; empty for the whole value.
        backoff: waits between attempts.
    """

    tag: Tag
    handle: int
    item_id: int | None = None
    queue: int = 1
    filtered: bool = True
    deadband: DeadbandFilter | None = None
    problem: str | None = None
    remark: str | None = None
    left_out: str | None = None
    stand_in: str | None = None
    retry_at: float = 0.0
    steps: tuple[FieldStep, ...] = field(init=False)
    backoff: Backoff = field(default_factory=lambda: Backoff(_RETRY_FIRST_S, _RETRY_CAP_S))

    def __post_init__(self) -> None:
        """Read the tag's index and field once."""
        self.steps = steps_of(self.tag.index, self.tag.field)

    def request(
        self, node_id: ua.NodeId, most_queue: int | None = None
    ) -> ua.MonitoredItemCreateRequest:
        """Return the request that makes the server monitor the tag.

        Values repeated unchanged are not asked for; the oldest are dropped when a queue is full,
        and the server then marks the next value with the Overflow bit.

        Args:
            node_id: the tag's node of today.
            most_queue: deepest queue the server says it has, or None.
        """
        request = ua.MonitoredItemCreateRequest()
        request.ItemToMonitor.NodeId = node_id
        request.ItemToMonitor.AttributeId = ua.UInt32(AttributeIds.Value)
        request.MonitoringMode = ua.MonitoringMode.Reporting
        asked = request.RequestedParameters  # asyncua's default already discards the oldest
        asked.ClientHandle = ua.UInt32(self.handle)
        asked.SamplingInterval = ua.Double(self.tag.sampling_ms)
        depth = queue_size(self.tag)
        asked.QueueSize = ua.UInt32(depth if most_queue is None else min(depth, most_queue))
        wanted = server_filter(self.tag) if self.filtered else None
        if wanted is not None:
            asked.Filter = wanted
        return request

    def refused(self, problem: str, now: float) -> bool:
        """Note a refusal and return whether it is news."""
        news = problem != self.problem
        self.problem, self.item_id = problem, None
        self.retry_at = now + self.backoff.wait_s()
        return news

    def accepted(self, item_id: int, queue: int) -> None:
        """Note that the server monitors the tag."""
        self.item_id, self.queue, self.problem, self.stand_in = item_id, queue, None, None
        self.backoff.reset()

    @property
    def whole(self) -> bool:
        """Whether a scalar is kept as it comes, so that many need no look at each (`Changes`)."""
        return not self.steps and self.problem is None and self.deadband is None

    def select(
        self, value: Value | Unsupported | None, types: StructureTypes
    ) -> Value | Unsupported | None:
        """Return what the tag has of a value that is no scalar, or of any value for a part of it.

        Nothing is asked for by index range: servers that ignore it send the whole array, and one
        element of it would be taken for another.
        """
        selected = types.selected(value, self.steps)
        if isinstance(selected, Unsupported):
            self.problem = f"no tag can hold its value: {selected.type_name}"
        elif value is not None:
            self.problem = None
        return selected

    def forget(self) -> None:
        """Note that the server no longer monitors the tag; it is asked again at once."""
        self.item_id, self.retry_at = None, 0.0
        self.keep_next()

    def due(self, now: float) -> bool:
        """Return whether the server is to be asked to monitor it."""
        return self.item_id is None and self.retry_at <= now and self.left_out is None

    @property
    def polled(self) -> str | None:
        """Why it is polled, or None where it is not."""
        if self.tag.reading == _POLL:
            return "the plant file says so"
        return self.left_out or self.stand_in

    def no_room(self, reason: str, now: float) -> None:
        """Note that the server has no monitored item for it: it is polled meanwhile."""
        self.stand_in, self.item_id = reason, None
        self.retry_at = now + self.backoff.wait_s()

    @property
    def unarmed(self) -> bool:
        """Whether the agent has to apply its deadband, and is not prepared to."""
        applies = not self.filtered and bool(self.tag.deadband or self.tag.deadband_percent)
        return applies and self.item_id is not None and self.deadband is None and not self.remark

    def keep_next(self) -> None:
        """Keep the next value whatever the deadband: none is known that it could be near to."""
        if self.deadband is not None:
            self.deadband.forget()


def handles_of(tags: Iterable[str]) -> dict[str, int]:
    """Return a number for each tag id, unique in the machine.

    It hangs on the id alone, but where two fall together: so a tag keeps its number when others
    come and go, in this process and in the next one.
    """
    handles: dict[str, int] = {}
    taken: set[int] = set()
    for tag in sorted(tags):
        handle = crc32(tag.encode()) or 1
        while handle in taken:
            handle = handle % _MOST_HANDLE + 1
        taken.add(handle)
        handles[tag] = handle
    return handles


def polled_items(tags: Sequence[Tag]) -> list[Item]:
    """Return the items that the plant file wants polled; handles are unique in the machine."""
    return [item for item in _items(tags) if item.tag.reading == _POLL]


def items_by_interval(tags: Sequence[Tag]) -> Iterator[tuple[int, list[Item]]]:
    """Yield each publishing interval in ms with the items to subscribe; handles are unique."""
    items = [item for item in _items(tags) if item.tag.reading != _POLL]
    items.sort(key=lambda item: item.tag.publishing_ms)
    for interval, group in groupby(items, key=lambda item: item.tag.publishing_ms):
        yield interval, list(group)


def _items(tags: Sequence[Tag]) -> list[Item]:
    handles = handles_of(tag.id for tag in tags)
    return [Item(tag, handles[tag.id]) for tag in tags]
