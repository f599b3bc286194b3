"""Every command explains itself."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pilotline.main import COMMANDS, app


def _commands() -> Iterator[tuple[str, ...]]:
    yield ()
    for word in COMMANDS:
        yield (word,)
        command = get_command(import_module(f"pilotline.commands.{word}").app)
        yield from ((word, name) for name in getattr(command, "commands", ()))


@pytest.mark.parametrize("words", sorted(_commands()), ids=" ".join)
def test_help_is_printed(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--help"])
    assert told.exit_code == 0, told.exception
    assert "Usage:" in told.stdout
