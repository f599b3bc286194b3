"""Tag reader: everything by which the tags of one machine are read."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from pilotline_edge.backfill.backfill import Backfill
from pilotline_edge.cause import Cause
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.fleet.difference import tags_come_or_go
from pilotline_edge.link.blockage import Blockage
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.messages import Heard
from pilotline_edge.link.reading_status import reading_status
from pilotline_edge.link.settling import Settling
from pilotline_edge.link.state import MachineState
from pilotline_edge.link.value_stream import ValueStream
from pilotline_edge.polling import Poll, Poller, PollingGroup, regroup
from pilotline_edge.racing import first_to_fail
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.allotment import Allotment
from pilotline_edge.subscription.items import Item, handles_of, polled_items
from pilotline_edge.subscription.publication import Publication
from pilotline_historian import Gap
from pilotline_plant import Machine


class TagReader:
    """Reads the tags of one machine: by subscriptions, by polls, and from the server's history.

    Characteristics
        polled: tags of which the plant file says so, and those that the server has no subscription
            or no monitored item for, for as long as that is so
        change: where tags come or go, those that stay lose nothing

    Attributes:
        intake: where values go.
        streams: what is subscribed: the first subscription of each publishing interval.
        further: the other ones.
        items: every tag, subscribed or polled.
        poller: polls those that are polled now.
        backfill: asks the server's history for what an outage took.
    """

    def __init__(
        self,
        session: MachineSession,
        intake: Intake,
        state: MachineState,
        blockage: Blockage,
        settling: Settling,
        heard: Heard,
    ) -> None:
        self.intake = intake
        self._session = session
        self._blockage = blockage
        self._settling = settling
        self._heard = heard
        tags = session.machine.tags
        types = StructureTypes(session)
        besides = int(session.machine.events is not None)
        self._allotment = Allotment(session, types, tags, besides)
        self.streams = [ValueStream(each, intake) for each in self._allotment.first]
        self.further: list[ValueStream] = []
        self.items = [*polled_items(tags), *self._subscribed_items()]
        self.poller = Poller(session, self.items, types, self._take)
        self.backfill = Backfill(session, intake, state, self.items, types)

    def _subscribed_items(self) -> list[Item]:
        return [item for each in self._allotment.subscriptions for item in each.items]

    # -- on a connection --------------------------------------------------------------------

    def restore(self, former: Mapping[int, Collection[int]]) -> None:
        """Divide tags among subscriptions as another process did; see `Allotment.restore`."""
        self._allotment.restore(former)
        self._divided()

    def allot(self) -> None:
        """Divide tags among subscriptions as the server has room for them, and poll the others.

        Called before subscriptions are brought to life on a fresh connection: it also notes which
        polls were missed, since what was polled may be subscribed by the end of that.
        """
        lost = self.poller.missed()
        if (facts := self._session.facts) is not None:
            lost += [item.tag.id for item in self._allotment.allot(facts.capacity)]
        if lost:
            self.intake.lost(lost, self._blockage.behind(Cause.CONNECTION_LOST))
            self._settling.begin()
        self._divided()

    async def spread(self) -> list[ValueStream]:
        """Find room in other subscriptions for what one refused; return those to be made.

        Raises:
            asyncua.ua.UaError: the server refuses a call itself, or the connection is lost.
        """
        fresh = await self._allotment.spread()
        self._divided()
        return [ValueStream(each, self.intake) for each in fresh]

    def _divided(self) -> None:
        """Take note of how tags are divided among subscriptions now."""
        further = self._allotment.further
        if [each.subscription for each in self.further] != further:
            self.further[:] = [ValueStream(each, self.intake) for each in further]
        self.regroup()

    def regroup(self) -> None:
        """Tell coverage what is published by which subscription, and what is polled now."""
        regroup(self._allotment.subscriptions, self.intake.coverage)

    def begin_polls(self) -> None:
        """Begin to poll on a fresh connection, and note what was missed before it."""
        if tags := self.poller.connected():
            self.intake.lost(tags, self._blockage.behind(Cause.CONNECTION_LOST))
            self._settling.begin()
        self.regroup()

    async def run(self) -> None:
        """Poll, and heal losses from the server's history, until cancelled.

        Raises:
            asyncua.ua.UaError: the server refuses to be read.
            OSError: the connection is lost.
            JournalFailed: what was read is not durable.
        """
        await first_to_fail(self.poller.run(), self.backfill.run())

    def _take(self, group: PollingGroup, poll: Poll) -> asyncio.Future[None] | None:
        """Advance coverage by a poll and journal what is new; None when there is nothing."""
        self._heard(poll.at_ns)
        coverage, gaps = self.intake.coverage, list[Gap]()
        cause = self._blockage.behind(Cause.POLLS_MISSED)
        if poll.gone:
            coverage.lost(poll.gone, cause)
        if poll.after_missed:
            gaps += coverage.polls_missed([tag for tag, *_ in poll.seen], poll.at_ns, cause)
        if not poll.withheld:
            gaps += coverage.polled(poll.at_ns, poll.seen)
        changes = Publication(0, 0, poll.at_ns, more=False, changes=poll.changes)
        samples, _ = self.intake.columns.of(group, changes)
        return self.intake.keep(samples, gaps, poll.at_ns)

    # -- another plant file -----------------------------------------------------------------

    def adapts_to(self, machine: Machine) -> bool:
        """Return whether the machine can be read with other tags while its session goes on.

        Not while something is polled or a loss waits for the server's history.
        """
        former = self._session.machine
        busy = bool(self.poller.polled) or len(self.intake.losses) > 0
        if busy or not tags_come_or_go(former, machine):
            return False
        before = handles_of(tag.id for tag in former.tags)
        after = handles_of(tag.id for tag in machine.tags)
        subscriptions = self._allotment.subscriptions
        leaving = frozenset[str]().union(*(each.unwanted for each in subscriptions))
        return not leaving & after.keys() and all(
            before[tag] == after[tag] for tag in before.keys() & after.keys()
        )

    def adapt(self, machine: Machine) -> None:
        """Read other tags from now on; those that stay lose nothing."""
        self._allotment.adapt(machine.tags)
        self.items[:] = self._subscribed_items()
        self.poller.adapt(self.items)
        self.backfill.adapt()
        self.intake.adapt(machine)
        self._session.machine = machine
        self._divided()
        self._settling.begin()

    # -- what is told -----------------------------------------------------------------------

    @property
    def covered_ns(self) -> int:
        """Source time up to which every tag of the machine is known or declared."""
        oldest = self.intake.coverage.oldest_covered_ns()
        waiting = self.intake.losses.oldest_ns()
        return oldest if waiting is None else min(oldest, waiting)

    def status(self) -> dict[str, Any]:
        """Return how tags are read, as JSON values."""
        subscriptions = self._allotment.subscriptions
        return reading_status(self.items, subscriptions) | self.poller.status()
