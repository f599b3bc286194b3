"""What a server's answers other than success mean."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from influxdb_client.rest import ApiException

from pilotline_historian.errors import HistorianError, HistorianRefused, HistorianUnavailable
from pilotline_historian.influxdb.errors import (
    BodyTooLarge,
    DatabaseMissing,
    LinesRejected,
    NamedLine,
)
from pilotline_plant.printable import printable

UNKNOWN_DATABASE: Final = re.compile(r"database not found", re.I)
"""Wording for a database or bucket that is not there."""

_LINE_FAULT: Final = re.compile(
    r"partial write|unable to parse|line protocol|type conflict|retention|missing fields", re.I
)
"""Wording by which InfluxDB 1.x, 2.x and 3 say that lines are bad."""

_LONGEST: Final = 500
_SERVER_LIMIT: Final = re.compile(r"max-(series|values)-per|limit exceeded", re.I)
_DROPPED: Final = re.compile(r"dropped[= ](\d+)")


def meaning(address: str, error: ApiException, token_remedy: str) -> HistorianError:
    """Return what an answer means to whoever asked.

    Args:
        address: where it came from, for messages.
        token_remedy: what to do when the token is not taken.
        error: the answer; influxdb-client gives status 0 where TLS failed.
    """
    status, message = error.status, _message(error)
    told = f"{address} answered {status}: {message}"
    if status in (400, 422) and not _SERVER_LIMIT.search(message):
        return _rejection(error, message)
    if status == 413:
        return BodyTooLarge(told)
    if status in (408, 429) or status >= 500:
        return HistorianUnavailable(told, _retry_after_s(error.headers or {}))
    if status == 404 and UNKNOWN_DATABASE.search(message):
        return DatabaseMissing(told)
    if not status:
        told = f"{address} does not prove itself over TLS: {message}"
    return HistorianRefused(f"{told}; {_what_to_do(status, token_remedy)}")


def _what_to_do(status: int, token_remedy: str) -> str:
    if not status:
        return "name its authority by ca_file, or use a URL without TLS"
    if status in (401, 403):
        return token_remedy
    return "check the historian URL"


def _rejection(error: ApiException, message: str) -> LinesRejected:
    dropped = _DROPPED.search(message)
    return LinesRejected(
        message,
        dropped=int(dropped[1]) if dropped else None,
        certain=_LINE_FAULT.search(message) is not None,
        named=_named_lines(error),
    )


def _text(error: ApiException) -> str:
    body = error.body or b""
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body)


def _named_lines(error: ApiException) -> dict[int, NamedLine]:
    """Return the lines that InfluxDB 3 names in its answer, by their number."""
    try:
        return {
            int(each["line_number"]): NamedLine(
                str(each["original_line"]), printable(str(each["error_message"])[:_LONGEST])
            )
            for each in json_of(_text(error))["data"]
        }
    except (ValueError, TypeError, LookupError, OverflowError):
        return {}


def _message(error: ApiException) -> str:
    text = _text(error)
    try:
        told = json_of(text)
    except ValueError:
        return printable(text[:_LONGEST] or str(error.reason)[:_LONGEST])
    if isinstance(told, dict):
        text = str(told.get("error") or told.get("message") or text)
    return printable(text[:_LONGEST])


def json_of(text: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a server's JSON says.

    Raises:
        ValueError: it is none, or nested without end.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return what Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3)."""
    stated = headers.get("Retry-After")
    if stated is None:
        return None
    try:
        return max(0.0, float(stated))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(stated)
        # A date of an unknown zone is one of UTC (RFC 5322, 3.3).
        wait = until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())
