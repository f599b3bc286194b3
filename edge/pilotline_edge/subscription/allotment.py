"""Allotment: which subscription has which tag, within what a server has room for."""

import asyncio
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog

from pilotline_edge.backoff import Backoff
from pilotline_edge.connection.capacity import Capacity
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.items import Item, items_by_interval
from pilotline_edge.subscription.key import interval_of, part_of
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_plant import Tag

log = structlog.get_logger("pilotline.edge")

MOST_SUBSCRIPTIONS = 32
"""Subscriptions of one machine beyond which no further one is asked for."""

_RETRY_FIRST_S = 30.0
_RETRY_CAP_S = 600.0

Place = tuple[Item, MachineSubscription]
"""An item and the subscription that has it."""


class Allotment:
    """Divides a machine's subscribed tags among subscriptions, one publishing interval each.

    Characteristics
        room: what the server says it has, and where it refuses without having said, what it took
        an item stays where it is while there is room; else it comes to another subscription of its
            interval, or a further one, and is polled where there is none: the slowest first
        a limit that was not told: a further subscription shows whether it is one of a subscription
            or of the whole server; of the whole server, the next is tried after 30 s to 10 min
        bounded: 32 subscriptions a machine, unless it has more publishing intervals

    Args:
        session: the machine's session.
        types: what the server's structures are made of.
        tags: the machine's tags.
        besides: subscriptions of the machine for something else, of one item each.
    """

    def __init__(
        self, session: MachineSession, types: StructureTypes, tags: Sequence[Tag], besides: int = 0
    ) -> None:
        self._session = session
        self._types = types
        self._besides = besides
        self._parts = {
            interval_ms: [MachineSubscription(session, interval_ms, items, types)]
            for interval_ms, items in items_by_interval(tags)
        }
        self._capacity = Capacity()
        self._try_at = 0.0
        self._backoff = Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)

    @property
    def first(self) -> list[MachineSubscription]:
        """The subscription that each publishing interval has in any case."""
        return [parts[0] for parts in self._parts.values()]

    @property
    def further(self) -> list[MachineSubscription]:
        """The other ones."""
        return [each for parts in self._parts.values() for each in parts[1:]]

    @property
    def subscriptions(self) -> list[MachineSubscription]:
        """All of them."""
        return self.first + self.further

    # -- before anything is asked of the server -------------------------------------------------

    def restore(self, former: Mapping[int, Collection[int]]) -> None:
        """Divide items as another process did.

        Args:
            former: numbers of the items of each subscription, by `MachineSubscription.key`.
        """
        for key, handles in former.items():
            parts = self._parts.get(interval_of(key))
            if key > 0 and part_of(key) and parts is not None:
                found = self._further(parts, part_of(key))
                items = [item for item in parts[0].items if item.handle in handles]
                _move([(item, parts[0]) for item in items], found)

    def adapt(self, tags: Sequence[Tag]) -> None:
        """Have these tags instead; those that stay lose nothing.

        New ones come to the first subscription of their interval, and from there to where there is
        room once it refuses them: what is being asked for at this moment must not move.
        """
        for interval_ms, items in items_by_interval(tags):
            parts = self._parts[interval_ms]
            wanted = {item.tag.id: item for item in items}
            for part in parts[1:]:
                held = [item.tag.id for item in part.items]
                part.adapt([wanted.pop(tag) for tag in held if tag in wanted])
            parts[0].adapt(list(wanted.values()))

    def allot(self, capacity: Capacity) -> list[Item]:
        """Give each item a subscription that has room for it as far as the server says.

        Returns:
            Items that came to a subscription which the server has already: nothing else tells that
            what they were until then is lost.
        """
        self._capacity, self._try_at = capacity, 0.0
        left = math.inf if capacity.items is None else capacity.items - self._besides
        counts: Counter[int] = Counter()
        moves: dict[int, tuple[MachineSubscription, list[Place]]] = {}
        for item, home in sorted(self._places(), key=_precedence):
            item.left_out, target = None, home
            if not _monitored((item, home)):
                if left <= 0:
                    item.left_out = f"the server has no more than {capacity.items} monitored items"
                    continue
                found = self._with_room(home, counts)
                if found is None:
                    item.left_out = self._no_room()
                    continue
                target = found
            left -= 1
            counts[target.key] += 1
            if target is not home:
                moves.setdefault(target.key, (target, []))[1].append((item, home))
        for target, places in moves.values():
            _move(places, target)
        return [
            item
            for target, places in moves.values()
            if target.subscription_id is not None
            for item, _ in places
        ]

    def _places(self) -> list[Place]:
        return [(item, each) for each in self.subscriptions for item in each.items]

    def _with_room(
        self, home: MachineSubscription, counts: Mapping[int, int]
    ) -> MachineSubscription | None:
        most = self._capacity.items_per_subscription or math.inf
        parts = self._parts[home.interval_ms]
        for each in (home, *parts):
            closed = each is not home and each.full and each.subscription_id is not None
            if counts[each.key] < most and not closed:
                return each
        return self._further(parts) if self._may_add() else None

    def _no_room(self) -> str:
        capacity = self._capacity
        return (
            f"a subscription has no more than {capacity.items_per_subscription} items there, "
            f"and the machine no more than {self._most_subscriptions} subscriptions"
        )

    @property
    def _most_subscriptions(self) -> int:
        return min(self._capacity.subscriptions or MOST_SUBSCRIPTIONS, MOST_SUBSCRIPTIONS)

    def _may_add(self) -> bool:
        count = sum(len(parts) for parts in self._parts.values())
        return count + self._besides < self._most_subscriptions

    def _further(self, parts: list[MachineSubscription], part: int = 0) -> MachineSubscription:
        """Return one more subscription of an interval, the one with that number or a new one."""
        taken = {each.part: each for each in parts}
        if part in taken and part:
            return taken[part]
        number = part or next(number for number in range(1, len(parts) + 1) if number not in taken)
        found = MachineSubscription(
            self._session, parts[0].interval_ms, [], self._types, part=number
        )
        parts.append(found)
        return found

    # -- after the server refused ---------------------------------------------------------------

    async def spread(self) -> list[MachineSubscription]:
        """Find room in other subscriptions for items refused, and return those that are to be made.

        Raises:
            asyncua.ua.UaError: the server refuses a call itself, or the connection is lost.
        """
        fresh: list[MachineSubscription] = []
        for parts in self._parts.values():
            await self._give_up_empty(parts)
            waiting = [(item, part) for part in parts for item in part.displaced]
            found = self._elsewhere(parts) if waiting else None
            if found is None:
                continue
            waiting.sort(key=_precedence)
            most = self._capacity.items_per_subscription
            room = None if most is None else most - _held(found)
            _move(waiting[:room], found)
            if found.subscription_id is None:
                fresh.append(found)
            else:
                await found.monitor()
        return fresh

    async def _give_up_empty(self, parts: list[MachineSubscription]) -> None:
        """End further subscriptions without items, and those that the server had no room in.

        Where a fresh one has no room, it is not the subscription that is full.
        """
        for part in parts[1:]:
            if not part.items:
                await part.delete()
                parts.remove(part)
            elif part.full and part.subscription_id is not None and not part.monitored:
                await part.delete()
                parts.remove(part)
                parts[0].hold([*parts[0].items, *part.items])
                parts[0].full = True
                self._pause()

    def _elsewhere(self, parts: list[MachineSubscription]) -> MachineSubscription | None:
        """Return a subscription that may have room, or None."""
        most = self._capacity.items_per_subscription or math.inf
        alive = [each for each in parts if each.subscription_id is not None]
        for each in alive:
            if not each.full and _held(each) < most:
                return each
        if len(alive) < len(parts) or not self._may_add() or _now() < self._try_at:
            return None
        if any(each.full and not each.monitored for each in alive):
            self._pause()
            return None
        if any(each.monitored for each in parts[1:]):
            self._backoff.reset()
        log.info(
            "edge.subscription_full",
            machine=self._session.machine.id,
            interval_ms=parts[0].interval_ms,
            items=max(each.monitored for each in alive),
        )
        return self._further(parts)

    def _pause(self) -> None:
        """Try no further subscription for a while: the server as a whole has no room."""
        if _now() >= self._try_at:
            self._try_at = _now() + self._backoff.wait_s()


def _move(places: Iterable[Place], target: MachineSubscription) -> None:
    """Have items, none of which the server monitors, with another subscription."""
    leaving: dict[int, tuple[MachineSubscription, list[Item]]] = {}
    for item, home in places:
        leaving.setdefault(home.key, (home, []))[1].append(item)
    for home, items in leaving.values():
        gone = {item.handle for item in items}
        home.hold([item for item in home.items if item.handle not in gone])
        target.hold([*target.items, *items])
        for item in items:
            item.forget()


def _held(subscription: MachineSubscription) -> int:
    """Return how many items a subscription is to have at the server."""
    return sum(item.left_out is None for item in subscription.items)


def _monitored(place: Place) -> bool:
    item, home = place
    return item.item_id is not None and home.subscription_id is not None


def _precedence(place: Place) -> tuple[bool, int]:
    """Order items so that those that are read stay so, and the slowest come last."""
    return not _monitored(place), place[0].tag.sampling_ms


def _now() -> float:
    return asyncio.get_running_loop().time()
