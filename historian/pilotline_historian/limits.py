"""What a sample may hold: limits every back end keeps, so that none silently changes a value."""

from pilotline_historian.sample import Sample, Series, Value

FIRST_TIME_NS = -(2**63) + 2
"""Earliest instant, ns since the Unix epoch: 1677-09-21, InfluxDB's own limit."""

LAST_TIME_NS = 2**63 - 2
"""Latest instant, ns since the Unix epoch: 2262-04-11, InfluxDB's own limit."""

LEAST_INT = -(2**63)
GREATEST_INT = 2**64 - 1
"""Integers from OPC UA's Int64 to its UInt64."""

GREATEST_STATUS = 2**32 - 1
"""OPC UA status codes are 32 bits wide (OPC 10000-6, 5.2.2.11)."""

TEXT_BYTES = 65_535
"""Longest text in UTF-8; InfluxDB's limit of a string field."""

NAME_BYTES = 1_024
"""Longest site, machine or tag id in UTF-8."""


def sample_fault(sample: Sample) -> str | None:
    """Return why no store can take the sample, or None when it is sound."""
    return (
        series_fault(sample.series)
        or _time_fault("source time", sample.source_time_ns)
        or _time_fault("server time", sample.server_time_ns)
        or _status_fault(sample.status)
        or _value_fault(sample.value)
    )


def series_fault(series: Series) -> str | None:
    """Return what is wrong with the names of a series, or None."""
    for word, name in zip(("site", "machine", "tag"), series, strict=True):
        size = _utf8_size(name)
        if size is None:
            return f"{word} id {name!r} is not valid Unicode"
        if not 0 < size <= NAME_BYTES:
            return f"{word} id has {size} bytes, must have 1 to {NAME_BYTES}"
    return None


def plain(value: Value | None) -> Value | None:
    """Return the value as exactly bool, int, float or str; a NumPy float64 becomes a float."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _time_fault(word: str, time_ns: int | None) -> str | None:
    if time_ns is None or FIRST_TIME_NS <= time_ns <= LAST_TIME_NS:
        return None
    return f"{word} {time_ns} ns lies outside the years 1677 to 2262"


def _status_fault(status: int) -> str | None:
    if 0 <= status <= GREATEST_STATUS:
        return None
    return f"status {status} is not a 32-bit OPC UA status code"


def _value_fault(value: object) -> str | None:
    if value is None or isinstance(value, bool | float):
        return None
    if isinstance(value, int):
        fits = LEAST_INT <= value <= GREATEST_INT
        return None if fits else f"integer {value} does not fit 64 bits"
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__} cannot be stored"
    size = _utf8_size(value)
    if size is None:
        return "text is not valid Unicode (lone surrogate)"
    return None if size <= TEXT_BYTES else f"text has {size} bytes, at most {TEXT_BYTES} fit"


def _utf8_size(text: str) -> int | None:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None
