"""Group: the polled tags of one interval, read together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from asyncua import ua
from asyncua.ua import uaerrors

from pilotline_edge.backoff import Backoff
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.deadband.arming import Wanted, arm
from pilotline_edge.link.coverage import Seen
from pilotline_edge.polling.poll import LastRead, Poll
from pilotline_edge.polling.schedule import PollSchedule
from pilotline_edge.polling.service import read_values
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.monitoring import warn_refused
from pilotline_edge.subscription.nodes import resolve
from pilotline_edge.subscription.publication import Change

log = structlog.get_logger("pilotline.edge")

_LONGEST_WITHHELD_S = 60.0
_MISSED_INTERVALS = 2
_IDLE_S = 0.5
_RETRY_FIRST_S = 5.0
_RETRY_CAP_S = 300.0
_NOT_READABLE = {
    uaerrors.BadNodeIdUnknown.code,
    uaerrors.BadNodeIdInvalid.code,
    uaerrors.BadAttributeIdInvalid.code,
    uaerrors.BadNotReadable.code,
    uaerrors.BadUserAccessDenied.code,
}
"""Answers that say of a node, not of its value, that it is not read."""


@dataclass(slots=True)
class _Refusal:
    """When to look again for a node that was not readable."""

    retry_at: float = 0.0
    backoff: Backoff = field(default_factory=lambda: Backoff(_RETRY_FIRST_S, _RETRY_CAP_S))


@dataclass(slots=True)
class PollingGroup:
    """Reads the tags of one sampling interval again and again.

    Characteristics
        promise: the value at each poll; what a tag was in between is not known
        order: one poll after the other, and the next only once the journal has this one on disk
        missed polls: counted, and declared as one gap for as long as they go on, at most a minute
        one bad node: stops no other, and is tried again after 5 to 300 s

    Attributes:
        session: the machine's session.
        items: every item of that interval; those are read of which `Item.polled` says why.
        schedule: when to poll.
        types: what the server's structures are made of, the same for all of the machine.
        took_s: how long the last poll took.
    """

    session: MachineSession
    items: Sequence[Item]
    schedule: PollSchedule
    take: Callable[["PollingGroup", Poll], asyncio.Future[None] | None]
    types: StructureTypes
    took_s: float | None = None
    _handles: dict[int, Item] = field(default_factory=dict)
    _nodes: dict[int, ua.NodeId] = field(default_factory=dict)
    _refusals: dict[int, _Refusal] = field(default_factory=dict)
    _last: LastRead = field(default_factory=LastRead)
    _late_since: float | None = None
    _answered_at: float | None = None

    def __post_init__(self) -> None:
        """Index the items by their number."""
        self._handles = {item.handle: item for item in self.items}

    def adapt(self, items: Sequence[Item]) -> None:
        """Have these items instead."""
        self.items = items
        self._handles = {item.handle: item for item in items}

    def item(self, handle: int) -> Item | None:
        """Return the item with this number."""
        return self._handles.get(handle)

    @property
    def polled(self) -> list[Item]:
        """The items that are polled now."""
        return [item for item in self.items if item.polled is not None]

    def missed(self, now: float) -> bool:
        """Return whether polls were missed until now, or there never was one."""
        return not self.schedule.begun or self.schedule.behind(now) > 0

    def connected(self, now: float) -> bool:
        """Prepare for a fresh connection; True when polls were missed since the last one."""
        self._nodes.clear()
        for refusal in self._refusals.values():
            refusal.retry_at = 0.0
        if not self.missed(now):
            return False
        self.schedule.begin(now)
        self._late_since = self._answered_at = None
        for item in self.polled:
            item.keep_next()
        return True

    async def run(self) -> None:
        """Poll until cancelled.

        Raises:
            asyncua.ua.UaError: the server refuses to be read.
            OSError: the connection is lost.
            JournalFailed: what was read is not durable.
        """
        while True:
            if not (polled := self.polled):
                await asyncio.sleep(_IDLE_S)
                self.schedule.begin(_now())
                continue
            await asyncio.sleep(self.schedule.wait_s(_now()))
            skipped = self.schedule.take(begun := _now())
            poll = await self._poll(polled, skipped, begun)
            self.took_s = _now() - begun
            durable = self.take(self, poll)
            if durable is not None:
                await durable

    async def _poll(self, polled: Sequence[Item], skipped: int, now: float) -> Poll:
        wanted = await self._resolved(polled, now)
        at_ns, read = await read_values([node for _, node in wanted], self.session)
        changes: list[Change] = []
        seen: list[Seen] = []
        gone: list[str] = []
        for (item, _), held in zip(wanted, read, strict=True):
            (value, status, _, server), handle = held, item.handle
            readable = self._readable(item, status, now)
            if not readable:
                gone.append(item.tag.id)
                if self._last.status(handle) is None:
                    continue
            source_ns, is_new = self._last.take((handle, *held), at_ns)
            if readable:
                seen.append((item.tag.id, source_ns, status))
            if is_new:
                changes.append((handle, value, status, source_ns, server))
                if item.tag.field is not None:
                    await self.types.learn(value, item.steps)
        withheld, after_missed = self._lateness(skipped)
        return Poll(at_ns, changes, seen, gone, after_missed, withheld)

    async def _resolved(self, polled: Sequence[Item], now: float) -> list[Wanted]:
        """Return the items that can be read, with their nodes of today."""
        unknown = [
            item
            for item in polled
            if item.handle not in self._nodes and self._due(item.handle) <= now
        ]
        if unknown:
            nodes = await resolve([item.tag for item in unknown], self.session)
            found: list[Wanted] = []
            for item, node in zip(unknown, nodes, strict=True):
                if isinstance(node, str):
                    self._refuse(item, node, now)
                else:
                    found.append((item, node))
            await arm(found, self.session, filters=False)
            self._nodes |= {item.handle: node for item, node in found}
        return [(item, self._nodes[item.handle]) for item in polled if item.handle in self._nodes]

    def _due(self, handle: int) -> float:
        refusal = self._refusals.get(handle)
        return 0.0 if refusal is None else refusal.retry_at

    def _readable(self, item: Item, status: int, now: float) -> bool:
        """Return whether a node is read at all, and note it if not."""
        if status in _NOT_READABLE:
            self._refuse(
                item, f"the server refuses it: {ua.StatusCode(ua.UInt32(status)).name}", now
            )
            return False
        if self._refusals.pop(item.handle, None) is not None:
            item.problem = None
        return True

    def _refuse(self, item: Item, problem: str, now: float) -> None:
        self._nodes.pop(item.handle, None)
        refusal = self._refusals.setdefault(item.handle, _Refusal())
        refusal.retry_at = now + refusal.backoff.wait_s()
        news, item.problem = problem != item.problem, problem
        if news:
            warn_refused(self.session.machine.id, item, problem)

    def _lateness(self, skipped: int) -> tuple[bool, bool]:
        """Return whether polls are being missed still, and whether that ends with this one.

        One was missed when it was skipped, or when an answer came two intervals after the one
        before: a request may wait long on its way.
        """
        now, before = _now(), self._answered_at
        self._answered_at = now
        late = skipped > 0
        if before is not None:
            late = late or now - before >= _MISSED_INTERVALS * self.schedule.interval_s
        if self._late_since is None:
            self._late_since = now if late else None
            return late, False
        if late and now - self._late_since < _LONGEST_WITHHELD_S:
            return True, False
        self._late_since = None
        return False, True

    def status(self) -> dict[str, Any]:
        """Return how polling goes, as JSON values."""
        return {
            "interval_ms": round(self.schedule.interval_s * 1000),
            "tags": len(self.polled),
            "polls": self.schedule.polls,
            "skipped": self.schedule.skipped,
            "took_s": None if self.took_s is None else round(self.took_s, 3),
        }


def _now() -> float:
    return asyncio.get_running_loop().time()
