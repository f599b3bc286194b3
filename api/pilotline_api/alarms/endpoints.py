"""Listing and acknowledging alarms."""

from typing import Annotated

from fastapi import APIRouter, Query

from pilotline_api.accounts.access import OperatorNeeded, ReadSession, StaffNeeded, WriteSession
from pilotline_api.alarms.cursor import cursor_of, read_cursor
from pilotline_api.alarms.repository import (
    AlarmState,
    alarm_to_acknowledge,
    alarms_newest_first,
)
from pilotline_api.alarms.schemas import Acknowledgement, AlarmPage, AlarmView
from pilotline_api.errors import Conflict, NotFound
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.events import Audience, publish
from pilotline_api.kit.schema import ObjectId
from pilotline_api.live.parts import LiveNeeded

router = APIRouter(tags=["alarms"])


@router.get("/alarms", summary="Alarms, newest first")
def list_alarms(
    _person: StaffNeeded,
    session: ReadSession,
    live: LiveNeeded,
    state: AlarmState = AlarmState.ALL,
    machine: Annotated[str | None, Query(max_length=128)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> AlarmPage:
    """Return one page; `next` is the `before` of the following one."""
    rows = alarms_newest_first(
        session,
        state=state,
        machine=machine,
        before=read_cursor(before) if before is not None else None,
        limit=limit + 1,
    )
    page = rows[:limit]
    more = len(rows) > limit
    return AlarmPage(
        items=[AlarmView.of(alarm, heard=live.heard(alarm.machine)) for alarm in page],
        next=cursor_of(page[-1]) if more else None,
    )


@router.post("/alarms/{alarm_id}/acknowledgement", summary="Acknowledge an alarm")
def acknowledge(
    alarm_id: ObjectId,
    said: Acknowledgement,
    person: OperatorNeeded,
    session: WriteSession,
    live: LiveNeeded,
) -> AlarmView:
    """Note that someone has seen an alarm; it stays active until its condition ends."""
    alarm = alarm_to_acknowledge(session, alarm_id)
    if alarm is None:
        raise NotFound
    if alarm.acknowledged_at is not None:
        msg = f"{alarm.acknowledged_by_name} acknowledged this alarm at {alarm.acknowledged_at}."
        raise Conflict(msg, code="already_acknowledged")
    alarm.acknowledged_at = utc_now()
    alarm.acknowledged_by_id = person.id
    alarm.acknowledged_by_name = person.name
    alarm.comment = said.comment or None
    view = AlarmView.of(alarm, heard=live.heard(alarm.machine))
    publish(session, "alarm", view.model_dump(mode="json"), audience=Audience.STAFF)
    return view
