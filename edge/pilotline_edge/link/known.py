"""Known: up to which source time each tag is known by what arrived of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pilotline_edge.journal.source_times import SourceTimes
from pilotline_edge.link.plausible import AHEAD_NS
from pilotline_edge.subscription.key import interval_of

POLLED = 0
"""Group of the tags that are polled: no publish time says anything about them."""

_LEAST_SLACK_NS = 100_000_000
_LAG_RESERVE = 2

BY_TAG = {"last", "polled"}
"""What of the state the journal keeps by tag: see `Known.take_source_times`."""

GONE = -1
"""Group of the tags that a plant file dropped while no agent ran, until they are forgotten."""


@dataclass(slots=True)
class Known:
    """What the messages and polls of one machine say of its tags, in source time.

    Characteristics
        bounded: a few numbers per tag

    Attributes:
        groups: what each tag is read with: the key of its subscription, see
            `pilotline_edge.subscription.key`.
        sampling_ms: slowest sampling interval per publishing interval.
        last: source time of each tag's last value, or since when it is promised, ns UTC.
    """

    groups: Mapping[str, int]
    sampling_ms: Mapping[int, int]
    last: dict[str, int] = field(default_factory=dict)
    _published: dict[int, int] = field(default_factory=dict)
    _lag_ns: int = 0
    _stand_ins: set[str] = field(default_factory=set)
    _joined: dict[str, int] = field(default_factory=dict)
    _pending: set[int] = field(default_factory=set)
    _read: tuple[Mapping[str, int], frozenset[int]] | None = None
    _polled: dict[str, int] = field(default_factory=dict)
    _unkept: set[str] = field(default_factory=set)
    _changes_kept: int | None = None

    def begin(self, now_ns: int) -> bool:
        """Promise coverage from now on for tags never promised before.

        Returns:
            Whether the machine was never read before.
        """
        fresh = not self.last
        for tag in self.groups:
            if tag not in self.last:
                self.heard([(tag, now_ns)])
        return fresh

    def until_ns(self, tag: str) -> int:
        """Return the source time up to which a tag is known."""
        published = self._published.get(self.groups[tag])
        if published is not None and published <= self._joined.get(tag, 0):
            published = None
        sure = self._polled.get(tag)
        if published is not None:
            sure = max(sure or 0, published - self._slack_ns(self.groups[tag]))
        last = self.last[tag]
        if sure is None:
            return last
        # A value from a far future says nothing about the time until then.
        return sure if last > sure + AHEAD_NS else max(last, sure)

    def _slack_ns(self, group: int) -> int:
        sampling_ns = self.sampling_ms.get(interval_of(group), 0) * 1_000_000
        return _LEAST_SLACK_NS + sampling_ns + _LAG_RESERVE * self._lag_ns

    def assign(self, tags: Iterable[str], group: int) -> None:
        """Have tags read with another group; what is known of them stays known.

        What that group published before says nothing of them.
        """
        changed = [tag for tag in tags if self.groups[tag] != group]
        for tag in changed:
            self.heard([(tag, self.until_ns(tag))])
            self._joined[tag] = self._published.get(group, 0)
        if changed:
            change = (
                self._stand_ins.update if group == POLLED else self._stand_ins.difference_update
            )
            change(changed)
            self.groups = {**self.groups, **dict.fromkeys(changed, group)}
            read = set(self.groups.values())
            self._published = {of: at for of, at in self._published.items() if of in read}
            self._pending = (self._pending | {group}) & read - {POLLED}

    def published(
        self, group: int, published_ns: int | None, complete: bool, oldest_ns: int | None
    ) -> None:
        """Take what a message says of every tag of its subscription.

        Args:
            group: key of the subscription.
            published_ns: the message's publish time, or None when the server gave none.
            complete: whether it ends its publishing cycle and was not replayed.
            oldest_ns: source time of the oldest value in it that was not sent for being the first.
        """
        before = self._published.get(group)
        if before is not None and published_ns is not None and before > published_ns + AHEAD_NS:
            before = None  # the clock was set back by years; values are not late for that
        if before is not None and oldest_ns is not None:
            self._lag_ns = max(self._lag_ns, before - oldest_ns)
        if complete and published_ns is not None:
            self._published[group] = published_ns
            self._pending.discard(group)

    def polled(self, tag: str, source_ns: int, at_ns: int) -> None:
        """Take a value that was polled at `at_ns`."""
        self.heard([(tag, source_ns)])
        self._polled[tag] = at_ns

    def regain(self, state: Mapping[str, Any]) -> list[str]:
        """Take back from `to_json` the tags that the machine has no more, and return them.

        How they were sampled is not kept, so they are known up to their last value and no further.
        """
        gone = [tag for tag in state["last"] if tag not in self.groups]
        polled = state.get("polled", {})
        self.groups = {**self.groups, **dict.fromkeys(gone, GONE)}
        self.last |= {tag: state["last"][tag] for tag in gone}
        self._polled |= {tag: polled[tag] for tag in gone if tag in polled}
        return gone

    def forget(self, tags: Collection[str]) -> None:
        """Promise coverage of these tags no more."""
        for tag in tags:
            del self.last[tag]
            for each in (self._polled, self._joined):
                each.pop(tag, None)
            self._stand_ins.discard(tag)
        self._changes_kept = None
        self.groups = {tag: of for tag, of in self.groups.items() if tag not in tags}

    def heard(self, values: Iterable[tuple[str, int]]) -> None:
        """Take source times of the newest values of tags, in their order."""
        newest = dict(values)
        self.last.update(newest)
        self._unkept.update(newest)

    def take_source_times(self, numbers: Mapping[str, int]) -> SourceTimes:
        """Return what `last` and polls have become since this was called, to be kept.

        All of them where that is no more than the changes since all were last kept, so that what
        is kept never grows beyond twice as much.

        Args:
            numbers: the journal's number of each tag's series.
        """
        changed, kept = self._unkept, self._changes_kept
        self._unkept = set()
        whole = kept is None or kept + len(changed) > len(self.last)
        self._changes_kept = 0 if kept is None or whole else kept + len(changed)
        tags = self.last if whole else changed
        values = {numbers[tag]: self.last[tag] for tag in tags}
        polled = tags & self._polled.keys() if self._polled else ()
        return SourceTimes(values, {numbers[tag]: self._polled[tag] for tag in polled}, whole)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values; its size hangs on polled tags alone but for `BY_TAG`."""
        return {
            "last": self.last,
            "published": {str(interval): at for interval, at in self._published_all().items()},
            "lag": self._lag_ns,
            "moved": dict.fromkeys(sorted(self._stand_ins), POLLED),
            "polled": self._polled,
        }

    def _published_all(self) -> dict[int, int]:
        """Return the publish time that holds for every tag of an interval, by interval in ms.

        Which subscription of its interval a tag has is not kept, thousands of tags with each
        message. So it is that of the one which published least recently, and none while one has
        published nothing since a tag came to it.
        """
        if self._read is None or self._read[0] is not self.groups:
            self._read = self.groups, frozenset(self.groups.values()) - {POLLED}
        silent = {
            interval_of(each) for each in self._pending | self._read[1] - self._published.keys()
        }
        kept: dict[int, int] = {}
        for group, at in self._published.items():
            interval_ms = interval_of(group)
            if interval_ms not in silent:
                kept[interval_ms] = min(at, kept.get(interval_ms, at))
        return kept

    @classmethod
    def from_json(
        cls, groups: Mapping[str, int], sampling_ms: Mapping[int, int], state: Mapping[str, Any]
    ) -> Self:
        """Return what `to_json` wrote, for the tags the machine has now."""
        moved = {tag: of for tag, of in state.get("moved", {}).items() if tag in groups}
        polled = state.get("polled", {})
        known = cls(
            {**groups, **moved},
            sampling_ms,
            {tag: at for tag, at in state["last"].items() if tag in groups},
            {int(interval): at for interval, at in state["published"].items()},
            state["lag"],
        )
        known._stand_ins = {tag for tag, of in moved.items() if of == POLLED}
        known._polled = {tag: at for tag, at in polled.items() if tag in groups}
        return known
