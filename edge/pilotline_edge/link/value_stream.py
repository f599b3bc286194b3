"""Value stream: the values of one subscription, and what is missing before them."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from pilotline_edge.cause import Cause
from pilotline_edge.link.coverage import Seen
from pilotline_edge.link.intake import Intake
from pilotline_edge.subscription.publication import (
    FIRST_SEQUENCE,
    OVERFLOW,
    Publication,
    next_sequence,
)
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_historian import Gap


@dataclass(frozen=True, slots=True)
class ValueStream:
    """A subscription for values with the machine's intake; see `pilotline_edge.link.stream`.

    Attributes:
        subscription: the subscription.
        intake: where the values of all go.
    """

    subscription: MachineSubscription
    intake: Intake

    @property
    def blocked(self) -> Cause | None:
        """Why the journal takes nothing now, or None."""
        return self.intake.blocked

    def made(self) -> None:
        """Note that the subscription was made anew, and nothing of it taken yet."""
        subscription = self.subscription
        self.intake.taken[subscription.key] = (subscription.made_ns, FIRST_SEQUENCE)

    def lost(self, cause: Cause) -> None:
        """Note that its items are about to be created anew; what lies between will be a gap."""
        self.intake.lost([item.tag.id for item in self.subscription.items], cause)

    def missing(self, publication: Publication, cause: Cause) -> list[Gap]:
        """Return the gaps that messages lost for good leave, up to the one that arrived."""
        until_ns = publication.published_ns or time.time_ns()
        firsts: dict[str, int] = {}
        for handle, _, _, source_ns, server_ns in publication.changes:
            item = self.subscription.item(handle)
            if item is not None:
                firsts.setdefault(item.tag.id, source_ns or server_ns or until_ns)
        key = self.subscription.key
        return self.intake.coverage.messages_missing(key, until_ns, cause, firsts)

    def store(
        self, publication: Publication, gaps: Sequence[Gap], *, replayed: bool
    ) -> asyncio.Future[None] | None:
        """Advance coverage and journal what there is; None when there is nothing.

        Args:
            publication: the message.
            gaps: gaps found before it.
            replayed: whether the server sent it again, so that it says nothing about the present.
        """
        subscription, intake = self.subscription, self.intake
        for item in subscription.items if gaps else ():
            item.keep_next()
        samples, seen = intake.columns.of(subscription, publication)
        if not publication.keep_alive:
            after = next_sequence(publication.sequence)
            intake.taken[subscription.key] = (subscription.made_ns, after)
        found = [*gaps, *self._full_queues(seen)]
        found += intake.coverage.received(
            subscription.key,
            publication.published_ns if replayed else subscription.told_until_ns(publication),
            not publication.more and not replayed,
            seen,
        )
        return intake.keep(samples, found, publication.published_ns)

    def _full_queues(self, seen: Sequence[Seen]) -> list[Gap]:
        """Return gaps before values that filled their queue at the server.

        asyncua's server never sets the Overflow bit, so a full queue counts as an overflown one.
        """
        counts = Counter(map(itemgetter(0), seen))
        most = max(counts.values(), default=0)
        if most < 2 or most < self.subscription.least_queue:
            return []
        gaps: list[Gap] = []
        for item in self.subscription.items:
            if item.queue < 2 or counts[item.tag.id] < item.queue:
                continue
            _, source_ns, status = next(each for each in seen if each[0] == item.tag.id)
            if status & OVERFLOW != OVERFLOW:
                gaps += self.intake.coverage.overflowed(item.tag.id, source_ns)
                item.keep_next()
        return gaps
