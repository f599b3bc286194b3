"""A recording is read as it stands, or its mistake is told by file, line and column."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_plant import DataType
from pilotline_simulators import RecordingError
from pilotline_simulators.recording import read_recording
from tests.simulators.plants import machine_with, tag

MACHINE = machine_with(
    tag("power", unit="kW"),
    tag("line", data_type=DataType.INT32),
    tag("process", data_type=DataType.STRING),
    tag("closed", data_type=DataType.BOOLEAN),
    tag("state", data_type=DataType.INT32, role="state"),
)
GOOD_FILE = 'process,power,line,closed\nPrep,-1.42E-06,1,true\n"Layer 1, Up",0.5,2,0\n'


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "cut.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_come_in_any_order_and_cells_get_the_tags_types(tmp_path: Path) -> None:
    recording = read_recording(_file(tmp_path, GOOD_FILE), MACHINE)
    assert [each.id for each in recording.tags] == ["process", "power", "line", "closed"]
    assert recording.rows == (("Prep", -1.42e-06, 1, True), ("Layer 1, Up", 0.5, 2, False))


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + GOOD_FILE.replace("\n", "\r\n").encode()
    assert len(read_recording(_file(tmp_path, text), MACHINE).rows) == 2


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("", ":1:", "the file is empty"),
        ("process,power,line,closed\n", ":2:", "no row below the header"),
        ("process,power,line\nPrep,1,1\n", ":1, column closed:", "column of this tag .* missing"),
        (GOOD_FILE.replace("line", "lines"), ":1, column lines:", "has no tag 'lines'"),
        (GOOD_FILE.replace("line", ""), ":1, column 3:", "has no tag ''"),
        (
            "process,power,line,closed,power\nPrep,1,1,1,1\n",
            ":1, column power:",
            "there twice",
        ),
        (GOOD_FILE + "Prep,1\n", ":4, column line:", "the row has 2 cells, the header 4"),
        (GOOD_FILE + "Prep,1,1,1,1\n", ":4, column 5:", "the row has 5 cells, the header 4"),
        (GOOD_FILE + "\n", ":4, column process:", "the row has 0 cells"),
        (GOOD_FILE + "Prep,,1,1\n", ":4, column power:", "'' is no Double"),
        (GOOD_FILE + "Prep,1,1.5,1\n", ":4, column line:", r"'1.5' is no Int32"),
        (GOOD_FILE + "Prep,1,3000000000,1\n", ":4, column line:", "would turn it into 2147483647"),
        (GOOD_FILE + "Prep,1,1,maybe\n", ":4, column closed:", "write true or false"),
        (GOOD_FILE + '"Prep,1,1,1\n', ":4:", "is no CSV"),
        (GOOD_FILE.encode() + b"\xff\xfe", ":0:", "is not UTF-8"),
    ],
)
def test_a_mistake_is_told_by_file_line_and_column(
    tmp_path: Path, text: str | bytes, where: str, reason: str
) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(RecordingError, match=reason) as told:
        read_recording(path, MACHINE)
    assert str(told.value).startswith(f"{path}{where}")
    assert told.value.file == path


def test_a_row_after_a_cell_of_several_lines_keeps_its_own_line_number(tmp_path: Path) -> None:
    text = 'process,power,line,closed\n"two\nlines",1,1,1\nPrep,x,1,1\n'
    with pytest.raises(RecordingError, match=r"cut\.csv:4, column power"):
        read_recording(_file(tmp_path, text), MACHINE)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no\.csv:0: cannot be read: No such file"):
        read_recording(tmp_path / "no.csv", MACHINE)


def test_a_float_that_would_lose_digits_is_refused(tmp_path: Path) -> None:
    machine = machine_with(tag("power", data_type=DataType.FLOAT))
    assert read_recording(_file(tmp_path, "power\n0.5\n"), machine).rows == ((0.5,),)
    with pytest.raises(RecordingError, match="make the tag a Double"):
        read_recording(_file(tmp_path, "power\n0.1\n"), machine)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_every_number_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "numbers.csv"
    path.write_text("power\n" + "".join(f"{number!r}\n" for number in numbers))
    recording = read_recording(path, machine_with(tag("power")))
    assert [row[0] for row in recording.rows] == numbers
