"""Queries over alarms."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.orm import Session

from pilotline_api.alarms.models import Alarm
from pilotline_api.kit.base import UtcDateTime


class AlarmState(StrEnum):
    """Which alarms a list holds."""

    ACTIVE = "active"
    UNACKNOWLEDGED = "unacknowledged"
    ALL = "all"


class Position(NamedTuple):
    """A place in the list of alarms, newest first.

    Attributes:
        raised_at: of the last alarm seen.
        id: of the last alarm seen; breaks ties.
    """

    raised_at: datetime
    id: str


def alarms_newest_first(
    session: Session,
    *,
    state: AlarmState,
    machine: str | None,
    before: Position | None,
    limit: int,
) -> Sequence[Alarm]:
    """Return at most `limit` alarms older than a position."""
    wanted: list[ColumnElement[bool]] = []
    if state is AlarmState.ACTIVE:
        wanted.append(Alarm.cleared_at.is_(None))
    elif state is AlarmState.UNACKNOWLEDGED:
        wanted.append(Alarm.acknowledged_at.is_(None))
    if machine is not None:
        wanted.append(Alarm.machine == machine)
    if before is not None:
        position = tuple_(literal(before.raised_at, UtcDateTime()), literal(before.id))
        wanted.append(tuple_(Alarm.raised_at, Alarm.id) < position)
    query = select(Alarm).where(*wanted).order_by(Alarm.raised_at.desc(), Alarm.id.desc())
    return session.scalars(query.limit(limit)).all()


def alarm_to_acknowledge(session: Session, alarm: str) -> Alarm | None:
    """Return an alarm, locked against another acknowledgement where the database can."""
    return session.get(Alarm, alarm, with_for_update=True)


def open_alarms(session: Session) -> Sequence[tuple[str, str]]:
    """Return id and `open_key` of every alarm whose condition holds."""
    rows = session.execute(select(Alarm.id, Alarm.open_key).where(Alarm.open_key.is_not(None)))
    return [(alarm, open_key) for alarm, open_key in rows if open_key is not None]


def open_alarm(session: Session, open_key: str) -> Alarm | None:
    """Return the alarm of a condition that holds."""
    return session.scalar(select(Alarm).where(Alarm.open_key == open_key))
