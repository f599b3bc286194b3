"""What the API does by the clock: ends abandoned solves, tells of runs, forgets what is over."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from pilotline_api.accounts.sessions import prune_sessions
from pilotline_api.kit import events
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.kit.idempotency import prune_answers
from pilotline_api.runs.announcing import announce_by_clock
from pilotline_api.solves.service import end_abandoned

PERIOD_S = 5.0
_PRUNED_EVERY = 60

_log = structlog.get_logger("pilotline.api")


async def keep_house(database: Database) -> None:
    """Do what is due each 5 s until cancelled; a database that does not answer is tried again."""
    turn = 0
    while True:
        try:
            await asyncio.to_thread(_turn, database, prune=turn % _PRUNED_EVERY == 0)
        except SQLAlchemyError as error:
            _log.warning("housekeeping.postponed", error=str(error))
        turn += 1
        await asyncio.sleep(PERIOD_S)


def _turn(database: Database, *, prune: bool) -> None:
    now = utc_now()
    end_abandoned(database, now)
    with database.writing() as session:
        announce_by_clock(session, now)
        if prune:
            prune_sessions(session, now)
            prune_answers(session)
            events.prune(session)
