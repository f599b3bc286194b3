"""InfluxQL statements and their answers as samples, buckets and gaps."""

# ruff: noqa: S608 - InfluxQL has no parameters everywhere; `literal` quotes every name

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pilotline_historian.errors import HistorianRefused
from pilotline_historian.grid import Grid
from pilotline_historian.influxdb.line_protocol import (
    GAP,
    SAMPLE,
    HalfWritten,
    Kind,
    decode_name,
    encode_name,
    stored_tag,
    stored_value,
)
from pilotline_historian.influxdb.server import ResultSeries
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from pilotline_historian.sample import Bucket, Gap, Sample, Series, Value

FIRST_PAGE_ROWS: Final = 50
PAGE_ROWS: Final = 10_000
"""Samples asked for at first, and at most at once: whoever looks at the first one needs no more."""

SERIES_PER_QUERY: Final = 100
"""Series whose newest sample is asked for at once."""

_VALUE: Final = '"kind", "value_float", "value_int", "value_bool", "value_text"'
_LAST_VALUE: Final = ", ".join(f"last({field})" for field in _VALUE.split(", "))
_TAGS: Final = '"site", "machine", "tag"'
_GOOD: Final = f'"status" < {1 << 30} AND "kind" != \'{Kind.NONE}\''


def series_query() -> str:
    """Ask for every series that holds a sample."""
    return f'SELECT last("status") FROM "{SAMPLE}" GROUP BY {_TAGS}'


def raw_query(series: Series, start_ns: int, end_ns: int, rows: int) -> str:
    """Ask for the first samples of an interval, in time order."""
    return (
        f'SELECT "status", "server_time_ns", {_VALUE} FROM "{SAMPLE}" '
        f"WHERE {_is(series)} AND {within(start_ns, end_ns)} "
        f"ORDER BY time ASC LIMIT {rows}"
    )


def last_query(series: Sequence[Series]) -> str:
    """Ask for the newest sample of each series."""
    chosen = " OR ".join(f"({_is(one)})" for one in series)
    return (
        f'SELECT "status", "server_time_ns", {_VALUE} FROM "{SAMPLE}" WHERE {chosen} '
        f"GROUP BY {_TAGS} ORDER BY time DESC LIMIT 1"
    )


def bucket_query(series: Series, start_ns: int, end_ns: int, grid: Grid, means: bool) -> str:
    """Ask for buckets, with or without their means."""
    mean = 'mean("value_float")' if means else 'max("value_float")'
    offset_ns = grid.origin_ns % grid.width_ns
    return (
        f'SELECT count("status"), min("value_float"), max("value_float"), {mean}, {_LAST_VALUE} '
        f'FROM "{SAMPLE}" WHERE {_is(series)} AND {_GOOD} AND {within(start_ns, end_ns)} '
        f"GROUP BY time({grid.width_ns}ns, {offset_ns}ns) fill(none)"
    )


def gap_query(machine: str | None, start_ns: int, end_ns: int) -> str:
    """Ask for gaps that may touch an interval."""
    chosen = "" if machine is None else f' AND "machine" = {literal(machine)}'
    return (
        f'SELECT "end_ns", {_TAGS}, "cause" FROM "{GAP}" '
        f'WHERE {within(FIRST_TIME_NS, end_ns)} AND "end_ns" >= {start_ns}{chosen}'
    )


def tagged_series(answer: ResultSeries) -> Series:
    """Return which series an answer is about."""
    return Series(*(decode_name(answer.tags[word]) for word in ("site", "machine", "tag")))


def samples(series: Series, answer: ResultSeries) -> Iterator[Sample]:
    """Yield the samples of an answer to `raw_query` or `last_query`."""
    for time_ns, status, server_time_ns, *value in answer.values:
        if status is None:
            raise HalfWritten("a point without a status")
        yield Sample(series, time_ns, _value(value), status, server_time_ns)


def buckets(answer: ResultSeries, grid: Grid, means: bool) -> Iterator[Bucket]:
    """Yield the buckets of an answer to `bucket_query`."""
    for time_ns, good_count, minimum, maximum, mean, *last in answer.values:
        if not good_count:
            continue
        value = _value(last)
        if value is None:
            raise HalfWritten("a bucket without a last value")
        number = (time_ns - grid.origin_ns) // grid.width_ns
        yield Bucket(
            start_ns=grid.start_ns(number),
            minimum=_number(minimum),
            maximum=_number(maximum),
            mean=_number(mean) if means else None,
            last=value,
            good_count=good_count,
        )


def gaps(answer: ResultSeries) -> Iterator[Gap]:
    """Yield the gaps of an answer to `gap_query`."""
    for start_ns, end_ns, site, machine, tag, cause in answer.values:
        yield Gap(
            site=decode_name(site),
            machine=decode_name(machine),
            tag=stored_tag(tag),
            start_ns=start_ns,
            end_ns=end_ns,
            cause=decode_name(cause),
        )


def foreign_points(reason: Exception) -> HistorianRefused:
    """Return what to tell when the bucket holds points of somebody else."""
    return HistorianRefused(
        f"the bucket holds samples that Pilotline did not write ({reason}); "
        f"give it a bucket of its own"
    )


def _value(fields: Sequence[Any]) -> Value | None:
    kind, number, integer, truth, text = fields
    try:
        return stored_value(kind, number, integer, truth, text)
    except ValueError as error:
        raise foreign_points(error) from error


def _number(field: float | None) -> float | None:
    return None if field is None else float(field)


def _is(series: Series) -> str:
    words: Mapping[str, str] = series._asdict()
    return " AND ".join(f'"{word}" = {literal(name)}' for word, name in words.items())


def literal(name: str) -> str:
    """Quote a name; once encoded it has no backslash and no line feed."""
    return "'" + encode_name(name).replace("'", "\\'") + "'"


def within(start_ns: int, end_ns: int) -> str:
    """Return the condition that a point's time lies in ``[start_ns, end_ns)``."""
    first, last = max(start_ns, FIRST_TIME_NS), min(end_ns - 1, LAST_TIME_NS)
    return f"time >= {first} AND time <= {last}"
