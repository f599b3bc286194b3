"""Samples and gaps as line protocol, and the field values back as values.

Names become tags; characters that line protocol cannot carry in a tag are percent-encoded. A value
goes to a field of its own type, so that a tag which changes its type conflicts with nothing:

==============  ==========================================================================
field           content
==============  ==========================================================================
value_float     any finite number, as a double: what queries aggregate
value_int       an integer of 64 bits, exactly
value_bool      a bool
value_text      a text; of an integer beyond 2**63 - 1 the decimal digits
kind            which of them is the value, or what no field can hold: see `Kind`
status          OPC UA status code, an integer
server_time_ns  OPC UA server time, an integer; missing when the machine sent none
==============  ==========================================================================
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import compress, repeat
from math import copysign, isfinite, isnan
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote

import msgspec

from pilotline_historian.limits import FIRST_TIME_NS, GREATEST_STATUS, LAST_TIME_NS
from pilotline_historian.sample import Gap, Sample, Series, Value

SAMPLE: Final = "sample"
"""Measurement of samples; tags site, machine, tag."""

GAP: Final = "gap"
"""Measurement of gaps; tags site, machine, tag (unless the whole machine), cause; field end_ns."""

WHOLE_MACHINE: Final = "@machine"
"""Tag of what is about a whole machine, where there must be one; no tag can be called so."""

_GREATEST_SIGNED: Final = 2**63 - 1


class Kind(StrEnum):
    """What the value of a stored sample is."""

    FLOAT = "float"
    NEGATIVE_ZERO = "-0"
    """Its sign is lost where JSON integers are read."""
    NAN = "nan"
    INFINITY = "inf"
    NEGATIVE_INFINITY = "-inf"
    INT = "int"
    UINT64 = "uint64"
    """An integer from 2**63 on, kept as text; InfluxDB 1.x has no such field."""
    BOOL = "bool"
    TEXT = "text"
    NONE = "none"


_BY_NAME: Final = {
    Kind.NONE: None,
    Kind.NAN: float("nan"),
    Kind.INFINITY: float("inf"),
    Kind.NEGATIVE_INFINITY: float("-inf"),
    Kind.NEGATIVE_ZERO: -0.0,
}


class OfMachine(Protocol):
    """What is about a machine, or one tag of it."""

    @property
    def site(self) -> str:
        """Site id."""
        ...

    @property
    def machine(self) -> str:
        """Machine id."""
        ...

    @property
    def tag(self) -> str | None:
        """Tag id, or None for the whole machine."""
        ...


class LineEncoder:
    """Encodes samples, keeping the prefix of each series it has met."""

    def __init__(self) -> None:
        self._prefixes: dict[Series, str] = {}
        self._doubles: dict[Series, bytes] = {}

    def line(self, sample: Sample) -> str:
        """Return a sound sample (see `limits`) as one line without its line feed."""
        series, time_ns, value, status, server_time_ns = sample
        prefix = self._prefixes.get(series)
        if prefix is None:
            prefix = self._prefixes[series] = series_key(SAMPLE, series._asdict())
            self._doubles[series] = f'{prefix} kind="{Kind.FLOAT}",value_float='.encode()
        server = "" if server_time_ns is None else f",server_time_ns={server_time_ns}i"
        return f"{prefix} {_value_fields(value)},status={status}i{server} {time_ns}"

    def usual_lines(self, samples: Sequence[Sample]) -> Iterable[bytes | None]:
        """Return what `line` gives for most samples, as bytes, in half the time.

        None for anything but a finite double other than zero, with both times and within all
        limits, of a series met before; `line` met only series within the limits.
        """
        if isinstance(samples, list | tuple):
            return self._usual_lines(samples)
        # Here, since commands that only read do without the tenth of a second that NumPy takes.
        from pilotline_historian.influxdb.column_lines import column_lines

        return column_lines(samples, self._doubles)

    def _usual_lines(self, samples: Sequence[Sample]) -> Iterator[bytes | None]:
        usual = [
            type(value) is float
            and value != 0.0
            and value - value == 0.0
            and server is not None
            and series in self._doubles
            for series, _, value, _, server in samples
        ]
        lines = iter(self._alike(list(compress(samples, usual))))
        for each in usual:
            yield next(lines, None) if each else None

    def _alike(self, doubles: Sequence[Sample]) -> list[bytes]:
        """Return the lines, with the limits checked for all at once; none where one breaks them."""
        if not doubles:
            return []
        series, times, values, statuses, servers = zip(*doubles, strict=True)
        if (
            min(times) < FIRST_TIME_NS
            or min(servers) < FIRST_TIME_NS
            or max(times) > LAST_TIME_NS
            or max(servers) > LAST_TIME_NS
            or min(statuses) < 0
            or max(statuses) > GREATEST_STATUS
        ):
            return []
        return double_lines(
            map(self._doubles.__getitem__, series), values, statuses, servers, times
        )


def double_lines(
    prefixes: Iterable[bytes],
    values: Sequence[float],
    statuses: Sequence[int],
    servers: Sequence[int],
    times: Sequence[int],
) -> list[bytes]:
    """Return a line for each finite double, given as columns."""
    joined = b"".join
    return [
        joined(parts)
        for parts in zip(
            prefixes,
            _numbers(values),
            repeat(b",status="),
            _numbers(statuses),
            repeat(b"i,server_time_ns="),
            _numbers(servers),
            repeat(b"i "),
            _numbers(times),
            strict=False,
        )
    ]


def _numbers(values: Sequence[float]) -> list[bytes]:
    """Return each number as text that reads back as the same, written by a faster hand."""
    return msgspec.json.encode(values)[1:-1].split(b",")


def _number(value: float) -> str:
    return msgspec.json.encode(value).decode()


def gap_line(gap: Gap, every_tag: bool = False) -> str:
    """Return a gap as one line without its line feed; see `tags_of` for `every_tag`."""
    key = series_key(GAP, {**tags_of(gap, every_tag=every_tag), "cause": gap.cause})
    return f"{key} end_ns={gap.end_ns}i {gap.start_ns}"


def tags_of(about: OfMachine, *, every_tag: bool) -> dict[str, str]:
    """Return the tags of what is about a machine, or one tag of it.

    Args:
        about: a gap or a note.
        every_tag: whether all points of the measurement must have the same tags: InfluxDB 3 fixes
            them by the first point, and refuses a point with one more for ever.
    """
    tags = {"site": about.site, "machine": about.machine}
    if about.tag is not None or every_tag:
        tags["tag"] = WHOLE_MACHINE if about.tag is None else about.tag
    return tags


def stored_tag(tag: str | None) -> str | None:
    """Return the tag id that a stored point is about, or None for the whole machine."""
    return None if not tag or tag == WHOLE_MACHINE else decode_name(tag)


class HalfWritten(Exception):  # noqa: N818 - a state, not a mistake
    """A point lacks fields: it is being written at this moment, or somebody else wrote it."""


def stored_value(
    kind: str | None,
    number: float | None,
    integer: int | None,
    truth: bool | None,
    text: str | None,
) -> Value | None:
    """Return the value that the fields of one sample hold.

    Raises:
        HalfWritten: fields are missing.
        ValueError: `kind` is unknown.
    """
    if kind is None:
        raise HalfWritten("a point without a kind")
    chosen = Kind(kind)
    if chosen in _BY_NAME:
        return _BY_NAME[chosen]
    fields: dict[Kind, Any] = {
        Kind.FLOAT: number,
        Kind.INT: integer,
        Kind.BOOL: truth,
        Kind.TEXT: text,
        Kind.UINT64: text,
    }
    field = fields[chosen]
    if field is None:
        raise HalfWritten(f"a point of kind {kind} without its value")
    types: dict[Kind, type[bool | int | float | str]] = {
        Kind.FLOAT: float,
        Kind.BOOL: bool,
        Kind.TEXT: str,
    }
    return types.get(chosen, int)(field)


def encode_name(name: str) -> str:
    """Return a name without control characters, backslashes and percent signs; reversible."""
    if name.isprintable() and "\\" not in name and "%" not in name:
        return name
    return "".join(
        char if char.isprintable() and char not in "\\%" else quote(char, safe="") for char in name
    )


def decode_name(name: str) -> str:
    """Return the name that `encode_name` was given."""
    return unquote(name, errors="strict") if "%" in name else name


def quoted_text(text: str) -> str:
    """Return a text as a string field holds it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def series_key(measurement: str, tags: dict[str, str]) -> str:
    """Return measurement and tags as a line begins with them."""
    pairs = (f"{word}={_escaped_tag(encode_name(name))}" for word, name in sorted(tags.items()))
    return ",".join((measurement, *pairs))


def _escaped_tag(name: str) -> str:
    return name.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def _value_fields(value: Value | None) -> str:
    if value is None:
        return f'kind="{Kind.NONE}"'
    if isinstance(value, bool):
        return f'kind="{Kind.BOOL}",value_bool={"true" if value else "false"}'
    if isinstance(value, float):
        return _float_fields(value)
    if isinstance(value, int):
        return _int_fields(value)
    return f'kind="{Kind.TEXT}",value_text={quoted_text(value)}'


def _float_fields(value: float) -> str:
    if not isfinite(value):
        if isnan(value):
            return f'kind="{Kind.NAN}"'
        return f'kind="{Kind.INFINITY if value > 0 else Kind.NEGATIVE_INFINITY}"'
    zero_below = value == 0 and copysign(1, value) < 0
    return f'kind="{Kind.NEGATIVE_ZERO if zero_below else Kind.FLOAT}",value_float={_number(value)}'


def _int_fields(value: int) -> str:
    number = _number(float(value))
    if value > _GREATEST_SIGNED:
        return f'kind="{Kind.UINT64}",value_float={number},value_text="{value}"'
    return f'kind="{Kind.INT}",value_float={number},value_int={value}i'
