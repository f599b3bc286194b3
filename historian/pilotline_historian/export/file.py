"""Writes rows to a file, in the format that its ending names."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, Generic, Protocol, TypeVar

from pilotline_historian.errors import HistorianError
from pilotline_historian.export.form import Form, Row

_ROW_GROUP: Final = 50_000

_Row_contra = TypeVar("_Row_contra", contravariant=True)


class ExportError(HistorianError):
    """The file cannot be written in the format asked for."""


class RowWriter(Protocol[_Row_contra]):
    """Writes rows to an open file."""

    def write(self, rows: Iterable[_Row_contra]) -> None:
        """Write rows as they come, holding at most some thousand."""
        ...

    def close(self) -> None:
        """Write what is left; the file stays open."""
        ...


@contextmanager
def exporting(file: Path, form: Form[Row]) -> Iterator[RowWriter[Row]]:
    """Give a writer of the format that the file's ending names.

    The file appears whole when the block ends and not at all when it fails.

    Raises:
        ExportError: unknown ending, missing pyarrow, or the file cannot be written.
    """
    opened = _writer_of(file)
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as stream, closing(opened(stream, form)) as writer:
            yield writer
        part.replace(file)
    except OSError as error:
        raise ExportError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


class _TextFile(Generic[Row]):
    """Text over a binary file."""

    def __init__(self, stream: BinaryIO, form: Form[Row]) -> None:
        self._text = TextIOWrapper(stream, encoding="utf-8", newline="")
        self._form = form

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class _CsvFile(_TextFile[Row]):
    """Writes CSV (RFC 4180); text that a spreadsheet would run gets an apostrophe."""

    def __init__(self, stream: BinaryIO, form: Form[Row]) -> None:
        super().__init__(stream, form)
        self._rows = csv.writer(self._text)
        self._rows.writerow(form.columns)

    def write(self, rows: Iterable[Row]) -> None:
        self._rows.writerows(map(self._form.cells, rows))


class _JsonLinesFile(_TextFile[Row]):
    """Writes each row as one JSON object on a line of its own."""

    def write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._text.write(json.dumps(self._form.record(row), ensure_ascii=False) + "\n")


class _ParquetFile(Generic[Row]):
    """Writes row groups of typed columns."""

    def __init__(self, stream: BinaryIO, form: Form[Row]) -> None:
        self._arrow = _pyarrow("pyarrow")
        self._form = form
        self._schema = self._arrow.schema(
            [(name, self._type(word)) for name, word in form.typed_columns.items()]
        )
        parquet = _pyarrow("pyarrow.parquet")
        self._file = parquet.ParquetWriter(stream, self._schema, compression="zstd")

    def _type(self, word: str) -> Any:  # noqa: ANN401 - pyarrow has no types
        if word == "instant":
            return self._arrow.timestamp("ns", tz="UTC")
        return getattr(self._arrow, word)()

    def write(self, rows: Iterable[Row]) -> None:
        remaining = iter(rows)
        while group := [self._form.typed(row) for row in islice(remaining, _ROW_GROUP)]:
            columns = zip(*group, strict=True)
            arrays = [
                self._arrow.array(column, field.type)
                for column, field in zip(columns, self._schema, strict=True)
            ]
            self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._file.close()


_WRITERS: Final[dict[str, Callable[[BinaryIO, Form[Any]], RowWriter[Any]]]] = {
    ".csv": _CsvFile,
    ".jsonl": _JsonLinesFile,
    ".parquet": _ParquetFile,
}


def _writer_of(file: Path) -> Callable[[BinaryIO, Form[Any]], RowWriter[Any]]:
    writer = _WRITERS.get(file.suffix.lower())
    if writer is None:
        raise ExportError(
            f"{file} has ending {file.suffix!r}; choose one of {', '.join(sorted(_WRITERS))}"
        )
    if writer is _ParquetFile:
        _pyarrow("pyarrow")
    return writer


def _pyarrow(module: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        return import_module(module)
    except ImportError as error:
        raise ExportError(
            "Parquet needs pyarrow, which is not installed; run `pip install pyarrow`, or choose "
            ".csv or .jsonl"
        ) from error
