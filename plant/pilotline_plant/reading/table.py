"""One TOML table, read field by field; every mistake is collected and reading goes on.

A field with a mistake reads as an empty value of its type, so that one pass finds all mistakes of
a file; what was read is thrown away when there is any.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import TypeGuard, TypeVar

from pilotline_plant.errors import Mistake
from pilotline_plant.reading.document import Document
from pilotline_plant.reading.naming import ID_RULE, did_you_mean, dotted_key, is_id, some_of
from pilotline_plant.reading.places import KeyPath

Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")

_NOUNS: dict[type, str] = {
    bool: "true or false",
    str: "a text",
    int: "a whole number",
    float: "a number",
    datetime: "a date with a time",
    date: "a date",
    time: "a time of day",
    list: "a list",
    dict: "a table",
}


class Table:
    """A TOML table whose keys are asked for by type; a key nobody asked for is a mistake.

    Attributes:
        values: what is written, by key.
        mistakes: all mistakes found in the file so far, once each, shared by its tables.
    """

    def __init__(
        self,
        document: Document,
        mistakes: dict[Mistake, None],
        values: Mapping[str, object],
        path: KeyPath = (),
        borrowed: Mapping[str, KeyPath] | None = None,
    ) -> None:
        self.values = values
        self.mistakes = mistakes
        self._document = document
        self._path = path
        self._borrowed = borrowed or {}
        self._asked: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        """Return whether the key is written; counts as asking for it."""
        self.expect(key)
        return key in self.values

    def expect(self, key: str) -> None:
        """Count a key as asked for that is read through another table."""
        self._asked.setdefault(key)

    def path_of(self, key: str) -> KeyPath:
        """Return where a key of this table is written, or would be."""
        return self._borrowed.get(key, (*self._path, key))

    # ---- mistakes -------------------------------------------------------------------------------

    def mistake(self, reason: str, key: str | None = None, *items: str | int) -> None:
        """Note a mistake of the table, of a key of it, or of an item below that key."""
        path = self._path if key is None else (*self.path_of(key), *items)
        written = key is None or key in self.values
        place = self._document.places[path]
        found = Mistake(
            self._document.file,
            place.line,
            dotted_key(self._document.values, path),
            place.text if written else "",
            reason,
        )
        self.mistakes.setdefault(found)

    def finish(self) -> None:
        """Note every key of its own that nobody asked for."""
        for key in self.values:
            if key not in self._asked and key not in self._borrowed:
                hint = did_you_mean(key, self._asked) or f"known here: {', '.join(self._asked)}"
                self.mistake(f"unknown key; {hint}", key)

    # ---- one value ------------------------------------------------------------------------------

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not blank; without a default the key must be written."""
        value = self.value(key, str, required=default is None)
        if value is None:
            return default or ""
        if not value.strip():
            self.mistake("must not be blank", key)
            return ""
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text that is not blank, or None where the key is not written."""
        return self.text(key) if key in self else None

    def id(self, key: str = "id") -> str:
        """Return an id."""
        value = self.text(key)
        if value and not is_id(value):
            self.mistake(ID_RULE, key)
        return value

    def new_id(self, noun: str, lines: dict[str, int]) -> str:
        """Return the id of the thing this table describes, and keep its line in `lines`."""
        value = self.id()
        if value in lines:
            self.mistake(f"the {noun} in line {lines[value]} has this id already", "id")
        elif value:
            lines[value] = self._document.places[self.path_of("id")].line
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.value(key, bool, required=False)
        return default if value is None else value

    def integer(
        self, key: str, default: int | None = None, *, least: int, most: int = 1_000_000
    ) -> int:
        """Return a whole number in ``[least, most]``; without a default it must be written."""
        value = self.value(key, int, required=default is None)
        if value is None:
            return least if default is None else default
        if not least <= value <= most:
            self.mistake(f"must be from {least} to {most}", key)
            return least
        return value

    def number(
        self,
        key: str,
        default: float | None = None,
        *,
        least: float = -math.inf,
        above: float = -math.inf,
    ) -> float:
        """Return a finite number at least `least` and beyond `above`."""
        value = self.value(key, float, required=default is None)
        if value is None:
            return default or 0.0
        if not math.isfinite(value):
            self.mistake("must be a finite number", key)
        elif value < least:
            self.mistake(f"must not be less than {least:g}", key)
        elif value <= above:
            self.mistake(f"must be greater than {above:g}", key)
        return float(value)

    def optional_number(self, key: str) -> float | None:
        """Return a finite number, or None where the key is not written."""
        return self.number(key) if key in self else None

    def word(self, key: str, words: type[Word], default: Word | None = None) -> Word:
        """Return a word of a closed list; without a default the key must be written."""
        written = self.text(key, default)
        for word in words:
            if word == written:
                return word
        if written:
            hint = did_you_mean(written, words)
            self.mistake(f"{hint or 'unknown word;'} it is one of {', '.join(words)}", key)
        return next(iter(words))

    def reference(self, key: str, noun: str, known: Collection[str]) -> str:
        """Return the id of something the file describes elsewhere."""
        value = self.text(key)
        if value:
            self.check_known(value, noun, known, key)
        return value

    def optional_reference(self, key: str, noun: str, known: Collection[str]) -> str | None:
        """Return such an id, or None where the key is not written."""
        return self.reference(key, noun, known) if key in self else None

    def check_known(
        self, value: str, noun: str, known: Collection[str], key: str, *items: str | int
    ) -> None:
        """Note a mistake when `value` is not among the known ids."""
        if value not in known:
            hint = did_you_mean(value, known) or f"the file describes {some_of(known)}"
            self.mistake(f"there is no {noun} {value!r}; {hint}", key, *items)

    # ---- lists and tables -----------------------------------------------------------------------

    def items(
        self, key: str, kind: type[Value], *, required: bool = False
    ) -> list[tuple[int, Value]]:
        """Return the items of a list with their positions, without those of another type."""
        values = self.value(key, list, required=required) or []
        fitting: list[tuple[int, Value]] = []
        for index, value in enumerate(values):
            if is_a(value, kind):
                fitting.append((index, value))
            else:
                self.mistake(f"must be {_NOUNS[kind]}", key, index)
        return fitting

    def references(
        self, key: str, noun: str, known: Collection[str], *, required: bool = False
    ) -> tuple[str, ...]:
        """Return a list of ids of things the file describes elsewhere, each at most once."""
        found: list[str] = []
        for index, value in self.items(key, str, required=required):
            self.check_known(value, noun, known, key, index)
            if value in found:
                self.mistake(f"{value!r} is named twice", key, index)
            found.append(value)
        return tuple(found)

    def below(self, key: str) -> "Table | None":
        """Return the table under a key, or None where it is not written."""
        value = self.value(key, dict, required=False)
        return None if value is None else self._child(value, self.path_of(key))

    def each(self, key: str, *, required: bool = False) -> Iterator["Table"]:
        """Yield the tables of a list, and look for unknown keys in each after its use."""
        for table in self.children(key, required=required):
            yield table
            table.finish()

    def children(self, key: str, *, required: bool = False) -> list["Table"]:
        """Return the tables of a list; the caller finishes them, or tables laid over them."""
        return [
            self._child(value, (*self.path_of(key), index))
            for index, value in self.items(key, dict, required=required)
        ]

    def entries(self, key: str) -> Iterator[tuple[int, "str | Table"]]:
        """Yield the items of a list whose items are texts or, with more to say, tables."""
        for index, value in enumerate(self.value(key, list, required=False) or []):
            if isinstance(value, str):
                yield index, value
            elif isinstance(value, dict):
                table = self._child(value, (*self.path_of(key), index))
                yield index, table
                table.finish()
            else:
                self.mistake("must be a text or a table", key, index)

    def tables(self) -> Iterator[tuple[str, "Table"]]:
        """Yield the tables of a table whose keys are ids."""
        for key in self.values:
            table = self.below(key)
            if table is not None:
                yield key, table

    def over(self, base: "Table", *alternatives: Collection[str]) -> "Table":
        """Return a table with this one's keys and, where it has none, those of `base`.

        Args:
            base: where keys are borrowed from.
            alternatives: keys that exclude each other; with one of its own this table borrows none.
        """
        own = {*self.values}
        for keys in alternatives:
            own.update(keys if own.intersection(keys) else ())
        borrowed = {key: base.path_of(key) for key in base.values if key not in own}
        values = {**{key: base.values[key] for key in borrowed}, **self.values}
        return Table(self._document, self.mistakes, values, self._path, borrowed)

    def value(self, key: str, kind: type[Value], *, required: bool) -> Value | None:
        """Return a value of a type; None where it is missing or, noted, of another type."""
        if key not in self:
            if required:
                self.mistake(f"is missing; write {_NOUNS[kind]}", key)
            return None
        value = self.values[key]
        if not is_a(value, kind):
            self.mistake(f"must be {_NOUNS[kind]}", key)
            return None
        return value

    def _child(self, values: Mapping[str, object], path: KeyPath) -> "Table":
        return Table(self._document, self.mistakes, values, path)


def is_a(value: object, kind: type[Value]) -> TypeGuard[Value]:
    """Return whether a TOML value is of a type; true is no number, an instant is no date."""
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, datetime):
        return kind is datetime
    return isinstance(value, (int, float) if kind is float else kind)
