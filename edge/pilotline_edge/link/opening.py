"""Opening: a loss whose end is not known yet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

Span = tuple[int, int, int]
"""Source times in ns UTC of the last value known of a tag, and of begin and end of what is not."""


@dataclass(slots=True)
class Opening:
    """A loss that touches several tags at once, until each sent its first value again.

    Attributes:
        cause: why it is one.
        scope: every tag it touches.
        awaited: since when nothing is known of each tag that has not come back, ns UTC.
        start_ns: earliest begin of what tags that came back lost, ns UTC; None where none did.
        end_ns: latest end of it.
        spans: what each tag that came back lost, where it lost something.
    """

    cause: str
    scope: set[str]
    awaited: dict[str, int]
    start_ns: int | None = None
    end_ns: int | None = None
    spans: dict[str, Span] = field(default_factory=dict)

    def widen(self, starts: Mapping[str, int]) -> None:
        """Have the loss touch further tags, each since a time of its own."""
        self.scope |= starts.keys()
        self.awaited |= starts

    def returned(self, tag: str, lost: Span) -> None:
        """Note a tag's first value: what it lost ends there, if that is anything."""
        del self.awaited[tag]
        known_ns, start_ns, end_ns = lost
        if end_ns <= start_ns:
            return
        self.start_ns = min(self.start_ns or start_ns, start_ns)
        self.end_ns = max(self.end_ns or end_ns, end_ns)
        # Lost a second time before the others came back, it keeps its earlier beginning.
        known_ns, start_ns, _ = self.spans.get(tag, lost)
        self.spans[tag] = (known_ns, start_ns, end_ns)

    def leave(self, tag: str, until_ns: int) -> tuple[int, int] | None:
        """Take a tag out that is read no more, and return begin and end of what that declares."""
        if tag not in self.scope:
            return None
        self.scope.remove(tag)
        if start_ns := self.awaited.pop(tag, None):
            return start_ns, until_ns
        if self.start_ns is None or self.end_ns is None:
            return None
        return self.start_ns, self.end_ns

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "cause": self.cause,
            "scope": sorted(self.scope),
            "awaited": self.awaited,
            "start": self.start_ns,
            "end": self.end_ns,
            "spans": self.spans,
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any], tags: Collection[str]) -> Self:
        """Return what `to_json` wrote, as far as it touches tags that the machine has now."""
        return cls(
            state["cause"],
            {tag for tag in state["scope"] if tag in tags},
            {tag: at for tag, at in state["awaited"].items() if tag in tags},
            state["start"],
            state["end"],
            {
                tag: (known, start, end)
                for tag, (known, start, end) in state.get("spans", {}).items()
                if tag in tags
            },
        )
