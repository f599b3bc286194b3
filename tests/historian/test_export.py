"""Samples leave the historian as CSV, JSON Lines and Parquet with nothing lost."""

import csv
import json
import math
import sys
import tracemalloc
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from pilotline_historian import Sample, Series, Value
from pilotline_historian.export import COLUMNS, SAMPLE_FORM, ExportError, exporting
from pilotline_historian.export import file as exported_file
from tests.historian.samples import BAD, NOON_NS, SECOND_NS, at, each_second
from tests.real_parts import need

VALUES: list[Value | None] = [1.5, 0.1, 7, 2**64 - 1, True, "Execute", 'a,\n"b"', None, math.inf]


def _export(file: Path, samples: list[Sample]) -> None:
    with exporting(file, SAMPLE_FORM) as writer:
        for sample in samples:
            writer.write([sample])


def test_csv_has_a_row_for_each_sample(tmp_path: Path) -> None:
    file = tmp_path / "run.csv"
    _export(file, [*each_second(VALUES), at(5, 1, status=BAD, server_time_ns=NOON_NS)])
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert tuple(header) == COLUMNS
    assert [row[4] for row in rows] == [
        *("1.5", "0.1", "7", "18446744073709551615", "true", "Execute"),
        *('a,\n"b"', "", "inf", "1"),
    ]
    assert rows[0] == [
        *("aarhus", "mill-1", "spindle_speed", "2026-09-21T14:13:20Z"),
        *("1.5", "float", "0x00000000", ""),
    ]
    assert rows[-1][3:] == [
        *("2026-09-21T14:13:20.000000005Z", "1", "int", "0x80310000", "2026-09-21T14:13:20Z"),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@sum(a)", "\tx", "\rx"])
def test_a_spreadsheet_runs_no_text_of_a_csv(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.csv"
    _export(file, [at(0, text), at(1, -2.5, series=Series(text, text, text))])
    with file.open(encoding="utf-8", newline="") as stream:
        _, first, second = csv.reader(stream)
    assert first[4] == "'" + text
    assert second[:3] == ["'" + text] * 3
    assert second[4] == "-2.5", "a number stays one"


def test_json_lines_keep_every_type(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    _export(file, each_second(VALUES))
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [record["value"] for record in records] == [*VALUES[:-1], "Infinity"]
    assert [record["type"] for record in records] == [
        *("float", "float", "int", "int", "bool", "text", "text", "none", "float")
    ]
    assert records[0]["source_time"] == "2026-09-21T14:13:20Z"


def test_parquet_has_typed_columns(tmp_path: Path) -> None:
    need(find_spec("pyarrow") is not None, "pyarrow (pip install pyarrow)")
    from importlib import import_module

    file = tmp_path / "run.parquet"
    _export(file, [*each_second(VALUES), at(5, -0.0, status=BAD, server_time_ns=NOON_NS + 1)])
    rows = import_module("pyarrow.parquet").read_table(file).to_pydict()
    assert rows["value_float"][:2] == [1.5, 0.1]
    assert rows["value_float"][-2] == math.inf
    assert rows["value_int"][2] == 7
    assert rows["value_uint"][3] == 2**64 - 1
    assert rows["value_bool"][4] is True
    assert rows["value_text"][5:7] == ["Execute", 'a,\n"b"']
    assert rows["status"] == [0] * len(VALUES) + [BAD]
    assert rows["source_time"][1].value == NOON_NS + 1_000_000_000
    assert rows["server_time"][-1].value == NOON_NS + 1
    filled = ("value_float", "value_int", "value_uint", "value_bool", "value_text")
    for place, value in enumerate([*VALUES, -0.0]):
        assert sum(rows[name][place] is not None for name in filled) == (value is not None)


def test_parquet_without_pyarrow_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with (
        pytest.raises(ExportError, match="pip install pyarrow"),
        exporting(tmp_path / "run.parquet", SAMPLE_FORM),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_an_export_that_fails_leaves_the_former_file(tmp_path: Path, ending: str) -> None:
    if ending == ".parquet":
        need(find_spec("pyarrow") is not None, "pyarrow (pip install pyarrow)")
    file = tmp_path / f"run{ending}"
    file.write_text("former", encoding="utf-8")

    def torn() -> Iterator[Sample]:
        yield from each_second([1.5])
        raise RuntimeError("torn")

    with pytest.raises(RuntimeError, match="torn"), exporting(file, SAMPLE_FORM) as writer:
        writer.write(torn())
    assert [each.read_text(encoding="utf-8") for each in tmp_path.iterdir()] == ["former"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("run.xlsx", "choose one of .csv, .jsonl, .parquet"), ("nowhere/run.csv", "No such file")],
)
def test_a_file_that_cannot_be_written_is_explained(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ExportError, match=reason), exporting(tmp_path / name, SAMPLE_FORM):
        pass


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_export_of_any_size_takes_the_same_memory(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ending == "parquet":
        need(find_spec("pyarrow") is not None, "pyarrow (pip install pyarrow)")
    monkeypatch.setattr(exported_file, "_ROW_GROUP", 1_000)
    peaks = []
    for count in (3_000, 9_000):
        samples = (at(i * SECOND_NS, i * 0.5, server_time_ns=NOON_NS + i) for i in range(count))
        tracemalloc.start()
        try:
            with exporting(tmp_path / f"run.{ending}", SAMPLE_FORM) as writer:
                writer.write(samples)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    small, large = peaks
    assert large < 1.2 * small + 2**16
