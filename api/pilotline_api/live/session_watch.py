"""Ends streams whose session has ended."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from pilotline_api.accounts.models import SignInSession
from pilotline_api.accounts.person import Person
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.live.audience import ReaderGroup, group_of
from pilotline_api.live.hub import Hub

CHECK_S: Final = 4.0
"""How often sessions are looked at; a revoked one's streams end within five seconds."""

AWAY_S: Final = 60.0
"""How long streams go on while the database cannot say whether their sessions stand."""

_AT_ONCE: Final = 500

_log = structlog.get_logger("pilotline.api.live")


class SessionWatch:
    """Looks at the sessions of all open streams, by one query each `CHECK_S`.

    A stream ends when its session is revoked or has expired, or when the person's role or
    organisation is no longer the one the stream was opened for.

    Characteristics
        revoked to ended: at most `CHECK_S` and the query
        database away: streams end after `AWAY_S` of it (fail closed)
    """

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        answered_s = loop.time()
        while True:
            await asyncio.sleep(CHECK_S)
            streams = tuple(self._hub.subscriptions)
            sessions = {each.session for each in streams}
            try:
                groups = await asyncio.to_thread(self._groups, sessions)
            except DBAPIError as error:
                _log.warning("sessions.database_away", error=str(error.orig))
                if loop.time() - answered_s > AWAY_S:
                    self._hub.end(streams, "session-unknown")
                continue
            answered_s = loop.time()
            ended = [each for each in streams if groups.get(each.session) != each.group]
            self._hub.end(ended, "session-ended")

    def _groups(self, sessions: Collection[str]) -> Mapping[str, ReaderGroup]:
        """Return the reader group of each session that stands."""
        asked = sorted(sessions)
        groups: dict[str, ReaderGroup] = {}
        if not asked:
            return groups
        with self._database.reading() as session:
            for first in range(0, len(asked), _AT_ONCE):
                standing = session.scalars(
                    select(SignInSession).where(
                        SignInSession.token_hash.in_(asked[first : first + _AT_ONCE]),
                        SignInSession.expires_at > utc_now(),
                    )
                )
                groups.update(
                    {each.token_hash: group_of(Person.of(each.user)) for each in standing}
                )
        return groups
