"""Tokens that servers want: from a file named in the URL, or from the environment."""

import os
from pathlib import Path
from typing import Self

import structlog

from pilotline_historian.errors import HistorianUrlError

_log = structlog.get_logger()


class Token:
    """The token of one server, read again when the server no longer takes it.

    Characteristics
        shown: never, neither by `repr` nor in errors
        renewal: a file that was written anew is read after the server's first refusal

    Args:
        text: the token, or what the file held when it was opened.
        file: where it is kept, or None.
        variable: environment variable that holds it, or should.
    """

    def __init__(self, text: str = "", file: Path | None = None, variable: str = "") -> None:
        self.text = text
        self.file = file
        self.variable = variable

    @property
    def remedy(self) -> str:
        """What to do when a server does not take it."""
        if self.file is not None:
            return f"check the token in {self.file} and what it may do"
        if not self.text and self.variable:
            return f"no token is given: set {self.variable}"
        return f"check the token{f' in {self.variable}' * bool(self.variable)} and what it may do"

    @classmethod
    def found(cls, stated_file: str | None, variable: str) -> Self:
        """Return the token of a file, else of a variable, else of the file `variable`_FILE names.

        Args:
            stated_file: file named in the URL, or None.
            variable: name of an environment variable.

        Raises:
            HistorianUrlError: the token makes no sense, or variable and file are both given.
        """
        if stated_file is not None:
            return cls(_read(Path(stated_file), "token_file"), Path(stated_file))
        text = os.environ.get(variable, "").strip()
        named = os.environ.get(f"{variable}_FILE", "")
        if text and named:
            raise HistorianUrlError(f"both {variable} and {variable}_FILE are set; unset one")
        if named:
            return cls(_read(Path(named), f"{variable}_FILE"), Path(named))
        return cls(_sound(text, variable), variable=variable)

    def renew(self) -> bool:
        """Read the file again and return whether it holds another token."""
        if self.file is None:
            return False
        try:
            text = _read(self.file, "token file")
        except HistorianUrlError as error:
            _log.warning("historian.token_unreadable", reason=str(error))
            return False
        changed = text != self.text
        self.text = text
        return changed

    def __repr__(self) -> str:
        """Return where the token is, without it."""
        return f"Token(file={self.file})" if self.file else "Token()"


def _read(file: Path, word: str) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HistorianUrlError(f"{word} {file} cannot be read: {error}") from error
    if not text:
        raise HistorianUrlError(f"{word} {file} is empty; put the token into it")
    return _sound(text, f"{word} {file}")


def _sound(text: str, word: str) -> str:
    """Return the token if an HTTP header can carry it."""
    if not text.isprintable() or (":" not in text and not text.isascii()):
        raise HistorianUrlError(
            f"the token of {word} has a line break or another character that tokens never have"
        )
    return text
