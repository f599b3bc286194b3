"""Carries the event outbox to the hub."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from pilotline_api.kit.database import Database
from pilotline_api.kit.events import Event, after, newest_id
from pilotline_api.live.hub import Hub

POLL_S: Final = 0.2
RETRY_S: Final = 2.0

_log = structlog.get_logger("pilotline.api.live")


class OutboxFeed:
    """Polls the outbox and hands new events to the hub.

    Characteristics
        latency: at most `POLL_S` after the commit
        begins: with events that come after `begin`; a browser asks for the rest when it connects
        database away: tried again each `RETRY_S` from where it was
    """

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._last_id = 0

    async def begin(self) -> None:
        """Note the newest event; what comes later is handed on."""
        self._last_id = await asyncio.to_thread(self._newest)

    async def run(self) -> None:
        """Hand on events until cancelled."""
        while True:
            try:
                events = await asyncio.to_thread(self._next)
            except DBAPIError as error:
                _log.warning("outbox.database_away", error=str(error.orig))
                await asyncio.sleep(RETRY_S)
                continue
            if events:
                self._last_id = events[-1].id
                self._hub.deliver(events)
            await asyncio.sleep(POLL_S)

    def _newest(self) -> int:
        with self._database.reading() as session:
            return newest_id(session)

    def _next(self) -> Sequence[Event]:
        with self._database.reading() as session:
            return after(session, self._last_id)
