"""Keyset pagination: newest first, stable while rows are added."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, ValidationError

from pilotline_api.errors import FieldError, Unprocessable

Limit = Annotated[int, Query(ge=1, le=200, description="most items to answer")]
After = Annotated[str | None, Query(max_length=200, description="`next` of the former page")]


class Position(BaseModel):
    """The last row of a page: rows are ordered by ``(at, id)``, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: datetime
    id: str


def cursor(at: datetime, row_id: str) -> str:
    """Return the opaque cursor of a row."""
    text = Position(at=at.astimezone(UTC), id=row_id).model_dump_json()
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(after: str | None) -> Position | None:
    """Return where a page starts, or None for the first page.

    Raises:
        Unprocessable: the cursor was not made by `cursor`.
    """
    if after is None:
        return None
    try:
        padded = after + "=" * (-len(after) % 4)
        found = Position.model_validate_json(base64.urlsafe_b64decode(padded.encode()))
    except (binascii.Error, ValidationError, UnicodeEncodeError) as error:
        raise _unknown() from error
    if found.at.tzinfo is None or not found.id.isprintable():
        raise _unknown()
    return found


def _unknown() -> Unprocessable:
    message = "this cursor is not one of a former page; leave it out to start again"
    return Unprocessable(message, errors=[FieldError("query:after", "cursor", message)])
