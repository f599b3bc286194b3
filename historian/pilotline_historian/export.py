"""Samples as CSV, JSON Lines or Parquet, streamed to a file."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from io import TextIOWrapper
from itertools import islice
from math import isfinite, isnan
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TextIO

from pilotline_historian.errors import HistorianError
from pilotline_historian.sample import Sample, Value
from pilotline_historian.times import instant_text

COLUMNS: Final = (
    "site",
    "machine",
    "tag",
    "source_time",
    "value",
    "type",
    "status",
    "server_time",
)
"""Columns of a sample in CSV, and keys in JSON Lines."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets run a text cell that starts so."""

_ROW_GROUP: Final = 50_000

_TYPE_WORDS: Final = {bool: "bool", int: "int", float: "float", str: "text", type(None): "none"}


class ExportError(HistorianError):
    """The file cannot be written in the format asked for."""


class SampleWriter(Protocol):
    """Writes samples to an open file."""

    def write(self, samples: Iterable[Sample]) -> None:
        """Write samples as they come, holding at most some thousand."""
        ...

    def close(self) -> None:
        """Write what is left; the file stays open."""
        ...


@contextmanager
def exporting(file: Path) -> Iterator[SampleWriter]:
    """Give a writer of the format that the file's ending names.

    The file appears whole when the block ends and not at all when it fails.

    Raises:
        ExportError: unknown ending, missing pyarrow, or the file cannot be written.
    """
    opened = _writer_of(file)
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as stream, closing(opened(stream)) as writer:
            yield writer
        part.replace(file)
    except OSError as error:
        raise ExportError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def cells(sample: Sample) -> tuple[str, ...]:
    """Return a sample as text cells in the order of `COLUMNS`, safe in spreadsheets."""
    series, time_ns, value, status, server_time_ns = sample
    return (
        _cell(series.site),
        _cell(series.machine),
        _cell(series.tag),
        instant_text(time_ns),
        value_cell(value),
        _type_word(value),
        f"0x{status:08X}",
        "" if server_time_ns is None else instant_text(server_time_ns),
    )


def record(sample: Sample) -> dict[str, Any]:
    """Return a sample for JSON: NaN and infinities are strings beside ``"type": "float"``."""
    series, time_ns, value, status, server_time_ns = sample
    return {
        "site": series.site,
        "machine": series.machine,
        "tag": series.tag,
        "source_time": instant_text(time_ns),
        "value": json_value(value),
        "type": _type_word(value),
        "status": status,
        "server_time": None if server_time_ns is None else instant_text(server_time_ns),
    }


def json_value(value: Value | None) -> Value | None:
    """Return the value as JSON can hold it."""
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


class CsvWriter:
    """Writes samples as CSV (RFC 4180); text that a spreadsheet would run gets an apostrophe."""

    def __init__(self, stream: TextIO) -> None:
        self._rows = csv.writer(stream)
        self._rows.writerow(COLUMNS)

    def write(self, samples: Iterable[Sample]) -> None:
        """Write samples as they come."""
        self._rows.writerows(map(cells, samples))


class JsonLinesWriter:
    """Writes each sample as one JSON object on a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, samples: Iterable[Sample]) -> None:
        """Write samples as they come."""
        for sample in samples:
            self._stream.write(json.dumps(record(sample), ensure_ascii=False) + "\n")


class _TextFile:
    """A text writer over a binary file."""

    def __init__(
        self,
        stream: BinaryIO,
        form: Callable[[TextIO], CsvWriter | JsonLinesWriter],
    ) -> None:
        self._text = TextIOWrapper(stream, encoding="utf-8", newline="")
        self._writer = form(self._text)

    def write(self, samples: Iterable[Sample]) -> None:
        self._writer.write(samples)

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class _ParquetFile:
    """Writes row groups of typed columns; exactly one value column of a row is set, or none."""

    def __init__(self, stream: BinaryIO) -> None:
        self._arrow = _pyarrow("pyarrow")
        self._schema = self._arrow.schema(
            [
                *((name, self._arrow.string()) for name in ("site", "machine", "tag")),
                ("source_time", self._arrow.timestamp("ns", tz="UTC")),
                ("value_float", self._arrow.float64()),
                ("value_int", self._arrow.int64()),
                ("value_uint", self._arrow.uint64()),
                ("value_bool", self._arrow.bool_()),
                ("value_text", self._arrow.string()),
                ("type", self._arrow.string()),
                ("status", self._arrow.uint32()),
                ("server_time", self._arrow.timestamp("ns", tz="UTC")),
            ]
        )
        parquet = _pyarrow("pyarrow.parquet")
        self._file = parquet.ParquetWriter(stream, self._schema, compression="zstd")

    def write(self, samples: Iterable[Sample]) -> None:
        remaining = iter(samples)
        while rows := [_typed_row(sample) for sample in islice(remaining, _ROW_GROUP)]:
            columns = zip(*rows, strict=True)
            arrays = [
                self._arrow.array(column, field.type)
                for column, field in zip(columns, self._schema, strict=True)
            ]
            self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._file.close()


def _typed_row(sample: Sample) -> tuple[Any, ...]:
    series, time_ns, value, status, server_time_ns = sample
    word = _type_word(value)
    beyond_int64 = word == "int" and isinstance(value, int) and value >= 2**63
    return (
        *series,
        time_ns,
        value if word == "float" else None,
        value if word == "int" and not beyond_int64 else None,
        value if beyond_int64 else None,
        value if word == "bool" else None,
        value if word == "text" else None,
        word,
        status,
        server_time_ns,
    )


_FORMS: Final[dict[str, Callable[[BinaryIO], SampleWriter]]] = {
    ".csv": lambda stream: _TextFile(stream, CsvWriter),
    ".jsonl": lambda stream: _TextFile(stream, JsonLinesWriter),
    ".parquet": _ParquetFile,
}


def _writer_of(file: Path) -> Callable[[BinaryIO], SampleWriter]:
    form = _FORMS.get(file.suffix.lower())
    if form is None:
        raise ExportError(
            f"{file} has ending {file.suffix!r}; choose one of {', '.join(sorted(_FORMS))}"
        )
    if form is _ParquetFile:
        _pyarrow("pyarrow")
    return form


def _pyarrow(module: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        return import_module(module)
    except ImportError as error:
        raise ExportError(
            "Parquet needs pyarrow, which is not installed; run `pip install pyarrow`, or choose "
            ".csv or .jsonl"
        ) from error


def _type_word(value: Value | None) -> str:
    return _TYPE_WORDS[type(value)]


def value_cell(value: Value | None) -> str:
    """Return a value as one text cell, safe in spreadsheets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _cell(value) if isinstance(value, str) else repr(value)


def _cell(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text
