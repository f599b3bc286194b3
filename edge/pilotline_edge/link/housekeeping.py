"""Housekeeping: what must be looked after on a connection besides the messages."""

import asyncio
from collections.abc import Callable

from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import MachineUnreachable
from pilotline_edge.link.blockage import Blockage
from pilotline_edge.link.settling import Settling
from pilotline_edge.link.stream import Stream
from pilotline_edge.link.streams import Streams
from pilotline_edge.link.tags import TagReader
from pilotline_edge.subscription.subscription import MachineSubscription

_HOUSEKEEPING_S = 0.5
_NOTE_S = 1.0


class Housekeeping:
    """Watches for silence, tries refused tags again, settles losses, notes coverage.

    Characteristics
        period: half a second; coverage is noted each second where no value does it
        journal full: nothing is asked of the server, and its silence is no fault of it

    Args:
        session: the machine's session.
        streams: all its subscriptions.
        tags: how its tags are read.
        blockage: told when the journal takes nothing.
        settling: when a loss is settled.
        remember: called each time, to keep and to tell what has changed.
    """

    def __init__(
        self,
        session: MachineSession,
        streams: Streams,
        tags: TagReader,
        blockage: Blockage,
        settling: Settling,
        remember: Callable[[], None],
    ) -> None:
        self._session = session
        self._streams = streams
        self._tags = tags
        self._intake = tags.intake
        self._blockage = blockage
        self._settling = settling
        self._remember = remember

    async def run(self) -> None:
        """Look after everything until cancelled.

        Raises:
            MachineUnreachable: the server has been silent for too long.
            asyncua.ua.UaError: it refuses what it is asked for, or the connection is lost.
            JournalFailed: what was noted is not durable.
        """
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            if blocked := self._intake.blocked:
                self._blockage.cause = blocked
                for subscription in self._streams.subscriptions:
                    subscription.listen()
                continue
            for stream in self._streams:
                await self._tend(stream)
            while fresh := await self._streams.spread():
                for stream in fresh:
                    await self._tend(stream)
            # Nothing is being made now, so what is not known is not about to be.
            await self._streams.remove_strays(self._session.services)
            self._remember()
            await self._settle_or_note()

    async def _tend(self, stream: Stream) -> None:
        subscription = stream.subscription
        if subscription.subscription_id is not None:
            self._check_silence(subscription)
            await subscription.unmonitor()  # first, since it makes room
            await subscription.monitor()
        elif asyncio.get_running_loop().time() >= subscription.retry_at:
            await self._streams.ask_again(stream)

    def _check_silence(self, subscription: MachineSubscription) -> None:
        silence_s = subscription.silence_s()
        if silence_s > subscription.patience_s:
            subscription.silences += 1
            raise MachineUnreachable(
                f"machine {self._session.machine.id}: {self._session.url} has been silent for "
                f"{silence_s:.0f} s"
            )

    async def _settle_or_note(self) -> None:
        intake = self._intake
        if intake.coverage.unsettled and self._settling.due:
            await intake.settle()
        elif intake.due or asyncio.get_running_loop().time() >= intake.kept_at + _NOTE_S:
            await intake.note()
