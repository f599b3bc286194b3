"""Shapes of alarms in requests, answers and the stream."""

import math
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from pilotline_api.alarms.condition import CONNECTION, kind_of
from pilotline_api.alarms.models import Alarm, Severity
from pilotline_api.kit.schema import Body, Instant, View


class Acknowledger(View):
    """Who acknowledged an alarm."""

    id: str
    name: str


class AlarmView(View):
    """One alarm.

    Attributes:
        kind: what sort of condition holds (see `Condition`), None once it is over.
        stale: whether it may have ended unseen, because the machine is not heard; in the stream, as
            of the event.
    """

    id: str
    machine: str
    tag: str | None
    severity: Severity
    message: str
    value: float | None
    limit: float | None
    raised_at: Instant
    cleared_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: Acknowledger | None
    comment: str | None
    kind: str | None
    stale: bool

    @classmethod
    def of(cls, alarm: Alarm, *, heard: bool = True) -> Self:
        """Return the view of an alarm.

        Args:
            alarm: the alarm.
            heard: whether its machine is heard now.
        """
        by = None
        if alarm.acknowledged_by_id is not None:
            by = Acknowledger(id=alarm.acknowledged_by_id, name=alarm.acknowledged_by_name or "")
        return cls(
            id=alarm.id,
            machine=alarm.machine,
            tag=alarm.tag,
            severity=alarm.severity,
            message=alarm.message,
            value=_finite(alarm.value),
            limit=alarm.limit,
            raised_at=alarm.raised_at,
            cleared_at=alarm.cleared_at,
            acknowledged_at=alarm.acknowledged_at,
            acknowledged_by=by,
            comment=alarm.comment,
            kind=(kind := kind_of(alarm.open_key) if alarm.open_key is not None else None),
            stale=kind not in (None, CONNECTION) and not heard,
        )


class AlarmPage(View):
    """Alarms, newest first, and where the next page begins."""

    items: list[AlarmView]
    next: str | None


def _printable(comment: str) -> str:
    comment = comment.strip()
    if not comment.isprintable():
        msg = "must not contain control characters or line breaks"
        raise ValueError(msg)
    return comment


class Acknowledgement(Body):
    """What an operator says about an alarm; the comment may be empty."""

    comment: Annotated[str, AfterValidator(_printable)] = Field(default="", max_length=500)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
