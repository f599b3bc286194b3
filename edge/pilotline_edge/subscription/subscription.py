"""Subscription: what a server publishes of one machine at one interval, all of it or a part."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import structlog
from asyncua.ua import uaerrors

from pilotline_edge.backoff import Backoff
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import SubscriptionsRefused
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.key import key_of
from pilotline_edge.subscription.monitoring import Monitoring
from pilotline_edge.subscription.publication import (
    FIRST_SEQUENCE,
    Changes,
    Publication,
    next_sequence,
    sequence_behind,
    sequences_ahead,
)
from pilotline_edge.subscription.republication import message_again
from pilotline_edge.subscription.terms import make_subscription, patience_s

log = structlog.get_logger("pilotline.edge")

_MOST_PER_MESSAGE = 10_000
_LEARNT_WITHIN_S = 2.0
_MOST_PASSED_OVER = 500
_MOST_REPUBLISHED = 10_000
_RETRY_FIRST_S = 30.0
_RETRY_CAP_S = 600.0
_NO_SUBSCRIPTIONS = (
    uaerrors.BadServiceUnsupported,
    uaerrors.BadNotImplemented,
    uaerrors.BadNotSupported,
    uaerrors.BadTooManySubscriptions,
)


@dataclass(slots=True)
class MachineSubscription:
    """The server's subscription for tags of one publishing interval, with its items.

    asyncua's own `Subscription` is not used: it requests items in a single call whatever their
    number, drops rejected ones for good, forgets all of them when a recreation fails, checks no
    sequence numbers, and hands values on by a queue that drops the oldest 1 000 without a count.

    Attributes:
        session: the machine's session.
        interval_ms: publishing interval asked for.
        items: its tags; see `pilotline_edge.subscription.allotment`.
        types: what the server's structures are made of, the same for all of the machine.
        part: 0 for the first subscription of its interval, which always is; others where the server
            limits the items of one.
        full: whether the server refused an item for want of room since there was some.
        subscription_id: the server's number, or None while there is none.
        expected: sequence number of the next message.
        silences: connections in a row that ended because nothing was heard.
        published_s: publishing interval the server granted, seconds.
        keep_alives: publishing intervals after which the server says it lives.
        made_ns: when it was created, ns UTC; tells it from others that had the same number.
        retry_at: loop time from which to ask again for one that was refused.
        polled: tags of it that coverage was told are polled instead, None before it was told.
        doubtful: whether the server has it and it is unknown what it sent, or what it monitors;
            it is made anew.
        most_per_message: most notifications the server is asked to put into one message.
    """

    session: MachineSession
    interval_ms: int
    items: list[Item]
    types: StructureTypes
    part: int = 0
    full: bool = False
    subscription_id: int | None = None
    expected: int = FIRST_SEQUENCE
    silences: int = 0
    published_s: float = 0.0
    keep_alives: int = 1
    made_ns: int = 0
    doubtful: bool = False
    most_per_message: int = _MOST_PER_MESSAGE
    retry_at: float = 0.0
    polled: set[str] | None = None
    _retry: Backoff = field(default_factory=lambda: Backoff(_RETRY_FIRST_S, _RETRY_CAP_S))
    _heard: float = 0.0
    _emptied_ns: int | None = None
    _begun: bool = False
    _unprepared: bool = False
    _handles: dict[int, Item] = field(default_factory=dict)
    _partial: set[int] = field(default_factory=set)
    _unwanted: list[Item] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Index the items by the number the server sends with each value."""
        self._index()

    def _index(self) -> None:
        self._handles = {item.handle: item for item in self.items}
        self._partial = {item.handle for item in self.items if item.tag.field is not None}

    def adapt(self, items: Sequence[Item]) -> None:
        """Have these items instead; those of tags that stay go on as they are.

        New ones are monitored, and those left out no longer, at the next `monitor` and `unmonitor`.
        """
        known = {item.tag.id: item for item in self.items}
        staying = [known.pop(item.tag.id, item) for item in items]
        for item, wanted in zip(staying, items, strict=True):
            item.tag = wanted.tag
        self._unwanted += known.values()
        self.items = staying
        self._index()

    @property
    def unwanted(self) -> frozenset[str]:
        """Tags left out that the server may still monitor."""
        return frozenset(item.tag.id for item in self._unwanted)

    @property
    def key(self) -> int:
        """What tells the subscription from others of the machine, also after a restart."""
        return key_of(self.interval_ms, self.part)

    def hold(self, items: Sequence[Item]) -> None:
        """Have these items instead; none that the server monitors may leave or come."""
        self.items = list(items)
        self.polled = None
        self._index()

    @property
    def monitored(self) -> int:
        """How many items the server monitors, by the last that is known of it."""
        return sum(item.item_id is not None for item in self.items)

    @property
    def displaced(self) -> list[Item]:
        """Items that the server has no room for in this subscription; they are polled meanwhile."""
        if self.subscription_id is None or not self.full:
            return []
        return [each for each in self.items if each.item_id is None and each.stand_in is not None]

    def _freed(self) -> None:
        """Note that there is room again: ask for what was refused for want of it."""
        for item in self.displaced:
            item.retry_at = 0.0
        self.full = False

    def item(self, handle: int) -> Item | None:
        """Return the item with this number."""
        return self._handles.get(handle)

    @property
    def least_queue(self) -> int:
        """The shallowest queue the server granted; no shorter message can hold a full one."""
        return min((item.queue for item in self.items if item.item_id is not None), default=1)

    # -- liveness ---------------------------------------------------------------------------

    def heard(self) -> None:
        """Note that the server spoke of this subscription."""
        self._heard = asyncio.get_running_loop().time()
        self.silences = 0

    def listen(self) -> None:
        """Begin to expect messages; called when a connection is made."""
        self._heard = asyncio.get_running_loop().time()
        self._emptied_ns = None

    def told_until_ns(self, publication: Publication) -> int | None:
        """Return up to when a message, with those before it, tells what changed at the server.

        That is its publish time. A server that writes none (node-opcua) dates its answers at
        least, but a message may have waited for a request: all that is certain is that it was
        made after the answer before, if nothing was left to send then.
        """
        before = self._emptied_ns
        self._emptied_ns = None if publication.more else publication.answered_ns
        return publication.published_ns or before

    def silence_s(self) -> float:
        """Return the seconds since the server spoke of this subscription."""
        return asyncio.get_running_loop().time() - self._heard

    @property
    def patience_s(self) -> float:
        """Longest silence that is still well: two keep-alive periods and a margin.

        asyncua's watchdog waits for the keep-alive count it *requested*, eleven minutes and more;
        this one uses what the server granted, which is asked to be two seconds.
        """
        return patience_s(self.published_s, self.keep_alives, self.interval_ms / 1000)

    # -- making -----------------------------------------------------------------------------

    async def create(self) -> None:
        """Make the subscription anew; its items are made by `monitor`.

        Raises:
            SubscriptionsRefused: the server has none for us; its items are polled meanwhile.
            asyncua.ua.UaError: the server refuses otherwise, or the connection is lost.
        """
        await self.delete()
        try:
            terms = await make_subscription(self.session, self.interval_ms, self.most_per_message)
        except _NO_SUBSCRIPTIONS as error:
            self._denied(f"the server has no subscription for it ({type(error).__name__})")
            raise SubscriptionsRefused(str(error)) from error
        self._retry.reset()
        self.subscription_id, self.published_s, self.keep_alives = terms
        self.expected, self._begun = FIRST_SEQUENCE, False
        self.made_ns, self.doubtful, self.full = time.time_ns(), False, False
        self._unwanted.clear()
        for item in self.items:
            item.forget()
        self.heard()

    def _denied(self, reason: str) -> None:
        self.retry_at = asyncio.get_running_loop().time() + self._retry.wait_s()
        for item in self.items:
            item.forget()
            item.stand_in = reason

    async def delete(self) -> None:
        """Remove the subscription from the server where it is still there, and forget it."""
        former, self.subscription_id = self.subscription_id, None
        if former is None:
            return
        try:
            await self.session.services.delete_subscriptions([former])
        except uaerrors.UaStatusCodeError as error:
            log.debug("edge.subscription_not_deleted", subscription=former, reason=str(error))

    async def monitor(self) -> None:
        """Make the server monitor every item that it does not yet and that is due.

        Deadbands of items that a process before left are prepared. One refused item never stops
        the others; it is tried again later.

        Raises:
            asyncua.ua.UaError: the server refuses the call itself, or the connection is lost.
        """
        if self.subscription_id is None:
            return
        now = asyncio.get_running_loop().time()
        due = [item for item in self.items if item.item_id is None and item.due(now)]
        if self._unprepared:
            due += [item for item in self.items if item.unarmed]
            self._unprepared = False
        if not due:
            return
        due.sort(key=lambda item: item.tag.sampling_ms)  # the slowest are refused first
        monitoring = Monitoring(self.session, self.subscription_id)
        # Of an answer that is lost nobody knows the items: asked for again, they would be read
        # twice for ever. Before its first message a subscription made anew costs nothing.
        before, self.doubtful = self.doubtful, not self._begun
        await monitoring.begin(due)
        self.doubtful = before
        if monitoring.full:
            self.full = True
        elif any(item.item_id is not None for item in due):
            self._freed()

    async def unmonitor(self) -> None:
        """Make the server monitor items no longer that were left out.

        Raises:
            asyncua.ua.UaError: the server refuses the call itself, or the connection is lost.
        """
        unwanted = list(self._unwanted)
        monitored = [item.item_id for item in unwanted if item.item_id is not None]
        if self.subscription_id is not None:
            await Monitoring(self.session, self.subscription_id).end(monitored)
            if monitored:
                self._freed()
        # One that the server does not know any more is gone all the same.
        self._unwanted = [item for item in self._unwanted if item not in unwanted]

    # -- messages sent again ----------------------------------------------------------------

    async def republish(self, before: Publication | None = None) -> AsyncIterator[Publication]:
        """Yield the messages the server kept, from the expected one on.

        Without a message that shows how many there are, it ends with the first that the server
        does not have. With one, those are passed over: asyncua's server forgets a message once it
        sent it again, even to a process that was killed before it could keep it, and others forget
        the oldest; what came after may still be there.
        """
        asked = self.expected
        if before is not None and self.missing_before(before) > _MOST_PASSED_OVER:
            asked = sequence_behind(before.sequence, _MOST_PASSED_OVER)
        for _ in range(_MOST_REPUBLISHED):
            if self.subscription_id is None or (before is not None and asked == before.sequence):
                return
            publication = await message_again(self.session, self.subscription_id, asked)
            if publication is not None:
                yield publication
            elif before is None:
                return
            asked = next_sequence(asked)

    async def learn(self, publication: Publication) -> None:
        """Ask the server for the types of structures of which tags have a field.

        Raises:
            OSError: the connection is lost; the message is not taken and comes again.
        """
        if not self._partial or isinstance(publication.changes, Changes):
            return
        until = asyncio.get_running_loop().time() + _LEARNT_WITHIN_S
        for handle, value, *_ in publication.changes:
            if asyncio.get_running_loop().time() > until:
                return  # longer, and the link would take its own wait for a silent server
            if handle in self._partial:
                await self.types.learn(value, self._handles[handle].steps)

    # -- sequence ---------------------------------------------------------------------------

    def missing_before(self, publication: Publication) -> int:
        """Return how many messages lie before this one unseen; negative when it was seen."""
        ahead = sequences_ahead(self.expected, publication.sequence)
        return ahead if self._begun else max(ahead, 0)

    def resumed(self, after: int) -> None:
        """Go on after the messages that another process took; `after` is the next one's number."""
        self.expected, self._begun = after, after != FIRST_SEQUENCE
        self._unprepared = True

    def passed(self, publication: Publication) -> None:
        """Note that the message was taken, so that the next number is known."""
        self._begun = True
        if publication.keep_alive:
            self.expected = publication.sequence
        else:
            self.expected = next_sequence(publication.sequence)
