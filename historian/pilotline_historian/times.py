"""Instants as people write them, to ns and back."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS: Final = 1_000_000_000
_UNIT_NS: Final = {
    "s": _SECOND_NS,
    "min": 60 * _SECOND_NS,
    "h": 3_600 * _SECOND_NS,
    "d": 86_400 * _SECOND_NS,
    "w": 7 * 86_400 * _SECOND_NS,
}
_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")
_FRACTION: Final = re.compile(r"(:\d\d)[.,](\d{1,9})(?!\d)")


def instant_text(time_ns: int) -> str:
    """Return an instant as RFC 3339 in UTC; a fraction only where there is one, to the ns."""
    seconds, fraction_ns = divmod(time_ns, _SECOND_NS)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    text = f"{_date_text(day)}T{hour:02}:{minute:02}:{second:02}"
    return f"{text}.{fraction_ns:09}Z" if fraction_ns else f"{text}Z"


@lru_cache(maxsize=64)
def _date_text(day: int) -> str:
    """Return a day since the Unix epoch; exports write days by the million samples."""
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


def read_instant(text: str, now_ns: int) -> int:
    """Return the instant a person means: ISO 8601, ``now``, or how long ago (``90min``, ``7d``).

    Without a zone the text is UTC.

    Raises:
        ValueError: the text is no instant.
    """
    if text == "now":
        return now_ns
    ago = _AGO.fullmatch(text)
    if ago:
        return now_ns - round(float(ago[1]) * _UNIT_NS[ago[2]])
    try:
        return _iso_ns(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no instant; write 2026-11-22T06:00:00Z, 2026-11-22, now, or how long ago "
            f"such as 90min, 8h or 7d"
        ) from None


def read_duration(text: str) -> int:
    """Return the duration a person means, ns: ``90min``, ``8h``, ``7d``, ``52w``.

    Raises:
        ValueError: the text is no duration, or nothing long.
    """
    stated = _AGO.fullmatch(text)
    duration_ns = round(float(stated[1]) * _UNIT_NS[stated[2]]) if stated else 0
    if duration_ns <= 0:
        raise ValueError(f"{text!r} is no duration; write a number with s, min, h, d or w: 400d")
    return duration_ns


def duration_text(duration_ns: int) -> str:
    """Return a duration as people say it: ``3 d 4 h``, ``2 min 5 s``, ``0.040 s``; rounded down."""
    if duration_ns < 60 * _SECOND_NS:
        return f"{duration_ns // 10**6 / 1_000:.3f} s"
    parts: list[str] = []
    for unit in ("d", "h", "min", "s"):
        count, duration_ns = divmod(duration_ns, _UNIT_NS[unit])
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def _iso_ns(text: str) -> int:
    """Read the fraction apart: datetime keeps microseconds only."""
    fraction = _FRACTION.search(text)
    fraction_ns = 0
    if fraction:
        fraction_ns = int(fraction[2].ljust(9, "0"))
        text = text[: fraction.start()] + fraction[1] + text[fraction.end() :]
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - _EPOCH) // timedelta(seconds=1) * _SECOND_NS + fraction_ns
