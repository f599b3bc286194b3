"""A window of time that a query asks about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query

from pilotline_api.errors import FieldError, Unprocessable
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.schema import Instant

LONGEST = timedelta(days=366)
_BEFORE, _AFTER = timedelta(days=1), timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open window ``[start, end)``, at most a year long."""

    start: datetime
    end: datetime


def window(
    start: Annotated[Instant | None, Query(description="default: a day ago")] = None,
    end: Annotated[Instant | None, Query(description="default: four weeks after start")] = None,
) -> Window:
    """Return the window a query asks about.

    Raises:
        Unprocessable: it ends before it starts, or is longer than a year.
    """
    begin = start or utc_now() - _BEFORE
    finish = end or begin + _BEFORE + _AFTER
    if not begin < finish <= begin + LONGEST:
        message = f"end must lie after start and within {LONGEST.days} days of it"
        raise Unprocessable(message, errors=[FieldError("query:end", "window", message)])
    return Window(begin, finish)


WindowNeeded = Annotated[Window, Depends(window)]
