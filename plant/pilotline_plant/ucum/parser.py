"""Reads a UCUM code by its grammar and writes the symbol a person reads.

The grammar is that of the Unified Code for Units of Measure, §2 (case-sensitive variant)::

    main      := "/" term | term
    term      := component { ("." | "/") component }
    component := "(" term ")" | factor | unit [annotation] | annotation
    unit      := [prefix] atom [exponent]
"""

import re
from functools import lru_cache

from pilotline_plant.ucum.atoms import CUSTOMARY, INSTEAD, METRIC, PLAIN, PREFIXES

_FACTOR = re.compile(r"[1-9][0-9]*")
_UNIT = re.compile(r"(?:[^\[\]./(){}\s]|\[[^\[\]{}\s]+\])+")
_EXPONENT = re.compile(r"(?P<unit>.*?[^+\-0-9])(?P<exponent>[+-]?[0-9]+)")
_ANNOTATION = re.compile(r"\{([!-z|~ ]*)\}")
_SUPERSCRIPT = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DEEPEST = 8
"""Nested parentheses beyond this are not a unit anybody reads."""


class UnknownUnit(ValueError):  # noqa: N818 - what the code is, not what the reader did
    """The code is not UCUM; the message names the part that is not understood."""


@lru_cache(maxsize=1024)
def symbol_of(code: str) -> str:
    """Return how a person reads a UCUM code, such as ``m³/h`` for ``m3/h``; empty for ``1``.

    Raises:
        UnknownUnit: the code is not valid UCUM, or has an atom that no plant measures.
    """
    try:
        symbol = _Parser(code).main()
    except UnknownUnit as unknown:
        meant = INSTEAD.get(code)
        raise UnknownUnit(f"{unknown}; UCUM writes {meant!r}" if meant else str(unknown)) from None
    return CUSTOMARY.get(code, symbol)


class _Parser:
    """Recursive descent over one code."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._at = 0

    def main(self) -> str:
        """Read the whole code."""
        lead = "1/" if self._take("/") else ""
        symbol = lead + self._term(0)
        if self._at < len(self._code):
            raise UnknownUnit(f"{self._code[self._at :]!r} does not belong there")
        return symbol

    def _term(self, depth: int) -> str:
        symbol = self._component(depth)
        while True:
            if self._take("."):
                symbol += "·" + self._component(depth)
            elif self._take("/"):
                symbol += "/" + self._component(depth)
            else:
                return symbol

    def _component(self, depth: int) -> str:
        if self._take("("):
            if depth == _DEEPEST:
                raise UnknownUnit(f"parentheses nest deeper than {_DEEPEST}")
            inner = self._term(depth + 1)
            if not self._take(")"):
                raise UnknownUnit("a parenthesis is not closed")
            return f"({inner})"
        annotation = self._match(_ANNOTATION)
        if annotation is not None:
            return annotation.group(1)
        word = self._match(_UNIT)
        if word is None:
            raise UnknownUnit("a unit is missing" if self._code else "it is empty")
        note = self._match(_ANNOTATION)
        symbol = word.group() if _FACTOR.fullmatch(word.group()) else _unit(word.group())
        return f"{symbol} {note.group(1)}" if note and note.group(1) else symbol

    def _take(self, mark: str) -> bool:
        if self._code.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._code, self._at)
        if match:
            self._at = match.end()
        return match


def _unit(word: str) -> str:
    bare = _atom(word)
    if bare is not None:
        return bare
    match = _EXPONENT.fullmatch(word)
    symbol = _atom(match["unit"]) if match else None
    if match is None or symbol is None:
        raise UnknownUnit(f"{word!r} is no UCUM unit")
    return symbol.removesuffix("^") + match["exponent"].translate(_SUPERSCRIPT)


def _atom(word: str) -> str | None:
    plain = METRIC.get(word) or PLAIN.get(word)
    if plain is not None:
        return plain
    for length in (1, 2):
        prefix, atom = PREFIXES.get(word[:length]), METRIC.get(word[length:])
        if prefix is not None and atom is not None:
            return prefix + atom
    return None
