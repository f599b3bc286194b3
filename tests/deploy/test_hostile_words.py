"""What machines and servers say is shown as words: it commands nothing and forges nothing."""

import logging
import tomllib
from collections.abc import Iterator
from io import StringIO
from types import TracebackType

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pilotline.commands.edge_status import pages
from pilotline.logs import log_to_stderr
from pilotline_edge.browse.finding import Discovery, Found, LeftOut
from pilotline_edge.browse.section import section
from pilotline_plant import DataType
from pilotline_plant.printable import escaped, printable
from tests.edge.told import NOW, machine, status

FORGED = "2026-11-22T17:00:00Z [info     ] all is well"
HOSTILE = f"\x1b[2J\x1b]0;owned\x07\n{FORGED}\r\x9b31m\u202egnp\u2066\ud800\u2028end"


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Log as the commands do, and as before afterwards."""
    before = structlog.get_config()
    last = logging.lastResort
    formatter = None if last is None else last.formatter
    log_to_stderr()
    yield capsys
    structlog.configure(**before)
    if last is not None:
        last.setFormatter(formatter)


def failed() -> tuple[type[ValueError], ValueError, TracebackType | None]:
    """Return an error over hostile words."""
    error = ValueError(HOSTILE)
    return ValueError, error, error.__traceback__


def lines(capture: pytest.CaptureFixture[str]) -> list[str]:
    return capture.readouterr().err.splitlines()


def test_an_event_is_one_line_whatever_a_machine_says(logged: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_logger("test")
    log.warning("edge.tag_refused", tag=HOSTILE, reason=[HOSTILE], more={HOSTILE: HOSTILE})
    (line,) = lines(logged)
    assert line.isprintable()
    assert "all is well" in line
    assert r"\x1b" in line


def test_a_traceback_holds_no_line_that_passes_for_an_event(
    logged: pytest.CaptureFixture[str],
) -> None:
    structlog.get_logger("test").error("edge.link_failed", exc_info=failed())
    _, *trace = lines(logged)
    assert trace
    assert all(line.startswith("    ") and line.isprintable() for line in trace)


def test_a_text_beyond_all_measure_is_cut(logged: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("test").warning("edge.tag_refused", reason="x" * 10_000_000)
    (line,) = lines(logged)
    assert len(line) < 3_000
    assert "10000000 characters" in line


def test_what_libraries_log_is_treated_alike(logged: pytest.CaptureFixture[str]) -> None:
    assert logging.lastResort is not None
    record = logging.LogRecord("asyncua", logging.ERROR, "", 1, "no %s", (HOSTILE,), failed())
    logging.lastResort.handle(record)
    first, *trace = lines(logged)
    assert first.startswith("ERROR asyncua: no ")
    assert first.isprintable()
    assert all(line.startswith("    ") and line.isprintable() for line in trace)


def test_the_status_shows_words_of_machines_as_words() -> None:
    """Neither do they command the terminal, nor are they markup, wrong markup least of all."""
    mill = machine("mill-1", bad_tags={HOSTILE: "[/red] [link=https://example.org]here[/link]"})
    mill["connected"], mill["cause"] = False, f"{HOSTILE} [bold]"
    told = status(mill)
    told["plant"] = "[/] plant"
    told["historian"] |= {"problem": HOSTILE, "problem_since": mill["since"]}
    out = StringIO()
    console = Console(width=400, file=out, markup=False)
    for page in pages(told, NOW):
        console.print(page)
    text = out.getvalue()
    assert "[/red] [link=https://example.org]here[/link]" in text
    assert text.replace("\n", "").isprintable()


@given(st.text())
def test_a_text_that_is_shown_has_no_character_that_shows_nothing(text: str) -> None:
    for shown in (printable(text), escaped(text)):
        assert all(each.isprintable() or each.isspace() for each in shown)
        assert not set(shown) & set("\n\r\t\x0b\x0c\x1b\x85\u2028\u2029")


def test_an_unbreakable_space_stays() -> None:
    assert printable("10\u00a0°C") == escaped("10\u00a0°C") == "10\u00a0°C"


_NAMES = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [HOSTILE, '"}]\n[machines]\nid = "x', "'''", '"""', "\\", "#", "\u202e", "a\x7f", "\U000e0001"]
)


@given(st.lists(st.tuples(_NAMES, _NAMES, _NAMES), min_size=1, max_size=4), _NAMES)
def test_a_plant_files_section_is_what_it_says_whatever_nodes_are_called(
    names: list[tuple[str, str, str]], origin: str
) -> None:
    found = [
        Found(
            (f"1:{name}",),
            name,
            f"ns=1;s={node}",
            DataType.DOUBLE,
            field=field or None,
            remark=field,
        )
        for name, node, field in names
    ]
    left_out = [LeftOut((name,), node) for name, node, _ in names]
    text = section(Discovery(found, left_out, unfinished=[(origin, origin)]), origin)
    assert text.replace("\n", "").replace("\u00a0", "").isprintable() or not _plain(text)
    tags = tomllib.loads(text)["tags"]
    assert len(tags) == len(found)
    for tag, each in zip(tags, found, strict=True):
        assert tag["node_id"] == each.node_id.encode("utf-8", "replace").decode()


def _plain(text: str) -> bool:
    return not any(each.isspace() and each not in " \n" for each in text)
