"""The ledger is the truth: all that was emitted is in it, also after a crash."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_simulators import (
    BAD_SENSOR_FAILURE,
    GOOD,
    Emission,
    LedgerEntry,
    LedgerError,
    read_ledger,
)
from pilotline_simulators.ledger import Ledger

VALUES = st.one_of(
    st.floats(allow_nan=False), st.integers(-(2**63), 2**64 - 1), st.booleans(), st.text()
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), VALUES, st.booleans()), max_size=20))
def test_every_value_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, samples: list[tuple[str, float | str, bool]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = Ledger(path)
    emissions = [
        Emission(tag, number * 10**15, value, GOOD, repeat)
        for number, (tag, value, repeat) in enumerate(samples)
    ]
    ledger.record("mill-1", emissions)
    ledger.close()
    read = list(read_ledger(path, repeats=True))
    assert read == [
        LedgerEntry("mill-1", e.tag, e.source_time_ns, e.value, e.status, e.repeat)
        for e in emissions
    ]
    assert [type(entry.value) for entry in read] == [type(e.value) for e in emissions]
    assert [e.tag for e in read_ledger(path)] == [e.tag for e in emissions if not e.repeat]


def test_bad_values_and_numbers_that_are_none_are_written_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.record("m", [Emission("t", 1, None, BAD_SENSOR_FAILURE), Emission("t", 2, math.nan)])
    ledger.record("m", [Emission("t", 3, -math.inf)])
    ledger.close()
    bad, nan, infinite = read_ledger(path)
    assert (bad.value, bad.status) == (None, BAD_SENSOR_FAILURE)
    assert isinstance(nan.value, float)
    assert math.isnan(nan.value)
    assert infinite.value == -math.inf


def test_lines_are_with_the_operating_system_when_record_returns(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.record("mill-1", [Emission("speed", 5, 1.5)])
    assert json.loads(path.read_text()) == {
        "machine": "mill-1",
        "tag": "speed",
        "source_time_ns": 5,
        "value": 1.5,
        "status": 0,
    }
    ledger.close()
    ledger.close()


def test_a_ledger_is_continued_and_a_line_cut_short_is_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    for number in (1, 2):
        ledger = Ledger(path)
        ledger.record("m", [Emission("t", number, number)])
        ledger.close()
        with path.open("a") as file:
            file.write('{"machine": "m", "ta')
    assert [entry.value for entry in read_ledger(path)] == [1, 2]
    Ledger(path).close()
    assert path.read_text().count("\n") == 2
    assert path.read_text().endswith("\n")


def test_a_line_that_is_no_entry_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"machine": "m", "tag": "t", "source_time_ns": 1, "value": 1}\n[]\n')
    with pytest.raises(LedgerError, match=r"ledger\.jsonl:2: is no ledger entry"):
        list(read_ledger(path))


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be opened: Is a directory"):
        Ledger(tmp_path)
    with pytest.raises(LedgerError, match="cannot be read: No such file"):
        list(read_ledger(tmp_path / "none"))


def test_a_full_disk_is_told() -> None:
    ledger = Ledger(Path("/dev/full"))
    with pytest.raises(LedgerError, match="cannot be written: No space left"):
        ledger.record("m", [Emission("t", 1, 1)])
    ledger.close()
