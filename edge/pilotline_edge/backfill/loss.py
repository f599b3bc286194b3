"""Loss: what an outage took, held back from the ledger while history may still give it."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pilotline_edge.cause import Cause
from pilotline_edge.link.opening import Span
from pilotline_historian import Gap

HELD_S = 900.0
"""How long a loss may wait for history before it is declared as it is, seconds."""

_CLOCK_SLACK_S = 1.0

MOST_SPANS = 20_000
"""Most spans held of one machine; losses beyond are declared at once."""

Left = tuple[str, int, int]
"""Tag, begin and end (ns UTC, source time) of what history does not have."""


@dataclass(slots=True)
class Loss:
    """One declared interval, before it is declared.

    Attributes:
        gap: the gap it is when history gives nothing.
        since_ns: when it was found, ns UTC.
        spans: what is still to be asked, by tag.
        left: what history was found not to have.
        values: values that history gave.
        tags: number of tags that it took something of.
        judged: whether it is known which of its tags have a history.
    """

    gap: Gap
    since_ns: int
    spans: dict[str, Span]
    left: list[Left] = field(default_factory=list)
    values: int = 0
    tags: int = 0
    judged: bool = False

    def __post_init__(self) -> None:
        """Count the tags before the first of them is healed."""
        self.tags = self.tags or len(self.spans)

    def give_up(self, tag: str) -> None:
        """Ask no more for a tag: what is still open of it is left."""
        if span := self.spans.pop(tag, None):
            self.left.append((tag, span[1], span[2]))

    def gaps(self) -> list[Gap]:
        """Return what is to be declared of it now, whatever was still to be asked."""
        if not self.values and not self.left:
            return [self.gap] if self.spans else []
        left = [*self.left, *((tag, start, end) for tag, (_, start, end) in self.spans.items())]
        left = [each for each in left if each[2] > each[1]]
        if not left:
            return []
        if self.gap.tag is None and (whole := self._whole(left)):
            return [whole]
        return [replace(self.gap, tag=tag, start_ns=start, end_ns=end) for tag, start, end in left]

    def _whole(self, left: list[Left]) -> Gap | None:
        """Return one gap of the machine where that says hardly more than one for each tag."""
        if len({tag for tag, _, _ in left}) < self.tags:
            return None
        start, end = min(each[1] for each in left), max(each[2] for each in left)
        longest = max(each[2] - each[1] for each in left)
        if len(left) < 2 or end - start > 2 * longest:
            return None
        return replace(self.gap, start_ns=start, end_ns=end)


class Losses:
    """One machine's losses that wait for history.

    A gap once declared cannot be taken back, so it is held here first: in the journal, with the
    coverage, in the transaction that keeps what settled it. It leaves healed, declared, or declared
    in part; in no case forgotten.

    Characteristics
        bounded: `MOST_SPANS` spans, `HELD_S` seconds each
        policy when full: a further loss is declared at once
        persisted: by the journal with the coverage, through a crash and a power cut

    Attributes:
        barren: tags known to have no history on the present connection.
        arrived: set when there is a further loss.
    """

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.barren: set[str] = set()
        self._held: list[Loss] = []

    def __iter__(self) -> Iterator[Loss]:
        return iter(list(self._held))

    def __len__(self) -> int:
        return len(self._held)

    def oldest_ns(self) -> int | None:
        """Return the source time from which on something waits, or None."""
        starts = [span[1] for loss in self._held for span in loss.spans.values()]
        starts += [start for loss in self._held for _, start, _ in loss.left]
        return min(starts, default=None)

    def hold(self, gap: Gap, spans: Mapping[str, Span]) -> bool:
        """Hold a gap back; False when it is to be declared at once.

        Before its first value nothing is known of a tag that a history could be joined to.
        """
        held = sum(len(loss.spans) for loss in self._held)
        if gap.cause == Cause.AGENT_STARTED:
            return False
        if not spans or spans.keys() <= self.barren or held + len(spans) > MOST_SPANS:
            return False
        self._held.append(Loss(gap, time.time_ns(), dict(spans)))
        self.arrived.set()
        return True

    def end(self, loss: Loss) -> list[Gap]:
        """Hold a loss no longer and return what is to be declared of it."""
        self._held.remove(loss)
        return loss.gaps()

    def expired(self) -> list[Loss]:
        """Return the losses that waited too long; a clock that stepped back makes none wait."""
        now_ns = time.time_ns()
        return [
            loss for loss in self._held if not 0 <= (now_ns - loss.since_ns) / 1e9 + 1 <= HELD_S + 1
        ]

    def retire(self, tags: Iterable[str]) -> list[Gap]:
        """Forget tags that are no longer read and return what they leave."""
        leaving, gaps = set(tags), list[Gap]()
        for loss in self:
            if not leaving.isdisjoint(loss.spans.keys() | {tag for tag, _, _ in loss.left}):
                gaps += self.end(loss)
        return gaps

    def to_json(self) -> list[dict[str, Any]]:
        """Return the state as JSON values."""
        return [
            {
                "tag": loss.gap.tag,
                "start": loss.gap.start_ns,
                "end": loss.gap.end_ns,
                "cause": loss.gap.cause,
                "since": loss.since_ns,
                "spans": loss.spans,
                "left": loss.left,
                "values": loss.values,
                "tags": loss.tags,
            }
            for loss in self._held
        ]

    def take_over(self, site: str, machine: str, state: Iterable[Mapping[str, Any]]) -> None:
        """Hold what `to_json` wrote."""
        for each in state:
            gap = Gap(site, machine, each["tag"], each["start"], each["end"], each["cause"])
            spans = {tag: (known, *rest) for tag, (known, *rest) in each["spans"].items()}
            left = [(tag, start, end) for tag, start, end in each["left"]]
            self._held.append(Loss(gap, each["since"], spans, left, each["values"], each["tags"]))
