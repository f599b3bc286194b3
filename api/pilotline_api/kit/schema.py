"""Shapes of bodies: unknown fields are refused, instants are aware, text is printable."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

from pilotline_api.errors import NotFound

_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_LONGEST_ID = 64


def _in_utc(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year < _LAST_YEAR:
        msg = f"the year must lie in {_FIRST_YEAR} to {_LAST_YEAR - 1}"
        raise ValueError(msg)
    return instant.astimezone(UTC)


def _printable(value: str) -> str:
    if not value.isprintable():
        msg = "must not contain control characters or line breaks"
        raise ValueError(msg)
    return value


def _known_form(value: str) -> str:
    if len(value) > _LONGEST_ID or not value.isprintable():
        raise NotFound
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant with an offset on the way in, in UTC on the way out."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]
"""One line of text that a person writes."""

ObjectId = Annotated[str, AfterValidator(_known_form)]
"""An id in a path; one that cannot exist answers 404 as any other that does not."""


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(View):
    """A half-open interval of time."""

    start: Instant
    end: Instant
