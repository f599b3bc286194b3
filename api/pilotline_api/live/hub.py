"""The hub: one image of the plant in, one encoded frame per audience out to every stream."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from pilotline_api.errors import TooManyRequests, Unavailable
from pilotline_api.kit.events import Event
from pilotline_api.live import metrics
from pilotline_api.live.audience import ReaderGroup
from pilotline_api.live.clock import Moment
from pilotline_api.live.frames import frame
from pilotline_api.live.mailbox import Mailbox
from pilotline_api.live.plant_image import PlantImage

FRAME_INTERVAL_S: Final = 0.2
"""At most five frames a second: faster than an eye follows figures, slow enough for many tiles."""

LATE_FRAMES: Final = 5
"""After this many frames that had to wait for their turn in a row, the hub falls into step."""

MAX_STREAMS: Final = 500
"""Half of the files a process may usually have open."""
MAX_STREAMS_PER_USER: Final = 30
"""A wall, a phone and a few browsers; each browser needs one, shared by its tabs."""

_log = structlog.get_logger("pilotline.api.live")


@dataclass(frozen=True, eq=False, slots=True)
class Subscription:
    """One open stream.

    Attributes:
        group: who its reader is.
        user: user id.
        session: what the stream's right to exist hangs on.
        mailbox: what waits for it.
    """

    group: ReaderGroup
    user: str
    session: str
    mailbox: Mailbox


class Hub:
    """Sends what changes to every open stream.

    Characteristics
        rate: a machine frame leaves at once when the last is `FRAME_INTERVAL_S` old, else when it
            becomes so; what changes meanwhile goes into the same frame
        step: pushes as frequent as frames, once delayed, would make every later frame wait; after
            `LATE_FRAMES` of them one frame waits for the next push, and the others need not
        encoding: each frame once, whatever the number of readers
        slow readers: see `Mailbox`; they never hold up the others
        idle: without a staff stream no machine frame is made
        thread-safe: no, it lives on the event loop

    Args:
        image: the plant as last heard.
        now: the clock of `server_ms`.
    """

    def __init__(self, image: PlantImage, now: Callable[[], Moment]) -> None:
        self._image = image
        self._now = now
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._sent_revision = image.revision
        self._sent_at_s = float("-inf")
        self._late_frames = 0
        self._timer: asyncio.TimerHandle | None = None
        self._snapshot = b""
        self._snapshot_made: tuple[int, float] = (-1, float("-inf"))

    @property
    def subscriptions(self) -> Iterable[Subscription]:
        """The open streams."""
        return tuple(self._subscriptions)

    @contextmanager
    def subscribe(self, group: ReaderGroup, *, user: str, session: str) -> Iterator[Subscription]:
        """Hold a stream open.

        Raises:
            TooManyRequests: this user has `MAX_STREAMS_PER_USER` open.
            Unavailable: there are `MAX_STREAMS` open.
        """
        self._refuse_too_many(user)
        mailbox = Mailbox(self._snapshot_frame if group.sees_machines else self._empty_snapshot)
        if self._closed:
            mailbox.close("shutdown")
        subscription = Subscription(group, user, session, mailbox)
        self._subscriptions.add(subscription)
        gauge = metrics.streams.labels(group.kind.value)
        gauge.inc()
        try:
            yield subscription
        finally:
            gauge.dec()
            metrics.lag_snapshots.inc(mailbox.snapshots_after_lag)
            metrics.streams_ended.labels(mailbox.closed or "disconnected").inc()
            self._subscriptions.discard(subscription)

    def image_changed(self) -> None:
        """Send what changed in the image, now or when the frame rate allows."""
        if self._closed or self._image.revision == self._sent_revision:
            return
        loop = asyncio.get_running_loop()
        due_s = self._sent_at_s + FRAME_INTERVAL_S
        if loop.time() >= due_s:
            self._late_frames = 0
            self._flush()
        elif self._timer is None:
            patience_s = FRAME_INTERVAL_S if self._late_frames >= LATE_FRAMES else 0.0
            self._timer = loop.call_at(due_s + patience_s, self._flush_late)

    def deliver(self, events: Iterable[Event]) -> None:
        """Send outbox events to those who may have them, each encoded once."""
        for event in events:
            encoded = frame(event.kind, event.payload)
            for subscription in self._subscriptions:
                if subscription.group.may_get_event(event):
                    subscription.mailbox.post_event(encoded)

    def end(self, subscriptions: Iterable[Subscription], reason: str) -> None:
        """End some streams; their readers may come back if they still may sign in."""
        for subscription in subscriptions:
            subscription.mailbox.close(reason)

    def close(self) -> None:
        """End every stream, and each that comes later, at once."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        _log.info("stream.closing", streams=len(self._subscriptions))
        self.end(self._subscriptions, "shutdown")

    def _refuse_too_many(self, user: str) -> None:
        if len(self._subscriptions) >= MAX_STREAMS:
            msg = f"All {MAX_STREAMS} live streams are taken; try again in a minute."
            raise Unavailable(msg, retry_after_s=60)
        if sum(each.user == user for each in self._subscriptions) >= MAX_STREAMS_PER_USER:
            msg = f"You have {MAX_STREAMS_PER_USER} live streams open; close a page first."
            raise TooManyRequests(msg, retry_after_s=60)

    def _flush_late(self) -> None:
        self._late_frames += 1
        self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._sent_at_s = asyncio.get_running_loop().time()
        since, self._sent_revision = self._sent_revision, self._image.revision
        readers = [each.mailbox for each in self._subscriptions if each.group.sees_machines]
        if not readers:
            return
        changed = self._image.delta(since)
        if not changed:
            return
        delta = frame("live", {"server_ms": self._now().unix_ms, "machines": changed})
        metrics.frames.inc()
        for mailbox in readers:
            mailbox.post_delta(delta)

    def _empty_snapshot(self) -> bytes:
        """Return the first frame of a reader who sees no machine: only the clock."""
        return frame("snapshot", {"server_ms": self._now().unix_ms, "machines": {}})

    def _snapshot_frame(self) -> bytes:
        """Return the newest snapshot; readers that ask at the same time share one."""
        now = self._now()
        revision, made_s = self._snapshot_made
        if revision != self._image.revision or now.monotonic_s - made_s > FRAME_INTERVAL_S:
            whole = {"server_ms": now.unix_ms, "machines": self._image.snapshot()}
            self._snapshot = frame("snapshot", whole)
            self._snapshot_made = (self._image.revision, now.monotonic_s)
            metrics.snapshots.inc()
        return self._snapshot
