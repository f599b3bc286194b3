"""The response that carries one stream until its reader, its session or the server goes."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pilotline_api.live.frames import KEEP_ALIVE, RECONNECT_AFTER
from pilotline_api.live.hub import Subscription
from pilotline_api.live.mailbox import Mailbox

KEEP_ALIVE_S: Final = 5.0
"""A stream is never silent for longer, so that both sides notice a broken link."""

STREAM_LIFE_S: Final = 600.0
"""A stream ends after this; the browser comes back and its rights are looked at afresh."""

STALLED_S: Final = 30.0
"""A reader that takes nothing for this long is let go."""

CLOSING_S: Final = 0.2
"""How long the last words of a stream may take."""

_log = structlog.get_logger("pilotline.api.live")


class EventStream(Response):
    """Server-Sent Events from one subscription.

    Characteristics
        buffered: one write at a time; the next waits until the transport has room
        ends: when the reader goes, when the mailbox closes, after `STREAM_LIFE_S`, or when one
            write stalls for `STALLED_S`
        shutdown: a closed mailbox ends it within `CLOSING_S`, even amid a stalled write

    Args:
        subscribe: opens the subscription; entered before the response begins.
    """

    media_type = "text/event-stream"

    def __init__(self, subscribe: Callable[[], AbstractContextManager[Subscription]]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._subscribe = subscribe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until the stream ends."""
        del scope
        with self._subscribe() as subscription:
            mailbox = subscription.mailbox
            listener = asyncio.create_task(_close_on_disconnect(receive, mailbox))
            try:
                await send(
                    {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                )
                await _pump(mailbox, send)
                await _finish(send)
            finally:
                listener.cancel()


async def _pump(mailbox: Mailbox, send: Send) -> None:
    """Send what the mailbox holds until the stream has to end; the mailbox tells why."""
    loop = asyncio.get_running_loop()
    life_ends_s = loop.time() + STREAM_LIFE_S
    try:
        async with asyncio.timeout_at(life_ends_s) as limit:
            mailbox.on_close(partial(_hurry, limit))
            waiting = RECONNECT_AFTER
            while True:
                if mailbox.closed is None:
                    limit.reschedule(min(loop.time() + STALLED_S, life_ends_s))
                await send({"type": "http.response.body", "body": waiting, "more_body": True})
                if mailbox.closed is not None:
                    return
                limit.reschedule(life_ends_s)
                waiting = await mailbox.take(KEEP_ALIVE_S) or KEEP_ALIVE
    except TimeoutError:
        mailbox.on_close(None)
        mailbox.close("life" if loop.time() >= life_ends_s else "stalled")
    finally:
        mailbox.on_close(None)


def _hurry(limit: asyncio.Timeout) -> None:
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + CLOSING_S)


async def _finish(send: Send) -> None:
    """End the response, so that the connection serves on, unless the reader has stalled."""
    try:
        async with asyncio.timeout(CLOSING_S):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        _log.info("stream.abandoned")


async def _close_on_disconnect(receive: Receive, mailbox: Mailbox) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    mailbox.close("disconnected")
