"""Monitoring: has a server monitor the items of a subscription, and no longer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from asyncua import ua
from asyncua.ua import uaerrors

from pilotline_edge.connection.batches import Service
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.deadband.arming import Wanted, arm
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.nodes import resolve

log = structlog.get_logger("pilotline.edge")

_FILTER_REFUSED = {
    uaerrors.BadFilterNotAllowed.code,
    uaerrors.BadMonitoredItemFilterInvalid.code,
    uaerrors.BadMonitoredItemFilterUnsupported.code,
    uaerrors.BadDeadbandFilterInvalid.code,
}

_NO_ROOM = uaerrors.BadTooManyMonitoredItems.code
_NO_ROOM_REASON = "the server monitors no more items (BadTooManyMonitoredItems)"


@dataclass(slots=True)
class Monitoring:
    """The items of one subscription as its server monitors them.

    Characteristics
        batches: as many items a call as the server takes
        one refused item: stops none of the others, and is tried again later
        refused filter: the item is asked for without, and the agent applies its deadband
        no room: nothing more is asked for; what is left is polled meanwhile

    Attributes:
        session: the machine's session.
        subscription_id: the server's number of the subscription.
        full: whether the server said that it has no room for more items.
    """

    session: MachineSession
    subscription_id: int
    full: bool = False

    async def begin(self, items: Sequence[Item]) -> None:
        """Make the server monitor items; prepare the deadbands of those that it does already.

        Raises:
            asyncua.ua.UaError: the server refuses the call itself, or the connection is lost.
        """
        nodes = await resolve([item.tag for item in items], self.session)
        wanted: list[Wanted] = []
        for item, node in zip(items, nodes, strict=True):
            if not isinstance(node, str):
                wanted.append((item, node))
            elif item.item_id is None:
                self._refuse(item, node)
            else:
                item.remark = f"its deadband is not applied: {node}"
        await arm(wanted, self.session)
        await self._create([each for each in wanted if each[0].item_id is None])

    async def end(self, item_ids: Sequence[int]) -> None:
        """Make the server monitor items no longer, by its numbers of them.

        Raises:
            asyncua.ua.UaError: the server refuses the call itself, or the connection is lost.
        """
        await self.session.batches.run(Service.MONITOR, item_ids, self._delete_batch)

    async def _create(self, wanted: Sequence[Wanted]) -> None:
        asked = [each for each in wanted if each[0].filtered]
        await self.session.batches.run(Service.MONITOR, wanted, self._create_batch)
        unfiltered = [each for each in asked if not each[0].filtered]
        if unfiltered:
            await arm(unfiltered, self.session)
            await self._create(unfiltered)

    async def _create_batch(
        self, wanted: Sequence[Wanted]
    ) -> Sequence[ua.MonitoredItemCreateResult]:
        results = [_no_room()] * len(wanted) if self.full else await self._ask(wanted)
        for (item, _), result in zip(wanted, results, strict=False):  # the caller compares lengths
            self._answered(item, result)
        return results

    async def _ask(self, wanted: Sequence[Wanted]) -> list[ua.MonitoredItemCreateResult]:
        """Return the server's answers; one that refuses a call whole is asked for half of it."""
        facts = self.session.facts
        queue = None if facts is None else facts.capacity.queue
        asked: Any = ua.CreateMonitoredItemsParameters()
        asked.SubscriptionId = self.subscription_id
        asked.TimestampsToReturn = ua.TimestampsToReturn.Both
        asked.ItemsToCreate = [item.request(node, queue) for item, node in wanted]
        try:
            return list(await self.session.services.create_monitored_items(asked))
        except uaerrors.BadTooManyMonitoredItems:
            half = len(wanted) // 2
            if not half:
                return [_no_room()]
        except uaerrors.BadTooManyOperations:
            if len(wanted) > 1:
                raise  # and is asked for less at once
            return [_no_room()]
        first = await self._ask(wanted[:half])
        if any(each.StatusCode.value == _NO_ROOM for each in first):
            return first + [_no_room()] * (len(wanted) - half)
        return first + await self._ask(wanted[half:])

    def _answered(self, item: Item, result: ua.MonitoredItemCreateResult) -> None:
        if result.StatusCode.is_good():
            item.accepted(int(result.MonitoredItemId), int(result.RevisedQueueSize))
        elif result.StatusCode.value in _FILTER_REFUSED and item.filtered:
            item.filtered = False
        elif result.StatusCode.value == _NO_ROOM:
            self.full = True
            item.no_room(_NO_ROOM_REASON, asyncio.get_running_loop().time())
        else:
            self._refuse(item, f"the server refuses it: {result.StatusCode.name}")

    async def _delete_batch(self, items: Sequence[int]) -> Sequence[ua.StatusCode]:
        asked: Any = ua.DeleteMonitoredItemsParameters()
        asked.SubscriptionId = self.subscription_id
        asked.MonitoredItemIds = list(items)
        return await self.session.services.delete_monitored_items(asked)

    def _refuse(self, item: Item, problem: str) -> None:
        if item.refused(problem, asyncio.get_running_loop().time()):
            warn_refused(self.session.machine.id, item, problem)


def _no_room() -> ua.MonitoredItemCreateResult:
    """Return what a server answers that has no room for an item."""
    result: Any = ua.MonitoredItemCreateResult()
    result.StatusCode = ua.StatusCode(ua.UInt32(_NO_ROOM))
    return result  # type: ignore[no-any-return]


def warn_refused(machine: str, item: Item, problem: str) -> None:
    """Log that a tag is not read, and why."""
    log.warning(
        "edge.tag_refused",
        machine=machine,
        tag=item.tag.id,
        node=item.tag.node_id or item.tag.browse_path,
        reason=problem,
    )
