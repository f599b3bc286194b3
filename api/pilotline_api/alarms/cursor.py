"""The cursor of the alarm list: a position as an opaque word."""

import re
from datetime import UTC, datetime, timedelta

from pilotline_api.alarms.models import Alarm
from pilotline_api.alarms.repository import Position
from pilotline_api.errors import FieldError, Unprocessable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(r"([0-9]{1,16})-([0-9a-f]{32})")


def cursor_of(alarm: Alarm) -> str:
    """Return the cursor with which the list goes on after an alarm."""
    return f"{(alarm.raised_at - _EPOCH) // _MICROSECOND}-{alarm.id}"


def read_cursor(cursor: str) -> Position:
    """Return the position of a cursor.

    Raises:
        Unprocessable: it is none that this API has given.
    """
    form = _FORM.fullmatch(cursor)
    if form is None:
        raise Unprocessable(
            "Send `before` as the former page's `next` gave it.",
            errors=[FieldError("query:before", "cursor", "is not a cursor of this list")],
        )
    return Position(_EPOCH + int(form[1]) * _MICROSECOND, form[2])
