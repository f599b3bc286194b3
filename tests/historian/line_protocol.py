"""A strict parser of line protocol, written from its specification and not from our encoder."""

import re
from dataclasses import dataclass

FieldValue = float | int | bool | str

_NAME = r"(?:\\.|[^\\ \n,=])+"
_QUOTED = r'"(?:\\.|[^"\\])*"'
_BODY_LINE = re.compile(rf'(?:\\.|[^\\ \n])*(?: (?:{_QUOTED}|[^\n"]|")*)?(?:\n|\Z)', re.S)
_LINE = re.compile(rf"({_NAME})((?:,{_NAME}={_NAME})*) ((?:{_QUOTED}|[^ \"\n])+) (-?\d+)", re.S)
_TAG = re.compile(rf",({_NAME})=({_NAME})", re.S)
_FIELD = re.compile(rf"({_NAME})=({_QUOTED}|[^,\"]+)(?:,|\Z)", re.S)
_INTEGER = re.compile(r"-?\d+i")
_FLOAT = re.compile(r"-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.I)
_TIMES = range(-(2**63) + 2, 2**63 - 1)
_INTEGERS = range(-(2**63), 2**63)


class BadLineError(Exception):
    """The line is not line protocol; the words are InfluxDB's."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"unable to parse '{part}': {reason}")


@dataclass(frozen=True, slots=True)
class Point:
    """One parsed line."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, FieldValue]
    time_ns: int


def split_lines(body: str) -> list[str]:
    """Cut a body at line feeds outside quoted fields."""
    lines = (found.group().removesuffix("\n") for found in _BODY_LINE.finditer(body))
    return [line for line in lines if line]


def parse_line(line: str) -> Point:
    """Return the point a line holds.

    Raises:
        BadLineError: the line is not line protocol.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadLineError(line, "missing or bad measurement, tags, fields or time")
    measurement, tags, fields, time = found.groups()
    if int(time) not in _TIMES:
        raise BadLineError(time, "time outside range")
    return Point(
        _plain(measurement),
        {_plain(name): _plain(value) for name, value in _TAG.findall(tags)},
        _fields(fields),
        int(time),
    )


def _plain(name: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", name)


def _fields(text: str) -> dict[str, FieldValue]:
    fields, end = {}, 0
    for found in _FIELD.finditer(text):
        if found.start() != end:
            break
        fields[_plain(found[1])] = _field_value(found[2])
        end = found.end()
    if end != len(text) or text.endswith(","):
        raise BadLineError(text, "invalid field format")
    return fields


def _field_value(text: str) -> FieldValue:
    if text[0] == '"':
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text) and int(text[:-1]) in _INTEGERS:
        return int(text[:-1])
    if _FLOAT.fullmatch(text):
        return float(text)
    raise BadLineError(text, "invalid number")
