"""A TOML file on disk as values, with the place of each, or the mistakes that prevent it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pilotline_plant.errors import Mistake, PlantFileError
from pilotline_plant.reading.places import Places

_POSITION = re.compile(r"\s*\(at line (\d+), column \d+\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")
_MOST_PARTS = 200
_MANY_PARTS = re.compile(
    rf"""(?<![\w"'.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}"""
)
_LARGEST_BYTES = 16 * 1024 * 1024
"""A plant file beyond this is another file named by accident."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is valid TOML.

    Attributes:
        file: where it was read.
        values: what it says.
        places: where it says it.
    """

    file: Path
    values: dict[str, object]
    places: Places


def read_document(file: Path) -> Document:
    """Read and parse a TOML file.

    Raises:
        PlantFileError: it cannot be read, is not UTF-8 or is not TOML.
    """
    source = _bytes(file)
    text = _text(file, source)
    if _MANY_PARTS.search(text):
        # Python's reader takes the square of the number of parts, in time and in memory.
        raise _unreadable(file, f"a key of more than {_MOST_PARTS} parts is none of a plant")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlantFileError([_syntax_mistake(file, text, str(error))]) from error
    except RecursionError as error:
        raise _unreadable(file, "arrays or tables nest too deeply to be a plant") from error
    except ValueError as error:
        # Python refuses to convert integers of thousands of digits (CVE-2020-10735).
        raise _unreadable(file, f"a number is too long: {error}") from error
    return Document(file, values, Places(text.encode()))


def _bytes(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > _LARGEST_BYTES:
            raise _unreadable(file, f"{size} bytes are too many for a plant file")
        return file.read_bytes()
    except FileNotFoundError as error:
        raise _unreadable(file, "there is no such file; name a plant file") from error
    except IsADirectoryError as error:
        raise _unreadable(file, "this is a folder; name a plant file in it") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(file, f"the file cannot be read: {reason}") from error


def _unreadable(file: Path, reason: str) -> PlantFileError:
    return PlantFileError([Mistake(file, 0, "", "", reason)])


def _text(file: Path, source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        reason = f"byte {source[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        raise PlantFileError([Mistake(file, line, "", "", reason)]) from error


def _syntax_mistake(file: Path, text: str, message: str) -> Mistake:
    """Turn tomllib's message, which ends with the position, into a mistake with a line."""
    position = _POSITION.search(message)
    lines = text.split("\n")
    line = int(position[1]) if position else max(len(text.rstrip().split("\n")), 1)
    reason = _AT_END.sub(" at the end of the file", _POSITION.sub("", message))
    written = lines[line - 1].strip() if line <= len(lines) else ""
    quoted = f" in `{written}`" if written else ""
    return Mistake(file, line, "", "", f"this is not TOML: {reason}{quoted}")
