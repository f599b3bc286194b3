"""Instants between the API's datetimes and the historian's nanoseconds, without rounding."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_ns(instant: datetime) -> int:
    """Return an aware instant as ns since the Unix epoch, UTC."""
    return (instant - _EPOCH) // _MICROSECOND * 1000


def from_ns(unix_ns: int) -> datetime:
    """Return ns since the Unix epoch as an instant in UTC, cut to whole microseconds."""
    return _EPOCH + timedelta(microseconds=unix_ns // 1000)
