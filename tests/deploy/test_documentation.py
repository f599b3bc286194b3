"""What the documentation says can be followed to the letter: links, commands, options, files."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pilotline.main import COMMANDS
from pilotline_plant.reading import read_plant

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
COMMANDS_PAGE = DOCS / "reference" / "commands.md"
HISTORIAN_PAGE = DOCS / "reference" / "historian.md"
GUARANTEES = DOCS / "explanation" / "guarantees.md"

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"^(?:\.venv/bin/|/opt/pilotline/bin/)?pilotline (.*)$")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    astray = []
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            astray.append(target)
    assert astray == []


def test_every_page_is_found_from_the_index() -> None:
    found, left = set(), [DOCS / "README.md"]
    while left:
        page = left.pop()
        if page in found or page.suffix != ".md":
            continue
        found.add(page)
        for target in _LINK.findall(page.read_text("utf-8")):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.is_relative_to(DOCS) and file.is_file():
                left.append(file)
    assert set(DOCS.rglob("*.md")) - found == set()
    linked = {
        (DOCS / target.partition("#")[0]).resolve()
        for target in _LINK.findall((DOCS / "README.md").read_text("utf-8"))
    }
    guides = {page for page in DOCS.rglob("*.md") if page.parent != DOCS / "decisions"}
    assert guides - {DOCS / "README.md"} - linked == set(), "each page stands in the index itself"


@cache
def _group(words: tuple[str, ...]) -> Any:  # noqa: ANN401 - click's groups and commands share no typed base
    """Return the command of these words."""
    command: Any = get_command(import_module(f"pilotline.commands.{words[0]}").app)
    for word in words[1:]:
        command = command.commands[word]
    return command


def _commands(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner = getattr(_group(words), "commands", {})
    if not inner:
        yield words
    for word in inner:
        yield from _commands((*words, word))


ALL = [words for word in COMMANDS for words in _commands((word,))]


def _options(words: tuple[str, ...]) -> list[set[str]]:
    """Return the words of each option: ``--simulators`` may be told as ``--no-simulators``."""
    named = [{*each.opts, *each.secondary_opts} for each in _group(words).params]
    return [words for words in named if any(word.startswith("--") for word in words)]


@pytest.mark.parametrize("words", [each for each in ALL if each[0] in ("edge", "historian", "up")])
def test_every_option_of_edge_and_historian_is_in_the_reference(words: tuple[str, ...]) -> None:
    page = HISTORIAN_PAGE if words[0] == "historian" else COMMANDS_PAGE
    text = page.read_text("utf-8")
    assert f"`{words[-1]}" in text or " ".join(("pilotline", *words)) in text
    rows = [line for line in text.splitlines() if _describes(line, words)]
    told = set(re.findall(r"--[a-z][a-z-]*", " ".join(rows)))
    told |= {"--historian"} if words[0] == "historian" else set()
    assert [option for option in _options(words) if not option & told] == []


def _describes(line: str, words: tuple[str, ...]) -> bool:
    return " ".join(("pilotline", *words[:2])) in line and (len(words) < 3 or words[2] in line)


def test_every_command_is_in_the_reference() -> None:
    text = COMMANDS_PAGE.read_text("utf-8")
    missing = [
        " ".join(words)
        for words in ALL
        if not any(
            _describes(line, (words[0],)) and words[-1] in line for line in text.splitlines()
        )
    ]
    assert missing == []


def _told_commands() -> Iterator[Any]:
    for page in PAGES:
        for line in page.read_text("utf-8").replace("\\\n", " ").splitlines():
            if line.startswith("    ") and (found := _COMMAND.match(line.strip())):
                yield pytest.param(found[1], id=f"{_name(page)}: {found[1]}"[:90])


@pytest.mark.parametrize("told", list(_told_commands()))
def test_commands_in_the_pages_have_options_that_there_are(told: str) -> None:
    arguments = shlex.split(told.replace("…", ""), comments=True)
    words: tuple[str, ...] = ()
    while arguments and (words or arguments[0] in COMMANDS):
        if words and arguments[0] not in getattr(_group(words), "commands", {}):
            break
        words += (arguments.pop(0),)
    assert words in ALL, f"there is no command {told}"
    given = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
    assert given <= {"--help"}.union(*_options(words))


def test_every_measurement_and_test_of_a_promise_can_be_run() -> None:
    text = GUARANTEES.read_text("utf-8")
    commands = re.findall(r"`([^`]+)`", text)
    tests = [word for each in commands if each.startswith("pytest ") for word in each.split()[1:]]
    paths = [word for word in tests if word.startswith("tests")]
    paths += [each.split()[0] for each in commands if re.match(r"\w+/benchmarks/", each)]
    assert len(paths) > 40
    assert [path for path in paths if not list(ROOT.glob(path))] == []


def test_the_plant_file_of_the_tutorial_has_no_mistake(tmp_path: Path) -> None:
    page = DOCS / "tutorial" / "connect-a-machine.md"
    (block,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
    file = tmp_path / "plant.toml"
    file.write_text(block, encoding="utf-8")
    assert [machine.id for machine in read_plant(file).machines] == ["mill-1"]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_examples_of_plant_files_are_toml(page: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
        tomllib.loads(block)
