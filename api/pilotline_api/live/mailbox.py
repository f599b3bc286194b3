"""What waits for one stream's reader, however slow that reader is."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from pilotline_api.live.frames import frame

MAX_EVENTS: Final = 256
"""Events a reader may be behind; one that is further behind starts afresh."""


class Mailbox:
    """Frames for one reader.

    Characteristics
        live data: one slot, the newest wins: a delta that was not taken before the next one came
            is dropped with it, and the reader gets a fresh snapshot instead
        events: a queue of at most `MAX_EVENTS`, never thinned out; when it is full the reader is
            told to reconnect and the mailbox closes
        memory: the slot and the queue hold references to frames that all readers share
        thread-safe: no, it lives on the event loop; one reader

    Args:
        snapshot: makes the newest snapshot frame, which is also the first one the reader gets.
    """

    def __init__(self, snapshot: Callable[[], bytes]) -> None:
        self._snapshot = snapshot
        self._wants_snapshot = True
        self._delta: bytes | None = None
        self._events: deque[bytes] = deque()
        self._something = asyncio.Event()
        self._on_close: Callable[[], None] | None = None
        self.closed: str | None = None
        self.snapshots_after_lag = 0
        self._something.set()

    def post_delta(self, delta: bytes) -> None:
        """Leave a change of machine data, or note that the reader lags."""
        if self.closed or self._wants_snapshot:
            return
        if self._delta is not None:
            self._delta = None
            self._wants_snapshot = True
            self.snapshots_after_lag += 1
            return
        self._delta = delta
        self._something.set()

    def post_event(self, event: bytes) -> None:
        """Leave an event that must not be skipped."""
        if self.closed:
            return
        if len(self._events) >= MAX_EVENTS:
            self.close("overflow", last_words=frame("reconnect", {"reason": "overflow"}))
            return
        self._events.append(event)
        self._something.set()

    def close(self, reason: str, *, last_words: bytes = b"") -> None:
        """Throw away what waits and let the reader go; the first reason stays.

        Nothing that was posted is sent any more: the session behind the stream may have ended.
        """
        if self.closed is not None:
            return
        self.closed = reason
        self._wants_snapshot = False
        self._delta = None
        self._events.clear()
        if last_words:
            self._events.append(last_words)
        self._something.set()
        if self._on_close is not None:
            self._on_close()

    def on_close(self, call: Callable[[], None] | None) -> None:
        """Have `call` made when the mailbox closes, now if it is closed already; None undoes it."""
        self._on_close = call
        if call is not None and self.closed is not None:
            call()

    async def take(self, timeout_s: float) -> bytes:
        """Return everything that waits, joined; empty after `timeout_s` without anything.

        A closed mailbox returns at once, so that its reader sees `closed`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._something.wait()
        except TimeoutError:
            return b""
        return self._all()

    def _all(self) -> bytes:
        parts = []
        if self._wants_snapshot:
            parts.append(self._snapshot())
        elif self._delta is not None:
            parts.append(self._delta)
        parts.extend(self._events)
        self._wants_snapshot = False
        self._delta = None
        self._events.clear()
        if not self.closed:
            self._something.clear()
        return parts[0] if len(parts) == 1 else b"".join(parts)
