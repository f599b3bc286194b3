"""Messages: what subscriptions publish, taken once, in order, and acknowledged when durable."""

import asyncio
from collections.abc import Callable

import structlog

from pilotline_edge.cause import Cause
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import SubscriptionLost
from pilotline_edge.link.blockage import Blockage
from pilotline_edge.link.state import MachineState
from pilotline_edge.link.stream import Stream
from pilotline_edge.link.streams import Streams
from pilotline_edge.subscription.allotment import MOST_SUBSCRIPTIONS
from pilotline_edge.subscription.publication import Publication
from pilotline_edge.subscription.pump import Acknowledgement, PublishPump, Taken
from pilotline_historian import Gap

log = structlog.get_logger("pilotline.edge")

_MOST_REQUESTS = MOST_SUBSCRIPTIONS + 1

Heard = Callable[[int | None], None]
"""Called with the machine's time, ns UTC, whenever it told anything; None where it gave none."""


class Messages:
    """Takes the messages of one machine's subscriptions.

    Characteristics
        acknowledges: only what the journal has on disk, also on a later connection, but nothing
            to another server or another run of it, whose numbers may be the same
        twice: a message that was taken already is dropped, counted and acknowledged again
        missing: asked for again, and a gap where the server no longer has it

    Attributes:
        acknowledge: what to tell the server with the next request.
    """

    def __init__(
        self,
        session: MachineSession,
        streams: Streams,
        state: MachineState,
        blockage: Blockage,
        heard: Heard,
    ) -> None:
        self.acknowledge: list[Acknowledgement] = []
        self._session = session
        self._streams = streams
        self._state = state
        self._blockage = blockage
        self._heard = heard

    async def run(self) -> None:
        """Take what is published once there is a subscription, until the connection is lost.

        Raises:
            MachineUnreachable: the connection is lost.
            SubscriptionLost: the server ended or forgot a subscription.
            JournalFailed: what was taken is not durable.
        """
        await self._streams.subscribed.wait()
        pump = PublishPump(
            self._session.client.uaclient,
            lambda: min(self._streams.alive + 1, _MOST_REQUESTS),
            self.take,
            self.acknowledge,
        )
        await pump.run()

    def forget(self) -> None:
        """Acknowledge nothing of what was taken so far, nor what of it is yet to be on disk."""
        self.acknowledge = []

    def drop_unknown(self) -> None:
        """Acknowledge nothing of subscriptions that are no more."""
        known = {each.subscription_id for each in self._streams.subscriptions}
        self.acknowledge[:] = [each for each in self.acknowledge if each[0] in known]

    async def take(self, publication: Publication) -> Taken:
        """Take one answer to a publish request.

        Raises:
            SubscriptionLost: it says that the server ended the subscription.
        """
        stream = self._streams.find(publication.subscription_id)
        if stream is None:
            self._streams.strays.add(publication.subscription_id)
            return Taken()
        subscription = stream.subscription
        subscription.heard()
        self._heard(publication.published_ns or publication.answered_ns)
        if publication.ended is not None:
            raise SubscriptionLost(
                publication.subscription_id, f"the server ended it ({publication.ended:#010x})"
            )
        acknowledgements = () if publication.keep_alive else (_acknowledgement(publication),)
        missing = subscription.missing_before(publication)
        if missing < 0:
            self._state.duplicates += not publication.keep_alive
            return Taken(None, acknowledgements)
        await subscription.learn(publication)
        gaps = await self._recovered(stream, publication) if missing else []
        durable = stream.store(publication, gaps, replayed=False)
        subscription.passed(publication)
        return Taken(durable, acknowledgements)

    async def take_again(self, publication: Publication) -> None:
        """Take a message that was asked for again; those before it were too, or are lost."""
        stream = self._streams.find(publication.subscription_id)
        if stream is None or stream.subscription.missing_before(publication) < 0:
            return
        await stream.subscription.learn(publication)
        gaps = self._lost_before(stream, publication)
        durable = stream.store(publication, gaps, replayed=True)
        stream.subscription.passed(publication)
        acknowledgement, later = _acknowledgement(publication), self.acknowledge
        if durable is None:
            later.append(acknowledgement)
            return

        def committed(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:
                later.append(acknowledgement)

        durable.add_done_callback(committed)
        if stream.blocked:
            await durable

    async def _recovered(self, stream: Stream, publication: Publication) -> list[Gap]:
        """Take what the server still has before a message and return gaps for what it has not."""
        async for lost in stream.subscription.republish(publication):
            await self.take_again(lost)
        return self._lost_before(stream, publication)

    def _lost_before(self, stream: Stream, publication: Publication) -> list[Gap]:
        missing = max(stream.subscription.missing_before(publication), 0)
        if not missing:
            return []
        self._state.missing += missing
        log.warning("edge.messages_missing", machine=self._state.machine, count=missing)
        return stream.missing(publication, self._blockage.behind(Cause.MESSAGES_LOST))


def _acknowledgement(publication: Publication) -> Acknowledgement:
    return publication.subscription_id, publication.sequence
