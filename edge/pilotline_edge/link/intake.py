"""Intake: what a machine sent, with the coverage it leads to, into the journal."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog

from pilotline_edge.backfill.evidence import Recorded
from pilotline_edge.backfill.loss import Losses
from pilotline_edge.cause import Cause
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.link.coverage import POLLED, Coverage, Seen
from pilotline_edge.link.state import MachineState
from pilotline_edge.live.feed import LiveOutlet
from pilotline_edge.polling import Poll, PollingGroup
from pilotline_edge.subscription.publication import (
    FIRST_SEQUENCE,
    OVERFLOW,
    ChangeColumns,
    Changes,
    Publication,
    Unsupported,
    next_sequence,
)
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_historian import COVERED, GOOD, Gap, Series
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")


_VOUCH_S = 10.0


def series_of(machine: Machine) -> list[Series]:
    """Return the series that are written of a machine: its tags, and how far it is vouched for."""
    tags = (*(tag.id for tag in machine.tags), COVERED)
    return [Series(machine.site, machine.id, tag) for tag in tags]


def groups_of(machine: Machine) -> tuple[dict[str, int], dict[int, int]]:
    """Return each tag's group, and the slowest sampling of each publishing interval; in ms."""
    sampling: dict[int, int] = {}
    for tag in machine.tags:
        slowest = max(sampling.get(tag.publishing_ms, 0), tag.sampling_ms)
        sampling[tag.publishing_ms] = slowest
    groups = {
        tag.id: POLLED if tag.reading == "poll" else tag.publishing_ms for tag in machine.tags
    }
    return groups, sampling


