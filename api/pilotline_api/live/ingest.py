"""Takes what edge agents push: into the image, out to the streams, on to the alarms."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from pilotline_api.live import metrics
from pilotline_api.live.clock import Moment
from pilotline_api.live.hub import Hub
from pilotline_api.live.plant_image import PlantImage
from pilotline_api.live.push import EdgePush, RefusedItem
from pilotline_api.live.push_decoding import decode_push
from pilotline_api.live.reading import Applied

MAX_REMEMBERED: Final = 1000
"""Unknown machines and tags that are remembered as already logged."""

_log = structlog.get_logger("pilotline.api.live")


class PlantWatcher(Protocol):
    """Someone who wants to know what changes in the plant."""

    def changed(self, applied: Applied, now: Moment) -> None:
        """Look at readings and connections that changed; called on the event loop."""
        ...


class EdgeIngest:
    """Takes pushes of edge agents.

    Characteristics
        buffered: no; a push is in the image, and on its way to the streams, when `take` returns
        unknown machines and tags, and items that are wrong: ignored and counted, each logged once

    Args:
        image: where the newest values are kept.
        hub: where changes leave.
        watcher: told of every change.
        now: the clock.
    """

    def __init__(
        self, image: PlantImage, hub: Hub, watcher: PlantWatcher, now: Callable[[], Moment]
    ) -> None:
        self._image = image
        self._hub = hub
        self._watcher = watcher
        self._now = now
        self._logged: set[tuple[str, str]] = set()
        self._logged_refused: set[str] = set()
        self.newest_push: Moment | None = None

    def take(self, body: bytes) -> tuple[Applied, Sequence[RefusedItem]]:
        """Take one push.

        Returns:
            What it changed, and what of it could not be taken.

        Raises:
            PushError: the body is no push.
        """
        push, refused = decode_push(body)
        if refused:
            self._note_refused(push.agent, refused)
        return self.take_push(push), refused

    def take_push(self, push: EdgePush) -> Applied:
        """Take one push that is decoded already."""
        now = self._now()
        self.newest_push = now
        applied = self._image.apply(push, now)
        self._tell(applied, now)
        metrics.pushes.labels("taken").inc()
        metrics.newest_push.set(now.unix_ms / 1000)
        metrics.values.labels("taken").inc(len(applied.readings))
        metrics.values.labels("overtaken").inc(applied.overtaken)
        if applied.unknown:
            self._note_unknown(push.agent, applied)
        return applied

    def look_for_silence(self) -> None:
        """Disconnect machines whose edge agent has gone silent; call it every second or so."""
        now = self._now()
        lost = self._image.expire(now)
        if lost:
            _log.warning("edge.silent", machines=[each.machine for each in lost])
        self._tell(Applied(connections=lost), now)

    def _tell(self, applied: Applied, now: Moment) -> None:
        self._watcher.changed(applied, now)
        if applied.connections:
            metrics.connected_machines.set(
                sum(each.connected for each in self._image.connections())
            )
        self._hub.image_changed()

    def _note_refused(self, agent: str, refused: Sequence[RefusedItem]) -> None:
        metrics.values.labels("refused").inc(len(refused))
        fresh = {each.about: each for each in refused if each.about not in self._logged_refused}
        if not fresh or len(self._logged_refused) >= MAX_REMEMBERED:
            return
        self._logged_refused.update(fresh)
        _log.warning(
            "edge.items_refused",
            agent=agent,
            items=[f"{about}: {each.reason}" for about, each in list(fresh.items())[:20]],
            count=len(fresh),
        )

    def _note_unknown(self, agent: str, applied: Applied) -> None:
        metrics.values.labels("unknown").inc(len(applied.unknown))
        fresh = [each for each in applied.unknown if each not in self._logged]
        if not fresh or len(self._logged) >= MAX_REMEMBERED:
            return
        self._logged.update(fresh)
        _log.warning(
            "edge.unknown_tags",
            agent=agent,
            tags=[f"{machine}.{tag}" if tag else machine for machine, tag in fresh[:20]],
            count=len(fresh),
            hint="the edge and the API read different plant files",
        )
