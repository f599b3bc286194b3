"""Newest: the newest value of each tag and which of them are still to be told."""

import math
import time
from collections.abc import Iterable

from pilotline_historian import Value

Key = tuple[str, str]
"""Machine id and tag id."""

Newest = tuple[int, Value | None, int]
"""Source time in ns UTC, value and status code."""

MAX_TEXT = 256
"""Longest text shown live, in characters; the historian has it whole."""

MAX_AGENT = 64
"""Longest name of an agent that those who listen take, in characters."""


_AHEAD_NS = 60_000_000_000


class NewestValues:
    """Keeps one value per tag; used by the event loop only.

    Characteristics
        buffered: one value per tag
        policy: a newer value replaces an older one; what is older than the newest is dropped,
            unless that one lies ahead of our clock: one absurd time would stand for ever
        bounded: by the number of tags
    """

    def __init__(self) -> None:
        self._newest: dict[Key, Newest] = {}
        self._changed: dict[Key, None] = {}

    def __bool__(self) -> bool:
        """Whether something is still to be told."""
        return bool(self._changed)

    def put(self, key: Key, source_ns: int, value: Value | None, status: int) -> None:
        """Note a value; an older one than the newest is ignored."""
        newest = self._newest.get(key)
        if newest is None or source_ns >= newest[0] or newest[0] > time.time_ns() + _AHEAD_NS:
            self._newest[key] = (source_ns, value, status)
            self._changed[key] = None

    def take(self, most: int) -> list[tuple[Key, Newest]]:
        """Return at most `most` changes and count them as told; those that wait longest first."""
        keys = [key for key, _ in zip(self._changed, range(most), strict=False)]
        for key in keys:
            del self._changed[key]
        return [(key, self._newest[key]) for key in keys]

    def all_again(self) -> None:
        """Count nothing as told: whoever listens next knows nothing of what came before."""
        self._changed = dict.fromkeys(self._newest)

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop tags that are no longer read."""
        for key in keys:
            self._newest.pop(key, None)
            self._changed.pop(key, None)


def short(text: str, most: int = MAX_TEXT) -> str:
    """Return a text as it may be told live: not long, and without what UTF-8 cannot hold."""
    return text[:most].encode("utf-8", "replace").decode()


def shown(value: Value | None) -> Value | None:
    """Return a value as JSON may carry it: short text, and words for floats JSON cannot write."""
    if isinstance(value, str):
        return short(value)
    if not isinstance(value, float) or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