class Intake:
    """Turns one machine's messages into journal entries.

    Characteristics
        buffered: no; an entry is the journal's once it is given
        together: values, the gaps they settle and the coverage after them are one transaction
        heartbeat: `COVERED` each ten seconds, in the record after all that it vouches for

    Attributes:
        coverage: what is known of the machine.
        taken: per publishing interval which subscription is read (`MachineSubscription.made_ns`)
            and the sequence number after the last message taken; kept with the coverage, so that
            nobody goes on with a subscription whose loss before it was never noted.
        losses: what the server's history may still give, kept with the coverage.
        kept_at: loop time at which coverage was last given to the journal.
    """

    def __init__(
        self,
        machine: Machine,
        coverage: Coverage,
        journal: Journal,
        state: MachineState,
        live: LiveOutlet | None,
    ) -> None:
        self.coverage = coverage
        self.taken: dict[int, tuple[int, int]] = {}
        self.losses = Losses()
        self.kept_at = 0.0
        self._machine = machine
        self._journal = journal
        self._state = state
        self._live = live
        self._numbers = {each.tag: journal.numbers[each] for each in series_of(machine)}
        self._vouch_at: float | None = None
        self._vouched_ns = 0

    @property
    def blocked(self) -> Cause | None:
        """Why the journal takes nothing now, or None."""
        return self._journal.size.blocked_for(self._machine.priority)

    @property
    def due(self) -> bool:
        """Whether it is time to tell how far the machine is known."""
        return self._vouch_at is not None and asyncio.get_running_loop().time() >= self._vouch_at

    def recall(self) -> None:
        """Remember which messages an agent before took, and what it waited for."""
        kept = self._journal.coverage.get(self._machine.id, {})
        taken = kept.get("taken", {})
        self.taken = {int(interval): (of, after) for interval, (of, after) in taken.items()}
        self.losses.take_over(self._machine.site, self._machine.id, kept.get("losses", ()))

    def began(self, subscription: MachineSubscription) -> None:
        """Note that a subscription was made anew, and nothing of it taken yet."""
        self.taken[subscription.interval_ms] = (subscription.made_ns, FIRST_SEQUENCE)

    def note(self) -> asyncio.Future[None]:
        """Keep the coverage as it is."""
        return self._keep(Samples(), [], time.time_ns())

    def settle(self) -> asyncio.Future[None]:
        """Declare what tags have not come back to together after a loss."""
        return self._keep(Samples(), self._unheld(self.coverage.settle()), time.time_ns())

    def declare(self, gaps: Sequence[Gap]) -> asyncio.Future[None]:
        """Declare gaps that waited for history."""
        return self._keep(Samples(), gaps, time.time_ns())

    def backfilled(
        self, recorded: Sequence[tuple[str, Recorded]], gaps: Sequence[Gap]
    ) -> asyncio.Future[None]:
        """Journal values of the server's history, with what is left of the loss they were for.

        Args:
            recorded: tag id and value.
            gaps: what history was found not to have, once the loss is over.
        """
        samples = Samples()
        for tag, each in recorded:
            samples.series.append(self._numbers[tag])
            samples.source_ns.append(each.source_ns)
            samples.server_ns.append(each.server_ns)
            samples.statuses.append(each.status)
            samples.values.append(each.value)
        return self._keep(samples, gaps, time.time_ns())

    def _unheld(self, gaps: Sequence[Gap]) -> list[Gap]:
        """Hold back what history may give and return what is to be declared at once."""
        return [gap for gap in gaps if not self.losses.hold(gap, self.coverage.spans_of(gap))]

    def retire(self, tags: Sequence[str], cause: Cause) -> None:
        """Declare that tags are no longer read, and keep the coverage without them."""
        now_ns = time.time_ns()
        gaps = [*self.losses.retire(tags), *self.coverage.retire(tags, now_ns, cause)]
        self._keep(Samples(), gaps, now_ns)
        self._journal.coverage[self._machine.id] = self._state_json()
        if self._live is not None:
            self._live.forget(self._machine.id, tags)

    def adapt(self, machine: Machine) -> None:
        """Take other tags of the machine from now on; the journal knows them already."""
        left = {tag.id for tag in machine.tags}
        if gone := [tag for tag in self.coverage.groups if tag not in left]:
            self.retire(gone, Cause.PLANT_CHANGED)
        self._machine = machine
        self._numbers = {each.tag: self._journal.numbers[each] for each in series_of(machine)}
        self.coverage.extend(*groups_of(machine), time.time_ns(), Cause.PLANT_CHANGED)
        self.note()
        self._journal.coverage[machine.id] = self._state_json()

    def missing(self, subscription: MachineSubscription, until_ns: int, cause: Cause) -> list[Gap]:
        """Return the gaps that messages lost for good leave."""
        return self.coverage.messages_missing(subscription.interval_ms, until_ns, cause)

    def store(
        self,
        subscription: MachineSubscription,
        publication: Publication,
        gaps: Sequence[Gap],
        *,
        replayed: bool,
    ) -> asyncio.Future[None] | None:
        """Advance coverage and journal what there is; None when there is nothing.

        Args:
            subscription: whose message it is.
            publication: the message.
            gaps: gaps found before it.
            replayed: whether the server sent it again, so that it says nothing about the present.
        """
        for item in subscription.items if gaps else ():
            item.keep_next()
        samples, seen = self._columns(subscription, publication)
        if not publication.keep_alive:
            after = next_sequence(publication.sequence)
            self.taken[subscription.interval_ms] = (subscription.made_ns, after)
        found = [*gaps, *self._full_queues(subscription, seen)]
        found += self.coverage.received(
            subscription.interval_ms,
            publication.published_ns,
            not publication.more and not replayed,
            seen,
        )
        return self._keep_new(samples, found, publication.published_ns)

    def poll(self, group: PollingGroup, poll: Poll, cause: Cause) -> asyncio.Future[None] | None:
        """Advance coverage by a poll and journal what is new; None when there is nothing.

        Args:
            group: whose tags were polled.
            poll: what was read.
            cause: why polls before it were missed, if they were.
        """
        coverage, gaps = self.coverage, list[Gap]()
        if poll.gone:
            coverage.lost(poll.gone, cause)
        if poll.after_missed:
            gaps += coverage.polls_missed([tag for tag, *_ in poll.seen], poll.at_ns, cause)
        if not poll.withheld:
            gaps += coverage.polled(poll.at_ns, poll.seen)
        changes = Publication(0, 0, poll.at_ns, more=False, changes=poll.changes)
        samples, _ = self._columns(group, changes)
        return self._keep_new(samples, gaps, poll.at_ns)

    def _keep_new(
        self, samples: Samples, gaps: Sequence[Gap], published_ns: int | None
    ) -> asyncio.Future[None] | None:
        if not samples and not gaps:
            return None
        declared = self._unheld(gaps)
        now_ns = time.time_ns()
        self._state.messages += 1
        self._state.values += len(samples)
        if samples:
            self._state.lag_s = (now_ns - max(samples.source_ns)) / 1e9
        return self._keep(samples, declared, published_ns or now_ns)

    def _columns(
        self, subscription: MachineSubscription | PollingGroup, publication: Publication
    ) -> tuple[Samples, list[Seen]]:
        """Return the values as columns and as coverage sees them.

        A value without a source time is identified by its server time, or else its publish time.
        """
        if isinstance(publication.changes, Changes):
            whole = self._whole_columns(subscription, publication.changes.columns)
            if whole is not None:
                return whole
        samples = Samples()
        seen: list[Seen] = []
        instead_ns = publication.published_ns or time.time_ns()
        for handle, value, status, source, server in publication.changes:
            item = subscription.item(handle)
            if item is None:
                continue
            held = value
            if isinstance(value, Unsupported) or not item.whole:
                held = item.select(value, subscription.types)
            tag, source_ns = item.tag.id, source or server or instead_ns
            seen.append((tag, source_ns, status))
            if item.deadband is not None and not item.deadband.keeps(held, status):
                self._state.suppressed += 1
                continue
            samples.series.append(self._numbers[tag])
            samples.source_ns.append(source_ns)
            samples.server_ns.append(server)
            samples.statuses.append(status)
            samples.values.append(held)
            if self._live is not None:
                shown = None if isinstance(held, Unsupported) else held
                self._live.put(self._machine.id, tag, source_ns, shown, status)
        return samples, seen

    def _whole_columns(
        self, subscription: MachineSubscription | PollingGroup, columns: ChangeColumns
    ) -> tuple[Samples, list[Seen]] | None:
        """Return what `_columns` does, without a look at each value where none is needed.

        None where one is: some item is not known, or wants only a part of what it is sent.
        """
        handles, values, statuses, source_ns, server_ns = columns
        names: dict[int, str] = {}
        for handle in set(handles):
            item = subscription.item(handle)
            if item is None or not item.whole:
                return None
            names[handle] = item.tag.id
        tags = list(map(names.__getitem__, handles))
        series = list(map(self._numbers.__getitem__, tags))
        if self._live is not None:
            newest = dict(zip(tags, zip(source_ns, values, statuses, strict=True), strict=True))
            for tag, shown in newest.items():
                self._live.put(self._machine.id, tag, *shown)
        samples = Samples(series, source_ns, server_ns, statuses, values)
        return samples, list(zip(tags, source_ns, statuses, strict=True))

    def _full_queues(self, subscription: MachineSubscription, seen: Sequence[Seen]) -> list[Gap]:
        """Return gaps before values that filled their queue at the server.

        asyncua's server never sets the Overflow bit, so a full queue counts as an overflown one.
        """
        if len(seen) < max(subscription.least_queue, 2):
            return []
        gaps: list[Gap] = []
        counts = Counter(tag for tag, _, _ in seen)
        for item in subscription.items:
            if item.queue < 2 or counts[item.tag.id] < item.queue:
                continue
            _, source_ns, status = next(each for each in seen if each[0] == item.tag.id)
            if status & OVERFLOW != OVERFLOW:
                gaps += self.coverage.overflowed(item.tag.id, source_ns)
                item.keep_next()
        return gaps

    def _keep(
        self, samples: Samples, gaps: Sequence[Gap], published_ns: int
    ) -> asyncio.Future[None]:
        self.kept_at = asyncio.get_running_loop().time()
        if not samples and (vouched := self._vouch(samples)):
            published_ns = vouched
        self._state.gaps += len(gaps)
        self._state.last_gap = gaps[-1] if gaps else self._state.last_gap
        for gap in gaps:
            log.warning(
                "edge.gap",
                machine=gap.machine,
                tag=gap.tag,
                seconds=round((gap.end_ns - gap.start_ns) / 1e9, 3),
                cause=gap.cause,
            )
        coverage = json.dumps(self._state_json())
        machine = self._machine
        entry = Entry(machine.site, machine.id, published_ns, samples, gaps, coverage)
        return self._journal.append(entry, machine.priority)

    def _vouch(self, samples: Samples) -> int:
        """Add up to when the machine is known, each ten seconds, and return it; 0 when not due.

        It takes a record of its own, whose publish time it is: the machine's clock said so.
        """
        first = self._vouch_at is None
        if not first and not self.due:
            return 0
        self._vouch_at = self.kept_at + _VOUCH_S
        # A loss that waits for history is not declared yet, so nothing behind it is vouched for.
        mark = None if self.losses else self.coverage.watermark()
        if first or mark is None or mark[0] <= self._vouched_ns:
            return 0
        self._vouched_ns, missing = mark
        samples.series.append(self._numbers[COVERED])
        samples.source_ns.append(self._vouched_ns)
        samples.server_ns.append(None)
        samples.statuses.append(GOOD)
        samples.values.append(missing)
        return self._vouched_ns

    def _state_json(self) -> dict[str, Any]:
        return {
            **self.coverage.to_json(),
            "taken": self.taken,
            "losses": self.losses.to_json(),
        }
