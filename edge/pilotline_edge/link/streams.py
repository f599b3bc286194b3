"""Streams: every subscription of a machine, and how each comes to life."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import chain

import structlog
from asyncua.client.ua_session import UaSession
from asyncua.ua import uaerrors

from pilotline_edge.cause import Cause
from pilotline_edge.connection.origin import Origin
from pilotline_edge.errors import SubscriptionsRefused
from pilotline_edge.link.blockage import Blockage
from pilotline_edge.link.settling import Settling
from pilotline_edge.link.state import MachineState
from pilotline_edge.link.stream import Stream
from pilotline_edge.subscription.healing import Step, Take, heal
from pilotline_edge.subscription.subscription import MachineSubscription

log = structlog.get_logger("pilotline.edge")


class Streams:
    """What one machine publishes: values of each interval, and events.

    Characteristics
        order: the first subscription of each interval and that for events come to life before any
            further one that shares an interval's tags, so that servers with few have them for those
        a refused one: stops no other; it is asked for again, and values are polled meanwhile
        a stray: one that the server made and whose answer never arrived is removed, else the
            session would keep it alive for ever

    Attributes:
        subscribed: set once the server has one of the subscriptions on the present connection.
        strays: the server's numbers of subscriptions of our session that we know nothing of.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        further: Sequence[Stream],
        spread: Callable[[], Awaitable[Sequence[Stream]]],
        state: MachineState,
        blockage: Blockage,
        settling: Settling,
    ) -> None:
        self.subscribed = asyncio.Event()
        self.strays: set[int] = set()
        self._first = tuple(streams)
        self._further = further
        self._spread = spread
        self._state = state
        self._blockage = blockage
        self._settling = settling

    def __iter__(self) -> Iterator[Stream]:
        return chain(self._first, tuple(self._further))

    @property
    def subscriptions(self) -> list[MachineSubscription]:
        """The subscription of each."""
        return [stream.subscription for stream in self]

    @property
    def alive(self) -> int:
        """How many of them the server has."""
        return sum(each.subscription_id is not None for each in self.subscriptions)

    def find(self, subscription_id: int) -> Stream | None:
        """Return the one with the server's number, or None for one of before."""
        for stream in self:
            if stream.subscription.subscription_id == subscription_id:
                return stream
        return None

    def forget(self, subscription_id: int) -> None:
        """Have a subscription made anew; 0 stands for all."""
        for subscription in self.subscriptions:
            if subscription_id in (0, subscription.subscription_id):
                subscription.subscription_id = None

    async def heal(self, origin: Origin, take: Take, *, first: bool) -> None:
        """Bring every subscription to life on a fresh connection.

        Args:
            origin: where the connection's session comes from.
            take: takes each message that is sent again.
            first: whether there was no connection before, so that one made anew heals nothing.

        Raises:
            asyncua.ua.UaError: the connection is lost again, or the server refuses.
        """
        self.subscribed.clear()
        self.strays.clear()
        for stream in self:
            await self._heal(stream, origin, take, first=first)
        while fresh := await self.spread():
            for stream in fresh:
                await self._heal(stream, origin, take, first=True)

    async def _heal(self, stream: Stream, origin: Origin, take: Take, *, first: bool) -> None:
        try:
            step = await heal(stream.subscription, origin, take, partial(self._lost, stream))
        except SubscriptionsRefused as error:
            self._refused(stream.subscription, error)
            return
        if not first or step is not Step.RECREATED:
            self._state.healed(step.value)
        self.subscribed.set()
        if step is Step.RECREATED:
            self._made(stream)

    async def spread(self) -> Sequence[Stream]:
        """Find room in other subscriptions for what one refused; return those to be made."""
        return await self._spread()

    async def remove_strays(self, services: UaSession) -> None:
        """Have the server remove what it publishes to us and we know nothing of.

        Raises:
            asyncua.ua.UaError: the connection is lost.
        """
        strays = [each for each in self.strays if self.find(each) is None]
        self.strays.clear()
        if not strays:
            return
        log.info("edge.strays_removed", machine=self._state.machine, subscriptions=strays)
        try:
            await services.delete_subscriptions(strays)
        except uaerrors.UaStatusCodeError as error:
            log.debug("edge.subscription_not_deleted", subscriptions=strays, reason=str(error))

    async def ask_again(self, stream: Stream) -> None:
        """Ask again for a subscription that was refused; its tags are polled until it has them."""
        try:
            await stream.subscription.create()
        except SubscriptionsRefused as error:
            log.info("edge.subscription_refused", machine=self._state.machine, reason=str(error))
            return
        self.subscribed.set()
        self._made(stream)
        await stream.subscription.monitor()

    def _lost(self, stream: Stream, cause: Cause) -> None:
        stream.lost(self._blockage.behind(cause))

    def _refused(self, subscription: MachineSubscription, error: Exception) -> None:
        log.warning(
            "edge.subscription_refused",
            machine=self._state.machine,
            interval_ms=subscription.interval_ms,
            reason=str(error),
        )
        self._settling.begin()

    def _made(self, stream: Stream) -> None:
        stream.made()
        self._settling.begin(stream.subscription.published_s)
