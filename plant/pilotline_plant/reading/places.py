"""Where in a TOML file each key stands, found in its syntax tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from tomllib import loads

import tree_sitter_toml
from tree_sitter import Language, Node, Parser, Tree

KeyPath = tuple[str | int, ...]
"""Keys and array indices from the root, such as ``("machines", 0, "id")``."""

_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_SHOWN = 60
"""Characters of a value that a message repeats."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line and what is written there.

    Attributes:
        line: from 1.
        text: the value as written, shortened; empty for a table with a header of its own.
    """

    line: int
    text: str


class Places:
    """Place of every key, array item and table of one TOML file."""

    def __init__(self, source: bytes) -> None:
        self._places: dict[KeyPath, Place] = {(): Place(1, "")}
        self._counts: dict[KeyPath, int] = {}
        language = Language(tree_sitter_toml.language())
        tree: Tree = Parser(language).parse(source)
        header: KeyPath = ()
        for node in tree.root_node.named_children:
            if node.type == "pair":
                self._pair(header, node)
            elif node.type in {"table", "table_array_element"}:
                header = self._table(node)
                for pair in node.named_children:
                    if pair.type == "pair":
                        self._pair(header, pair)

    def __getitem__(self, path: KeyPath) -> Place:
        """Return the place of a path, or of the nearest thing around it that is written."""
        while path not in self._places:
            path = path[:-1]
        return self._places[path]

    def _table(self, node: Node) -> KeyPath:
        key = next(child for child in node.named_children if child.type in _KEYS)
        here = Place(_line(node), "")
        path = self._resolve(tuple(_words(key)), here, array=node.type == "table_array_element")
        self._places[path] = here
        return path

    def _resolve(self, words: tuple[str, ...], here: Place, *, array: bool) -> KeyPath:
        """Return the path a header means: below the newest element of each array of tables."""
        path: KeyPath = ()
        for depth, word in enumerate(words, start=1):
            path = (*path, word)
            self._places.setdefault(path, here)
            count = self._counts.get(path, 0)
            if array and depth == len(words):
                self._counts[path] = count + 1
                path = (*path, count)
            elif count:
                path = (*path, count - 1)
        return path

    def _pair(self, base: KeyPath, node: Node) -> None:
        key, value = [child for child in node.named_children if child.type != "comment"][:2]
        path = base
        for word in _words(key):
            path = (*path, word)
            self._places.setdefault(path, Place(_line(node), ""))
        self._value(path, value, _line(key))

    def _value(self, path: KeyPath, node: Node, line: int) -> None:
        self._places[path] = Place(line, _shown(node))
        if node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for index, item in enumerate(items):
                self._value((*path, index), item, _line(item))
        elif node.type == "inline_table":
            for pair in node.named_children:
                if pair.type == "pair":
                    self._pair(path, pair)


def _words(key: Node) -> Iterator[str]:
    if key.type == "dotted_key":
        for part in key.named_children:
            yield from _words(part)
    elif key.type == "quoted_key":
        # The key is itself a TOML string, so TOML's own rules undo its escapes.
        yield str(loads(f"key = {_text(key)}")["key"])
    else:
        yield _text(key)


def _line(node: Node) -> int:
    return node.start_point.row + 1


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _shown(node: Node) -> str:
    text = " ".join(line.strip() for line in _text(node).splitlines())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
