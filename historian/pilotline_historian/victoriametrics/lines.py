"""Samples and gaps as line protocol that VictoriaMetrics turns into metrics of numbers.

=============================  ==================================================================
metric                         content
=============================  ==================================================================
``NAME_value``                 the number; a bool is 1 or 0; no point where the machine sent none
``NAME_status``                OPC UA status code
``NAME_server_delay_ms``       OPC UA server time less source time
``NAME_gap_seconds``           length of a gap, at its start; label cause
=============================  ==================================================================

Labels are site, machine and tag, as tags in `influxdb.line_protocol`.
"""

from math import isnan
from typing import Final

from pilotline_historian.influxdb.line_protocol import series_key
from pilotline_historian.limits import sample_fault
from pilotline_historian.sample import Gap, Sample, Series

NO_TEXT: Final = "VictoriaMetrics holds numbers and no text"
"""Why texts and events are rejected."""

_MILLISECOND_NS: Final = 1_000_000
_DAY_NS: Final = 86_400 * 10**9

_AHEAD_NS: Final = 2 * _DAY_NS - 60 * 10**9
"""VictoriaMetrics drops points more than two days ahead of its clock, without a word."""

_LARGEST: Final = 1e18
"""A block of points is kept as 64-bit integers with one common power of ten, so that one number
from here on makes the fractions of the numbers stored beside it vanish."""


class MetricEncoder:
    """Encodes samples as lines, keeping the prefix of each series it has met.

    Args:
        name: what metrics begin with.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._prefixes: dict[Series, str] = {}

    def line(self, sample: Sample) -> str:
        """Return a sample without a `fault` as one line without its line feed.

        Its time is rounded down to milliseconds by the server.
        """
        series, time_ns, value, status, server_time_ns = sample
        prefix = self._prefixes.get(series)
        if prefix is None:
            prefix = self._prefixes[series] = series_key(self._name, series._asdict())
        number = "" if value is None else f"value={_number(value)},"
        delay = ""
        if server_time_ns is not None:
            delay = f",server_delay_ms={(server_time_ns - time_ns) / _MILLISECOND_NS!r}"
        return f"{prefix} {number}status={status}{delay} {time_ns}"

    def gap_line(self, gap: Gap) -> str:
        """Return a gap as one line without its line feed."""
        tags = {"site": gap.site, "machine": gap.machine, "tag": gap.tag, "cause": gap.cause}
        key = series_key(self._name, {word: name for word, name in tags.items() if name})
        return f"{key} gap_seconds={(gap.end_ns - gap.start_ns) / 1e9!r} {gap.start_ns}"


def fault(sample: Sample, oldest_ns: int, now_ns: int) -> str | None:
    """Return why VictoriaMetrics cannot hold the sample, or None.

    Args:
        sample: what may be written.
        oldest_ns: source time from which on the server keeps points.
        now_ns: this moment.
    """
    return (
        sample_fault(sample)
        or _value_fault(sample)
        or time_fault(sample.source_time_ns, oldest_ns, now_ns)
    )


def time_fault(time_ns: int, oldest_ns: int, now_ns: int) -> str | None:
    """Return why VictoriaMetrics would drop a point of this time without a word, or None."""
    if time_ns < max(oldest_ns, 0):
        return "older than VictoriaMetrics keeps; raise its -retentionPeriod"
    if time_ns > now_ns + _AHEAD_NS:
        return "VictoriaMetrics takes no time two days ahead; set the machine's clock"
    return None


def _value_fault(sample: Sample) -> str | None:
    value = sample.value
    if isinstance(value, str):
        return NO_TEXT
    if value is None or isinstance(value, bool):
        return None
    if isnan(value):
        return "VictoriaMetrics holds no NaN"
    if _LARGEST <= abs(value) < float("inf"):
        return f"{value} beside smaller numbers would make VictoriaMetrics round those to nothing"
    return None


def _number(value: float | str) -> str:
    return repr(float(value))
