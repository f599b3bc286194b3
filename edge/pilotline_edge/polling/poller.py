"""Poller: everything of a machine that is polled, interval by interval."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.session import MachineSession
from pilotline_edge.polling.group import PollingGroup
from pilotline_edge.polling.poll import Poll
from pilotline_edge.polling.schedule import PollSchedule
from pilotline_edge.racing import first_to_fail
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.items import Item

_SIGN_OF_LIFE_S = 5.0

Take = Callable[[PollingGroup, Poll], asyncio.Future[None] | None]
"""Takes a poll and returns what is done once it is on disk, or None."""


class Poller:
    """Polls the items of a machine of which `Item.polled` says why.

    Characteristics
        intervals: each on its own; a slow one delays no other
        session: kept alive by reading the server's state every five seconds, which also notices
            within ten that the connection is half open

    Attributes:
        groups: items by sampling interval.
    """

    def __init__(
        self, session: MachineSession, items: Iterable[Item], types: StructureTypes, take: Take
    ) -> None:
        ordered = sorted(items, key=lambda item: item.tag.sampling_ms)
        self._session = session
        self.groups = [
            PollingGroup(session, list(group), PollSchedule(interval_ms / 1000), take, types)
            for interval_ms, group in groupby(ordered, key=lambda item: item.tag.sampling_ms)
        ]

    def adapt(self, items: Iterable[Item]) -> None:
        """Have these items instead; each sampling interval must be one there is already."""
        ordered = sorted(items, key=lambda item: item.tag.sampling_ms)
        by_interval = {
            interval_ms: list(group)
            for interval_ms, group in groupby(ordered, key=lambda item: item.tag.sampling_ms)
        }
        for group in self.groups:
            group.adapt(by_interval.get(round(group.schedule.interval_s * 1000), []))

    @property
    def polled(self) -> list[Item]:
        """The items that are polled now."""
        return [item for group in self.groups for item in group.polled]

    def missed(self) -> list[str]:
        """Return the tags of which polls were missed until now."""
        now = asyncio.get_running_loop().time()
        missed = [group for group in self.groups if group.missed(now)]
        return [item.tag.id for group in missed for item in group.polled]

    def connected(self) -> list[str]:
        """Prepare for a fresh connection and return the tags whose polls were missed before it."""
        now = asyncio.get_running_loop().time()
        missed = [group for group in self.groups if group.connected(now)]
        return [item.tag.id for group in missed for item in group.polled]

    async def run(self) -> None:
        """Poll until cancelled.

        Raises:
            asyncua.ua.UaError: the server refuses to be read.
            OSError: the connection is lost.
            JournalFailed: what was read is not durable.
        """
        await first_to_fail(self._stay_alive(), *(group.run() for group in self.groups))

    async def _stay_alive(self) -> None:
        state = ua.NodeId(ua.Int32(ObjectIds.Server_ServerStatus_State))
        while True:
            await asyncio.sleep(_SIGN_OF_LIFE_S)
            if self.polled:
                await self._session.services.read_attributes([state], AttributeIds.Value)

    @property
    def skipped(self) -> int:
        """Polls that were due and not made."""
        return sum(group.schedule.skipped for group in self.groups)

    def status(self) -> dict[str, Any]:
        """Return what is polled and how that goes, as JSON values."""
        polled = self.polled
        instead = Counter(str(item.polled) for item in polled if item.tag.reading != "poll")
        return {
            "polled": len(polled),
            "polled_instead": dict(instead),
            "polls": [group.status() for group in self.groups if group.polled],
        }
