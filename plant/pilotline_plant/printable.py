"""Printable: texts of machines and servers, for a terminal, a log or a comment.

Such a text may hold what commands a terminal, begins another line of a log, or turns the direction
of writing so that a person reads something else than what stands there.
"""

import unicodedata

_SPACES = "Zs"


def printable(text: str) -> str:
    """Return a text with a replacement character for each one that shows nothing by itself."""
    if text.isprintable():
        return text
    return "".join(each if _shows(each) else "�" for each in text)


def well_formed(text: str) -> str:
    """Return a text that UTF-8 can say: libraries make half characters of bytes that are none."""
    return text.encode("utf-8", "replace").decode("utf-8")


def escaped(text: str) -> str:
    r"""Return a text with ``\x1b`` and its like for each character that shows nothing by itself."""
    if text.isprintable():
        return text
    return "".join(
        each if _shows(each) else each.encode("unicode_escape").decode("ascii") for each in text
    )


def _shows(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == _SPACES
