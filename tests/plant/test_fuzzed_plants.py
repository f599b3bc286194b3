"""Whatever a person does to a plant file, it is read or refused with mistakes, never a crash."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotline_plant import Plant, PlantFileError
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant

LINES = example_plant("bench").read_text().splitlines()
VALUES = (
    "0",
    "-1",
    "1e400",
    "nan",
    "true",
    '""',
    '" "',
    '"x"',
    '"../x"',
    '"\\u0000"',
    "[]",
    "[[]]",
    "[1, 'a', {}]",
    "{}",
    "{ id = [1] }",
    "2026-12-24",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "07:00:00",
    "99999999999999999999999999",
    "'''",
)
SNIPPETS = st.one_of(
    st.sampled_from(VALUES),
    st.sampled_from(["[", "]", "{", "}", ",", "=", "#", '"', "[[machines]]", "[kinds.mixer.x]"]),
    st.text(max_size=8),
)

Edit = Callable[[list[str]], None]


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """One thing a person may do to a file: drop, repeat, move or change a line."""
    line = draw(st.integers(0, len(LINES) - 1))
    other = draw(st.integers(0, len(LINES) - 1))
    what = draw(st.sampled_from(["drop", "repeat", "move", "value", "insert", "key", "cut"]))
    snippet = draw(SNIPPETS)

    def edit(lines: list[str]) -> None:
        at = line % len(lines)
        before, equals, after = lines[at].partition("=")
        if what == "drop":
            lines[at] = ""
        elif what == "repeat":
            lines.insert(other % len(lines), lines[at])
        elif what == "move":
            lines.insert(other % len(lines), lines.pop(at))
        elif what == "value" and equals:
            lines[at] = f"{before}= {snippet}"
        elif what == "key" and equals:
            lines[at] = f"{before.strip()}x ={after}"
        elif what == "cut":
            lines[at] = lines[at][: other % (len(lines[at]) + 1)]
        else:
            lines[at] = f"{lines[at][:other]}{snippet}{lines[at][other:]}"

    return edit


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "plant.toml"


def read_or_refuse(file: Path) -> Plant | PlantFileError:
    try:
        return read_plant(file)
    except PlantFileError as refused:
        return refused


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.lists(edits(), min_size=1, max_size=4))
def test_an_edited_plant_is_read_or_refused_with_lines_in_the_file(
    file: Path, changes: list[Edit]
) -> None:
    lines = list(LINES)
    for change in changes:
        change(lines)
    text = "\n".join(lines)
    file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    outcome = read_or_refuse(file)
    if isinstance(outcome, PlantFileError):
        assert outcome.mistakes
        count = len(text.split("\n"))
        assert all(1 <= mistake.line <= count for mistake in outcome.mistakes), outcome
        assert all(mistake.reason for mistake in outcome.mistakes)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert isinstance(read_or_refuse(file), PlantFileError)
