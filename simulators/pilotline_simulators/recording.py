"""Recording: rows of a CSV file as the values of a machine's tags."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pilotline_plant import DataType, Machine, Tag
from pilotline_simulators.emission import Value
from pilotline_simulators.errors import RecordingError
from pilotline_simulators.physics.sensor import as_type

_TRUTHS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Recording:
    """Rows of a CSV file.

    Attributes:
        file: the file.
        tags: the tag of each column.
        rows: values of each row, typed as the tags are.
    """

    file: Path
    tags: tuple[Tag, ...]
    rows: tuple[tuple[Value, ...], ...]


def read_recording(file: Path, machine: Machine) -> Recording:
    """Read a CSV file whose header names tags of a machine.

    Every column is a tag of the machine, every tag of role ``value`` a column. Numbers are read as
    Python's `float` and `int` read them, text is taken as it stands.

    Raises:
        RecordingError: the file cannot be replayed; the message names file, line and column.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _read(file, stream, machine)
    except OSError as error:
        raise RecordingError(file, 0, "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(file, 0, "", f"is not UTF-8 text: {error.reason}") from error


def _read(file: Path, stream: TextIO, machine: Machine) -> Recording:
    lines = _lines(file, stream)
    header = next(lines, None)
    if header is None:
        raise RecordingError(file, 1, "", "the file is empty; it needs a header of tag ids")
    tags = _columns(file, header[1], machine)
    parsers = [_parser(tag) for tag in tags]
    rows = tuple(_row(file, line, cells, tags, parsers) for line, cells in lines)
    if not rows:
        raise RecordingError(file, 2, "", "there is no row below the header; nothing to replay")
    return Recording(file, tags, rows)


def _lines(file: Path, stream: TextIO) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(stream, strict=True)
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise RecordingError(file, reader.line_num, "", f"is no CSV: {error}") from error


def _columns(file: Path, header: Sequence[str], machine: Machine) -> tuple[Tag, ...]:
    known = {tag.id: tag for tag in machine.tags}
    for number, name in enumerate(header, start=1):
        if name not in known:
            shown = name or str(number)
            raise RecordingError(
                file,
                1,
                shown,
                f"machine {machine.id!r} has no tag {name!r}; add it to the plant "
                "file or take the column out",
            )
        if header.index(name) != number - 1:
            raise RecordingError(file, 1, name, "the column is there twice; take one out")
    for tag in machine.tags:
        if tag.role == "value" and tag.id not in header:
            raise RecordingError(
                file,
                1,
                tag.id,
                f"the column of this tag of machine {machine.id!r} is missing; "
                "add it, or take the tag out of the plant file",
            )
    return tuple(known[name] for name in header)


def _row(
    file: Path,
    line: int,
    cells: Sequence[str],
    tags: Sequence[Tag],
    parsers: Sequence[Callable[[str], Value]],
) -> tuple[Value, ...]:
    if len(cells) != len(tags):
        column = tags[len(cells)].id if len(cells) < len(tags) else str(len(tags) + 1)
        raise RecordingError(
            file, line, column, f"the row has {len(cells)} cells, the header {len(tags)}"
        )
    values = []
    for tag, parse, cell in zip(tags, parsers, cells, strict=True):
        try:
            values.append(parse(cell))
        except ValueError as error:
            raise RecordingError(
                file, line, tag.id, f"{cell!r} is no {tag.data_type.value}: {error}"
            ) from error
    return tuple(values)


def _parser(tag: Tag) -> Callable[[str], Value]:
    if tag.data_type is DataType.STRING:
        return str
    if tag.data_type is DataType.BOOLEAN:
        return _truth
    if tag.data_type is DataType.DOUBLE:
        return float
    number: Callable[[str], float] = float if tag.data_type is DataType.FLOAT else int
    return lambda cell: _exact(number(cell), tag.data_type)


def _truth(cell: str) -> bool:
    value = _TRUTHS.get(cell.strip().lower())
    if value is None:
        raise ValueError("write true or false")
    return value


def _exact(value: float, data_type: DataType) -> Value:
    """Return a value that its type holds without change.

    Raises:
        ValueError: the type would change it.
    """
    typed = as_type(value, data_type)
    if typed != value:
        raise ValueError(f"the type would turn it into {typed!r}; make the tag a Double")
    return typed
