"""Coverage: up to which source time each tag is known, so that what is missing can be declared.

The claim behind every declared gap: a value with source time ``t`` of a tag that was being
reported is either handed on, or ``start < t <= end`` of a gap of its machine or tag.

Per tag the server's queue is first in, first out, so everything up to the source time of the last
value received is known. A tag that changes seldom is known further: a complete publishing cycle
published at ``P`` held every change before ``P``, less what values were ever seen late. After
items are created anew the server first sends the current value; whatever else it had in between is
lost, so the gap reaches from what was known to that value's source time, and is none when the
value did not change.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from pilotline_edge.cause import Cause
from pilotline_edge.link.known import Known
from pilotline_edge.link.opening import Opening, Span
from pilotline_edge.subscription.publication import OVERFLOW
from pilotline_historian import Gap

Seen = tuple[str, int, int]
"""Tag id, source time in ns UTC and status code of one value received."""


_TIGHTER_FROM_NS = 1_000_000_000
"""By how much a tag's own gap must be shorter to be declared instead of one with the others."""


class Coverage:
    """What is known of one machine's tags, in source time, and what losses left unknown.

    Characteristics
        persisted: by the journal, in the transaction that stores the values it speaks of
        bounded: a few numbers per tag

    Attributes:
        site: site id, for the gaps.
        machine: machine id, for the gaps.
        known: what messages and polls say, and which tags are read together.
        absence: why nothing was read since this was kept, while it is still open whether that
            becomes a loss; None else.
    """

    def __init__(
        self,
        site: str,
        machine: str,
        groups: Mapping[str, int],
        sampling_ms: Mapping[int, int],
    ) -> None:
        self.site = site
        self.machine = machine
        self.known = Known(groups, sampling_ms)
        self.absence: Cause | None = None
        self._opening: Opening | None = None
        self._late: dict[str, tuple[int, str]] = {}
        self._spans: dict[Gap, dict[str, Span]] = {}

    def begin(self, now_ns: int) -> bool:
        """Promise coverage from now on for tags never promised before.

        Returns:
            Whether the machine was never read before.
        """
        return self.known.begin(now_ns)

    def covered_ns(self, tag: str) -> int:
        """Return the source time up to which a tag is known."""
        return self.known.until_ns(tag)

    def oldest_covered_ns(self) -> int:
        """Return the source time up to which every tag of the machine is known."""
        waiting = self._waiting()
        tags = self.known.groups
        return min(
            (waiting[tag] if tag in waiting else self.covered_ns(tag) for tag in tags), default=0
        )

    def watermark(self) -> tuple[int, int] | None:
        """Return up to which source time all tags are known but some, and how many those are.

        Those wait for their first value after a loss. None where all do, or where a loss is not
        settled: its gap is not declared yet.
        """
        if self.unsettled:
            return None
        waiting = self._waiting()
        tags = self.known.groups
        known = [self.covered_ns(tag) for tag in tags if tag not in waiting]
        return (min(known), len(tags) - len(known)) if known else None

    def _waiting(self) -> dict[str, int]:
        waiting = {tag: start for tag, (start, _) in self._late.items()}
        if self._opening is not None:
            waiting |= self._opening.awaited
        return waiting

    def spans_of(self, gap: Gap) -> dict[str, Span]:
        """Return what is really missing of each tag in a gap just declared; asked once.

        A gap of the machine reaches from the first tag's loss to the last tag's return, and some
        tags in it lost nothing.
        """
        return self._spans.pop(gap, {})

    @property
    def unsettled(self) -> bool:
        """Whether a loss is still open: some tags have not sent their first value."""
        return self._opening is not None

    def lost(self, tags: Iterable[str], cause: Cause) -> None:
        """Note that items are about to be created anew; what lies between will be a gap.

        Call it before the items are created. A tag already waiting keeps its earlier start.
        """
        waiting = self._waiting()
        starts = {tag: waiting.get(tag, self.covered_ns(tag)) for tag in tags}
        if not starts:
            return
        for tag in starts:
            self._late.pop(tag, None)
        if self._opening is None:
            self._opening = Opening(cause, set(starts), starts)
        else:
            self._opening.widen(starts)

    def received(
        self, group: int, published_ns: int | None, complete: bool, values: Sequence[Seen]
    ) -> list[Gap]:
        """Advance with the values of one message and return the gaps that this settles.

        Args:
            group: key of the subscription.
            published_ns: the message's publish time, or None when the server gave none.
            complete: whether it ends its publishing cycle and was not replayed.
            values: in the order of the server's queues.
        """
        tags, times, statuses = zip(*values, strict=True) if values else ((), (), ())
        if self._waiting() or any(status & OVERFLOW == OVERFLOW for status in set(statuses)):
            gaps, oldest = self._after_loss(values)
        else:
            self.known.heard(zip(tags, times, strict=True))
            gaps, oldest = [], min(times, default=None)
        self.known.published(group, published_ns, complete, oldest)
        return gaps

    def _after_loss(self, values: Sequence[Seen]) -> tuple[list[Gap], int | None]:
        """Take values some of which are the first after a loss, or after a queue overflowed.

        Returns:
            The gaps before them, and the source time of the oldest that was sent for a change.
        """
        gaps: list[Gap] = []
        waiting, oldest = self._waiting(), None
        for tag, source_ns, status in values:
            if tag in waiting:
                gaps += self._first(tag, source_ns, waiting.pop(tag))
            else:
                if status & OVERFLOW == OVERFLOW:
                    gaps += self.overflowed(tag, source_ns)
                if oldest is None or source_ns < oldest:
                    oldest = source_ns
            self.known.heard([(tag, source_ns)])
        return gaps, oldest

    def polled(self, at_ns: int, values: Iterable[Seen]) -> list[Gap]:
        """Advance with a poll: what tags are at `at_ns`; return the gaps that this settles.

        What a tag was between two polls is not promised, so nothing is missing there. After a
        loss the poll tells since when its value holds: that is where the gap ends, and a value
        that is older than the last poll leaves none.
        """
        gaps: list[Gap] = []
        waiting = self._waiting()
        for tag, source_ns, _ in values:
            if tag in waiting:
                gaps += self._first(tag, source_ns, waiting.pop(tag))
            self.known.polled(tag, source_ns, at_ns)
        return gaps

    def polls_missed(self, tags: Iterable[str], until_ns: int, cause: Cause) -> list[Gap]:
        """Return the gap that missed polls of tags left, up to the one that was made."""
        return self._missing(set(tags) - self._waiting().keys(), until_ns, cause)

    def overflowed(
        self, tag: str, first_kept_ns: int, cause: Cause = Cause.QUEUE_OVERFLOW
    ) -> list[Gap]:
        """Return the gap that a full queue at the server left before the value it kept."""
        return self._gap(tag, self.covered_ns(tag), first_kept_ns, cause)

    def messages_missing(
        self, group: int, until_ns: int, cause: Cause, firsts: Mapping[str, int]
    ) -> list[Gap]:
        """Return the gaps that messages lost on the way left, up to the one that arrived.

        A queue is first in, first out: what is lost of a tag is older than its first value in the
        message that arrived, which after an outage may hold minutes.

        Args:
            group: publishing interval of the subscription.
            until_ns: when the message that arrived was published.
            cause: why they are lost.
            firsts: source time of the first value of each tag in it.
        """
        waiting = self._waiting()
        tags = {tag for tag, of in self.known.groups.items() if of == group and tag not in waiting}
        tight = {tag for tag in tags if until_ns - firsts.get(tag, until_ns) > _TIGHTER_FROM_NS}
        gaps = self._missing(tags - tight, until_ns, cause)
        for tag in sorted(tight):
            gaps += self._gap(tag, self.covered_ns(tag), firsts[tag], cause)
        return gaps

    def _missing(self, tags: set[str], until_ns: int, cause: Cause) -> list[Gap]:
        if not tags:
            return []
        start = min(self.covered_ns(tag) for tag in tags)
        spans = {tag: (self.known.last[tag], start, until_ns) for tag in tags}
        return self._gaps(tags, start, until_ns, cause, spans)

    def extend(
        self,
        groups: Mapping[str, int],
        sampling_ms: Mapping[int, int],
        now_ns: int,
        cause: Cause,
    ) -> None:
        """Promise coverage of further tags from now on; until their first values that is a loss."""
        fresh = groups.keys() - self.known.groups.keys()
        staying = {tag: of for tag, of in self.known.groups.items() if tag in groups}
        self.known.groups, self.known.sampling_ms = {**groups, **staying}, sampling_ms
        self.known.begin(now_ns)
        self.lost(fresh, cause)

    def regain(self, state: Mapping[str, Any]) -> list[str]:
        """Take back from `to_json` the tags that the machine has no more, and return them.

        They are there to be retired: what was not known of them must be declared all the same.
        """
        gone = set(self.known.regain(state))
        self._late |= {tag: (at, of) for tag, (at, of) in state["late"].items() if tag in gone}
        if opening := state["opening"]:
            self._opening = Opening.from_json(opening, self.known.groups)
        return sorted(gone)

    def retire(self, tags: Iterable[str], until_ns: int, cause: Cause) -> list[Gap]:
        """Stop to promise coverage of tags and return the gaps from what is known until then.

        A tag that waits for its first value after a loss ends with that loss as the cause.
        """
        leaving = set(tags)
        waiting = self._waiting()
        gaps = [gap for tag in sorted(leaving) for gap in self._left_open(tag, until_ns)]
        if known := leaving - waiting.keys():
            start = min(self.covered_ns(tag) for tag in known)
            # One gap for the machine covers those that waited too, whose own gaps reach further.
            scope = leaving if leaving >= self.known.groups.keys() else known
            gaps += self._gaps(scope, start, until_ns, cause)
        self.known.forget(leaving)
        if self._opening is not None and not self._opening.awaited:
            gaps += self._close()
        for gap in gaps:
            self._spans.pop(gap, None)
        return gaps

    def _left_open(self, tag: str, until_ns: int) -> list[Gap]:
        """Return what losses leave of a tag that will not be heard again, and forget it in them."""
        if late := self._late.pop(tag, None):
            return self._gap(tag, late[0], until_ns, late[1])
        opening = self._opening
        if opening is None or (lost := opening.leave(tag, until_ns)) is None:
            return []
        return self._gap(tag, *lost, opening.cause)

    def settle(self) -> list[Gap]:
        """Stop waiting for silent tags together; each declares its own gap once it speaks."""
        opening = self._opening
        if opening is None:
            return []
        for tag, start in opening.awaited.items():
            # Historians know a gap by tag, start and cause: a later one from the same start would
            # take the place of the one declared now, which may reach further.
            self._late[tag] = (start - 1, opening.cause)
        opening.awaited = {}
        return self._close()

    def _first(self, tag: str, source_ns: int, start_ns: int) -> list[Gap]:
        late = self._late.pop(tag, None)
        if late is not None:
            return self._gap(tag, start_ns, source_ns, late[1])
        opening = self._opening
        if opening is None:
            return []
        opening.returned(tag, (self.known.last[tag], start_ns, source_ns))
        return [] if opening.awaited else self._close()

    def _close(self) -> list[Gap]:
        opening, self._opening = self._opening, None
        if opening is None or opening.start_ns is None or opening.end_ns is None:
            return []
        if not opening.scope:
            return []
        return self._gaps(
            opening.scope, opening.start_ns, opening.end_ns, opening.cause, opening.spans
        )

    def _gaps(
        self,
        tags: set[str],
        start_ns: int,
        end_ns: int,
        cause: str,
        spans: Mapping[str, Span] | None = None,
    ) -> list[Gap]:
        if tags >= self.known.groups.keys():
            return self._gap(None, start_ns, end_ns, cause, spans)
        gaps: list[Gap] = []
        for tag in sorted(tags):
            own = None if spans is None else {tag: spans[tag]} if tag in spans else {}
            gaps += self._gap(tag, start_ns, end_ns, cause, own)
        return gaps

    def _gap(
        self,
        tag: str | None,
        start_ns: int,
        end_ns: int,
        cause: str,
        spans: Mapping[str, Span] | None = None,
    ) -> list[Gap]:
        if end_ns <= start_ns:
            return []
        gap = Gap(self.site, self.machine, tag, start_ns, end_ns, cause)
        if spans is None and tag is not None:
            spans = {tag: (self.known.last.get(tag, start_ns), start_ns, end_ns)}
        if spans:
            self._spans[gap] = dict(spans)
        return [gap]

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            **self.known.to_json(),
            "late": self._late,
            "opening": None if self._opening is None else self._opening.to_json(),
        }

    @classmethod
    def from_json(
        cls,
        site: str,
        machine: str,
        groups: Mapping[str, int],
        sampling_ms: Mapping[int, int],
        state: Mapping[str, Any],
    ) -> Self:
        """Return the coverage that `to_json` wrote, for the tags the machine has now."""
        coverage = cls(site, machine, groups, sampling_ms)
        coverage.known = Known.from_json(groups, sampling_ms, state)
        coverage._late = {
            tag: (start, cause) for tag, (start, cause) in state["late"].items() if tag in groups
        }
        if opening := state["opening"]:
            coverage._opening = Opening.from_json(opening, groups)
        return coverage
