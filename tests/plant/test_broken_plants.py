"""A plant file with mistakes is refused, and every mistake is named with its line."""

import re
import tomllib
from pathlib import Path

import pytest

from pilotline_plant import PlantFileError
from pilotline_plant.errors import Mistake
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from pilotline_plant.reading.naming import some_of

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))
EXPECTATION = re.compile(r"!!\s(?P<key>.+?):\s(?P<reason>.+?)(?=\s+!!|$)")
"""``# !! key: words of the reason`` stands on the line a mistake must name; ``-`` is no key."""


def expected(file: Path) -> list[tuple[int, str, str]]:
    """Return line, key and words of the reason of every mistake a file announces."""
    found: list[tuple[int, str, str]] = []
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        for match in EXPECTATION.finditer(line):
            key = "" if match["key"] == "-" else match["key"]
            found.append((number, key, match["reason"].strip()))
    return found


def mistakes_of(file: Path) -> tuple[Mistake, ...]:
    with pytest.raises(PlantFileError) as refused:
        read_plant(file)
    return refused.value.mistakes


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_every_mistake_is_named_once_with_its_line_and_reason(file: Path) -> None:
    announced = expected(file)
    assert announced, f"{file.name} announces no mistake"
    mistakes = mistakes_of(file)
    assert sorted((mistake.line, mistake.key) for mistake in mistakes) == sorted(
        (line, key) for line, key, _ in announced
    )
    for line, key, words in announced:
        reasons = [each.reason for each in mistakes if (each.line, each.key) == (line, key)]
        assert any(words in reason for reason in reasons), (line, key, words, reasons)


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_a_mistake_shows_the_value_as_it_is_written_on_its_line(file: Path) -> None:
    lines = file.read_text().splitlines()
    for mistake in mistakes_of(file):
        shown = mistake.value.removesuffix("…")
        assert shown in lines[mistake.line - 1]


def test_mistakes_in_every_part_of_a_file_come_at_once_and_in_order() -> None:
    file = Path(__file__).parent / "broken" / "several-at-once.toml"
    mistakes = mistakes_of(file)
    parts = [re.split(r"[.\[]", mistake.key)[0] for mistake in mistakes]
    assert parts == [
        "sites",
        "calendars",
        "pools",
        "changeovers",
        "kinds",
        "machines",
        "clients",
        "procedures",
    ]
    assert [mistake.line for mistake in mistakes] == sorted(mistake.line for mistake in mistakes)


def test_the_message_lists_file_line_key_value_and_reason() -> None:
    file = Path(__file__).parent / "broken" / "sites.toml"
    with pytest.raises(PlantFileError) as refused:
        read_plant(file)
    assert str(refused.value).splitlines()[0] == (
        f'{file}:8: sites.works.time_zone = "Europe/Copenhage": '
        "is no IANA time zone; did you mean 'Europe/Copenhagen'?"
    )


def test_who_names_what_is_not_there_reads_what_there_is() -> None:
    file = Path(__file__).parent / "broken" / "machine-references.toml"
    reasons = {mistake.key: mistake.reason for mistake in mistakes_of(file)}
    known = ", ".join(sorted(tomllib.loads(file.read_text("utf-8"))["kinds"]))
    assert reasons["machines.saw-1.kind"] == f"there is no kind 'saw'; the file describes {known}"


def test_of_many_ids_the_first_few_are_told() -> None:
    assert some_of(()) == "none"
    assert some_of([f"m{number}" for number in range(9)]).endswith("m6, m7 and 1 more")


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    mistakes = mistakes_of(tmp_path / "nowhere.toml")
    assert [str(mistake) for mistake in mistakes] == [
        f"{tmp_path / 'nowhere.toml'}: there is no such file; name a plant file"
    ]


def test_a_folder_is_a_sentence(tmp_path: Path) -> None:
    assert "this is a folder" in str(mistakes_of(tmp_path)[0])


def test_a_byte_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "latin1.toml"
    file.write_bytes(b'name = "Plant"\n\n# K\xf8benhavn\n')
    (mistake,) = mistakes_of(file)
    assert mistake.line == 3
    assert "0xf8 is not UTF-8" in mistake.reason


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    bench = example_plant("bench")
    file = tmp_path / "windows.toml"
    lines = bench.read_text().splitlines()
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert read_plant(file) == read_plant(bench)


def test_what_python_cannot_parse_is_a_mistake_and_not_a_crash(tmp_path: Path) -> None:
    deep, long = tmp_path / "deep.toml", tmp_path / "long.toml"
    deep.write_text("a = " + "[" * 20_000 + "]" * 20_000)
    long.write_text("a = " + "9" * 10_000)
    assert "nest too deeply" in mistakes_of(deep)[0].reason
    assert "a number is too long" in mistakes_of(long)[0].reason


@pytest.mark.parametrize("key", ["a{}", '"a"{}', "[a{}]", "x = {{a{} = 1}}"])
def test_a_key_without_end_costs_neither_time_nor_memory(tmp_path: Path, key: str) -> None:
    """Python's reader takes the square of its parts: two minutes and gigabytes for 400 kB."""
    long = tmp_path / "plant.toml"
    long.write_text(key.format(".a" * 200_000) + " = 1\n")
    assert "200 parts" in mistakes_of(long)[0].reason


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "disk.img"
    with file.open("wb") as sparse:
        sparse.truncate(64 * 1024 * 1024)
    assert "too many for a plant file" in mistakes_of(file)[0].reason
