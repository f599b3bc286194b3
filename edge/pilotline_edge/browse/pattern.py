"""Patterns: browse paths with wildcards, followed step by step as a walk goes down."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

from pilotline_edge.errors import PatternError

ANY_DEPTH = "**"
_LONGEST = 4096
_MOST_STEPS = 64
_STEP = re.compile(r"(?:nsu=(?P<uri>[^;\s]+);|(?P<index>[0-9]{1,5}):)?(?P<name>[^/:]+)(?:/|$)")
_WILD = re.compile(r"[*?\[]")

Positions = frozenset[int]
"""Steps of a pattern before which a walk may stand."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step: any number of levels when `name` is None, otherwise one."""

    namespace: int | str | None
    name: re.Pattern[str] | None

    def fits(self, index: int, uri: str, name: str) -> bool:
        return self.namespace in (None, index, uri) and bool(self.name and self.name.match(name))


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A browse path such as ``Furnace/Zones/*/Temperature`` or ``2:Mill/**``.

    A step without a namespace fits a name of any. ``*``, ``?`` and ``[…]`` stand for characters
    of a name, a step ``**`` for any number of levels. Letters are told apart from capitals.

    Characteristics
        work: a step down costs at most one comparison for each of at most 64 steps

    Attributes:
        named: whether the last step is a name without wildcards.
    """

    steps: tuple[_Step, ...]
    named: bool

    @classmethod
    def of(cls, text: str) -> "PathPattern":
        """Read a pattern.

        Raises:
            PatternError: the text is none.
        """
        steps: list[_Step] = []
        written = text.strip("/")
        at = 0
        name = ""
        while at < len(written) and len(written) <= _LONGEST:
            match = _STEP.match(written, at)
            if match is None or len(steps) >= _MOST_STEPS:
                raise PatternError(
                    f"{text[:200]!r} is no path; write such as 'Furnace/Zones/*/Temperature' or "
                    f"'2:Mill/**', with at most {_MOST_STEPS} steps"
                )
            name = match["name"]
            namespace = match["uri"] or (int(match["index"]) if match["index"] else None)
            wild = None if name == ANY_DEPTH else re.compile(translate(name))
            steps.append(_Step(namespace, wild))
            at = match.end()
        if not steps:
            raise PatternError("a path has from 1 to 4096 characters; write such as 'Mill/**'")
        return cls(tuple(steps), not _WILD.search(name))

    def begin(self) -> Positions:
        """Return where a walk stands before its first step."""
        return self._with_skipped({0})

    def down(self, positions: Positions, step: str, namespaces: Sequence[str]) -> Positions:
        """Return where a walk stands after one more browse name; nowhere when it left the pattern.

        Args:
            positions: where it stood.
            step: a browse name such as ``2:Mill``.
            namespaces: the server's namespace URIs by index.
        """
        number, _, name = step.partition(":")
        index = int(number)
        uri = namespaces[index] if index < len(namespaces) else ""
        after: set[int] = set()
        for position in positions:
            if position == len(self.steps):
                continue
            if self.steps[position].name is None:
                after.add(position)
            elif self.steps[position].fits(index, uri, name):
                after.add(position + 1)
        return self._with_skipped(after)

    def fulfilled(self, positions: Positions) -> bool:
        """Return whether a walk that stands here has met the whole pattern."""
        return len(self.steps) in positions

    def _with_skipped(self, positions: set[int]) -> Positions:
        """Add what can be reached by no level at all."""
        found: set[int] = set()
        for position in positions:
            at = position
            found.add(at)
            while at < len(self.steps) and self.steps[at].name is None:
                at += 1
                found.add(at)
        return frozenset(found)
