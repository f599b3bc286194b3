"""Keeps alarms in the database, off the event loop."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from pilotline_api.alarms.models import Alarm
from pilotline_api.alarms.repository import open_alarm
from pilotline_api.alarms.schemas import AlarmView
from pilotline_api.alarms.transition import Cleared, Raised, Transition
from pilotline_api.kit.database import Database
from pilotline_api.kit.events import Audience, publish

GATHER_S: Final = 0.05
"""How long the first transition waits for company, so that a burst costs one commit."""

RETRY_S: Final = 1.0
MAX_BATCH: Final = 500
MAX_WAITING: Final = 10_000
MAX_MESSAGE: Final = 500

_log = structlog.get_logger("pilotline.api.alarms")
_transitions = Counter("pilotline_alarm_transitions", "Alarms raised and cleared.", ["what"])
_dropped = Counter(
    "pilotline_alarm_dropped", "Alarms that rose and cleared unseen while the database was away."
)


@dataclass(slots=True)
class _Pending:
    """What the database does not know yet of one alarm."""

    raised: Raised | None = None
    cleared: Cleared | None = None


class AlarmJournal:
    """Writes what the monitor found into the database, with an event for each change.

    Characteristics
        buffered: until the next commit, usually 50 ms; at most `MAX_WAITING` alarms
        database away: kept and tried again each `RETRY_S`; beyond the bound the oldest alarms that
            both rose and cleared meanwhile are dropped and counted, open ones never
        idempotent: an alarm that is stored already is not stored again
        thread-safe: no; `add` on the event loop, the writing in a thread of its own
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[str, _Pending] = {}
        self._something = asyncio.Event()
        self._stopping = False

    def add(self, transitions: Iterable[Transition]) -> None:
        """Take transitions to be written."""
        for transition in transitions:
            pending = self._pending.setdefault(transition.id, _Pending())
            if isinstance(transition, Raised):
                pending.raised = transition
                _transitions.labels("raised").inc()
            else:
                pending.cleared = transition
                _transitions.labels("cleared").inc()
            self._something.set()
        if len(self._pending) > MAX_WAITING:
            self._drop_oldest()

    def stop(self) -> None:
        """Let `run` end once everything is written, or the database has refused once more."""
        self._stopping = True
        self._something.set()

    async def run(self) -> None:
        """Write until stopped."""
        while not (self._stopping and not self._pending):
            await self._something.wait()
            await asyncio.sleep(0 if self._stopping else GATHER_S)
            if await self._write():
                continue
            if self._stopping:
                _log.error("alarms.lost", count=len(self._pending))
                return
            await asyncio.sleep(RETRY_S)

    async def _write(self) -> bool:
        """Write one batch; return whether the database took it."""
        batch = {alarm: self._pending.pop(alarm) for alarm in list(self._pending)[:MAX_BATCH]}
        if not self._pending and not self._stopping:
            self._something.clear()
        if not batch:
            return True
        try:
            await asyncio.to_thread(self._store, batch)
        except IntegrityError:
            # Another replica stored the same alarm in this moment; the next try finds it.
            _log.info("alarms.stored_elsewhere", waiting=len(batch))
            self._put_back(batch)
            return False
        except DBAPIError as error:
            _log.warning("alarms.database_away", waiting=len(batch), error=str(error.orig))
            self._put_back(batch)
            return False
        return True

    def _store(self, batch: dict[str, _Pending]) -> None:
        with self._database.writing() as session:
            # Clears go first: a condition that came back in this batch needs its key free.
            clears = [each for each in batch.values() if each.raised is None]
            rises = [each for each in batch.values() if each.raised is not None]
            changed = [_clear(session, each.cleared) for each in clears if each.cleared]
            session.flush()
            changed += [_raise(session, each.raised, each.cleared) for each in rises if each.raised]
            session.flush()
            for alarm in filter(None, changed):
                view = AlarmView.of(alarm).model_dump(mode="json")
                publish(session, "alarm", view, audience=Audience.STAFF)

    def _put_back(self, batch: dict[str, _Pending]) -> None:
        for alarm, newer in self._pending.items():
            older = batch.setdefault(alarm, newer)
            older.cleared = newer.cleared or older.cleared
        self._pending = batch
        self._something.set()

    def _drop_oldest(self) -> None:
        over = [alarm for alarm, each in self._pending.items() if each.raised and each.cleared][
            : len(self._pending) - MAX_WAITING
        ]
        for alarm in over:
            del self._pending[alarm]
        _dropped.inc(len(over))
        _log.error("alarms.dropped", count=len(over), waiting=len(self._pending))


def _clear(session: Session, cleared: Cleared) -> Alarm | None:
    alarm = session.get(Alarm, cleared.id) or _opened_elsewhere(session, cleared)
    if alarm is None or alarm.open_key is None:
        return None
    alarm.open_key = None
    alarm.cleared_at = max(_instant(cleared.at_ms), alarm.raised_at)
    return alarm


def _raise(session: Session, raised: Raised, cleared: Cleared | None) -> Alarm | None:
    open_key = raised.condition.open_key
    if session.get(Alarm, raised.id) is not None:
        return _clear(session, cleared) if cleared else None
    if open_alarm(session, open_key) is not None:
        return _clear(session, cleared) if cleared else None
    alarm = Alarm(
        id=raised.id,
        machine=raised.condition.machine,
        tag=raised.condition.tag,
        open_key=None if cleared else open_key,
        severity=raised.severity,
        message=raised.message[:MAX_MESSAGE],
        value=raised.value,
        limit=raised.limit,
        raised_at=_instant(raised.at_ms),
        cleared_at=_instant(max(cleared.at_ms, raised.at_ms)) if cleared else None,
    )
    session.add(alarm)
    return alarm


def _opened_elsewhere(session: Session, cleared: Cleared) -> Alarm | None:
    """Return the alarm that another process opened when this condition held, under its own id."""
    alarm = open_alarm(session, cleared.condition.open_key)
    # One that rose after this end is of another time that the condition held.
    return alarm if alarm is not None and alarm.raised_at <= _instant(cleared.at_ms) else None


def _instant(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, tz=UTC)
