"""Aging: the journal keeps nothing for longer than it is told, where it is told so."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from pilotline_edge.errors import JournalError
from pilotline_edge.journal.journal import Journal

log = structlog.get_logger("pilotline.edge")

_PERIOD_S = 60.0
_S = 1_000_000_000


@dataclass(slots=True)
class Aging:
    """Gives up what waited for the historian too long, as declared gaps.

    Characteristics
        late by: a minute at most, and by what a machine's clock is wrong
        lost: what is given up, which is counted and declared; nothing else

    Attributes:
        journal: the journal.
        keep_s: how long it keeps anything, in seconds, or None for ever.
        given_up: values and events given up since the start.
    """

    journal: Journal
    keep_s: float | None
    given_up: int = 0

    async def run(self) -> None:
        """Give up what is too old, until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            await self.look()

    async def look(self) -> None:
        """Give up what is too old now."""
        if self.keep_s is None:
            return
        before_ns = time.time_ns() - int(self.keep_s * _S)
        try:
            while values := await self.journal.expire(before_ns):
                self.given_up += values
                log.warning("edge.values_given_up", values=values, kept_s=self.keep_s)
        except JournalError as error:
            log.warning("edge.nothing_given_up", reason=str(error))
