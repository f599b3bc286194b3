"""Pump: keeps publish requests at the server and takes its answers in order."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import structlog
from asyncua import ua
from asyncua.ua import uaerrors

from pilotline_edge.aside import decoded
from pilotline_edge.connection.transport import CappedUaClient
from pilotline_edge.errors import MachineUnreachable, SubscriptionLost, UndecodableMessage
from pilotline_edge.subscription.decoding import decode
from pilotline_edge.subscription.publication import Publication

log = structlog.get_logger("pilotline.edge")

Acknowledgement = tuple[int, int]
"""Subscription number and sequence number."""

_RELIEF_S = 1.0


class Taken(NamedTuple):
    """What became of a message.

    Attributes:
        durable: done once the journal has it on disk; None when there was nothing to keep.
        acknowledgements: what to tell the server then.
    """

    durable: asyncio.Future[None] | None = None
    acknowledgements: Sequence[Acknowledgement] = ()


class PublishPump:
    """Keeps several publish requests in flight; acknowledges only what is durable.

    asyncua keeps one request in flight and acknowledges when its callback returns. Here a message
    is acknowledged with the first request sent after its journal commit, and messages are taken in
    the order they arrived.

    Characteristics
        buffered: at most `depth()` messages, one per request in flight; fewer where the server
            refuses that many requests
        policy when the journal is slow: no further request is sent, so the server queues
        order: messages are taken one after the other, as they arrived
    """

    def __init__(
        self,
        client: CappedUaClient,
        depth: Callable[[], int],
        take: Callable[[Publication], Awaitable[Taken]],
        acknowledge: list[Acknowledgement],
    ) -> None:
        self._client = client
        self._depth = depth
        self._take = take
        self._to_acknowledge = acknowledge
        self._requests = 0
        self._most = sys.maxsize
        self._asked: dict[asyncio.Future[Any], list[Acknowledgement]] = {}
        self._ready: asyncio.Queue[asyncio.Future[Any]] = asyncio.Queue()

    async def run(self) -> None:
        """Pump until the connection or a subscription is lost.

        Raises:
            MachineUnreachable: the connection is lost.
            SubscriptionLost: the server ended or forgot a subscription.
            JournalFailed: what was taken is not durable.
        """
        try:
            while True:
                self._fill()
                future = await self._ready.get()
                if future in self._asked:
                    await self._answered(future)
                else:
                    future.result()
                    self._ask()
        finally:
            for future, acknowledgements in self._asked.items():
                future.cancel()
                self._to_acknowledge.extend(acknowledgements)
            await asyncio.gather(*self._asked, return_exceptions=True)

    def _fill(self) -> None:
        """Send as many requests as there are to be, also when more are wanted than before."""
        while self._requests < min(self._depth(), self._most):
            self._requests += 1
            self._ask()

    def _ask(self) -> None:
        request: Any = ua.PublishRequest()
        acknowledgements = self._to_acknowledge[:]
        self._to_acknowledge.clear()
        request.Parameters.SubscriptionAcknowledgements = [
            ua.SubscriptionAcknowledgement(ua.UInt32(subscription), ua.UInt32(sequence))
            for subscription, sequence in acknowledgements
        ]
        future = asyncio.ensure_future(self._client.ask(request))
        self._asked[future] = acknowledgements
        future.add_done_callback(self._ready.put_nowait)

    async def _answered(self, future: asyncio.Future[Any]) -> None:
        acknowledgements = self._asked.pop(future)
        try:
            body = future.result()
            publication = await decoded(bytes(body.read(len(body))), decode)
        except uaerrors.BadTooManyPublishRequests:
            if self._asked:
                self._requests -= 1
                self._most = self._requests
            else:
                await asyncio.sleep(_RELIEF_S)
                self._ask()
            return
        except (uaerrors.BadTimeout, UndecodableMessage) as error:
            # The message, if there was one, shows as a gap in the sequence numbers.
            log.warning("edge.publish_answer_lost", reason=str(error))
            self._ask()
            return
        except (uaerrors.BadNoSubscription, uaerrors.BadSubscriptionIdInvalid) as error:
            raise SubscriptionLost(0, str(error)) from error
        except (OSError, TimeoutError, uaerrors.UaError) as error:
            self._to_acknowledge.extend(acknowledgements)
            raise MachineUnreachable(f"the connection is lost ({error})") from error
        taken = await self._take(publication)
        if taken.durable is None:
            self._to_acknowledge.extend(taken.acknowledgements)
            self._ask()
        else:
            taken.durable.add_done_callback(partial(self._committed, taken.acknowledgements))

    def _committed(
        self, acknowledgements: Sequence[Acknowledgement], durable: asyncio.Future[None]
    ) -> None:
        """Acknowledge with the next request, even when that is one of the next connection."""
        if not durable.cancelled() and durable.exception() is None:
            self._to_acknowledge.extend(acknowledgements)
        self._ready.put_nowait(durable)
