"""Reads whole numbers from a text, and knows the line of each."""

from collections.abc import Iterator

from pilotline_scheduler.errors import FormatError


class Tokens:
    """The whitespace-separated numbers of a text, in order.

    Args:
        text: the text; square brackets count as space.
    """

    def __init__(self, text: str) -> None:
        self._found = iter(_split(text))
        self._line = 1

    def number(self, what: str) -> int:
        """Return the next whole number.

        Args:
            what: what it stands for, for the error.

        Raises:
            FormatError: the text ends, or something else stands there.
        """
        try:
            self._line, word = next(self._found)
        except StopIteration:
            message = f"the file ends where {what} should be"
            raise FormatError(message, self._line) from None
        try:
            return int(word)
        except ValueError:
            message = f"{what} should be a whole number, not {word!r}"
            raise FormatError(message, self._line) from None

    def count(self, what: str, least: int = 0) -> int:
        """Return the next whole number, which must not be below `least`."""
        value = self.number(what)
        if value < least:
            message = f"{what} should be at least {least}, not {value}"
            raise FormatError(message, self._line)
        return value

    def numbers(self, count: int, what: str) -> list[int]:
        """Return the next so many whole numbers."""
        return [self.number(what) for _ in range(count)]

    def skip_line(self) -> None:
        """Pass over what is left of the line of the number read last."""
        rest = self._found
        for line, word in rest:
            if line != self._line:
                self._found = _chain(line, word, rest)
                return


def _split(text: str) -> Iterator[tuple[int, str]]:
    for line, content in enumerate(text.splitlines(), 1):
        for word in content.replace("[", " ").replace("]", " ").split():
            yield line, word


def _chain(line: int, word: str, rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield line, word
    yield from rest
