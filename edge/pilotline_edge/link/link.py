"""Link: reads one machine for as long as the agent lives."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import structlog
from asyncua.ua import uaerrors

from pilotline_edge.backfill.backfill import Backfill
from pilotline_edge.backoff import Backoff
from pilotline_edge.cause import Cause
from pilotline_edge.connection.origin import Origin
from pilotline_edge.connection.redundancy import Standing
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import (
    EndpointRefused,
    MachineUnreachable,
    SubscriptionLost,
    SubscriptionsRefused,
)
from pilotline_edge.events.intake import EventIntake
from pilotline_edge.events.reader import EventReader
from pilotline_edge.fleet.difference import tags_come_or_go
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.reading_status import reading_status, server_status
from pilotline_edge.link.skew import ClockSkew
from pilotline_edge.link.state import MachineState
from pilotline_edge.live.feed import ConditionRow
from pilotline_edge.polling import Poll, Poller, PollingGroup, leave_out, regroup
from pilotline_edge.racing import first_to_fail
from pilotline_edge.resumption import Resumption
from pilotline_edge.subscription.healing import Step, heal
from pilotline_edge.subscription.items import (
    Item,
    handles_of,
    items_by_interval,
    polled_items,
)
from pilotline_edge.subscription.publication import Publication
from pilotline_edge.subscription.pump import Acknowledgement, PublishPump, Taken
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_historian import Gap
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")

_RECONNECT_FIRST_S = 0.5
_RECONNECT_CAP_S = 3.0
_RECONNECT_GROWTH = 1.5
_HOUSEKEEPING_S = 0.5
_NOTE_S = 1.0
_SETTLE_S = 5.0
_SETTLE_CYCLES = 3
_MOST_REQUESTS = 10


class MachineLink:
    """Connects, subscribes, journals and heals, until cancelled.

    Characteristics
        acknowledges: only what the journal has on disk
        reconnection: first within 0.5 s, then ever slower up to 3 s, for ever
        undeclared loss: none; see `pilotline_edge.link.coverage`
    """

    def __init__(
        self,
        session: MachineSession,
        intake: Intake,
        state: MachineState,
        resumption: Resumption | None = None,
        events: EventIntake | None = None,
    ) -> None:
        self.state = state
        self._session = session
        self._intake = intake
        self._subscriptions = [
            MachineSubscription(session, interval_ms, items)
            for interval_ms, items in items_by_interval(session.machine.tags)
        ]
        values = tuple(self._subscriptions)
        self._value_subscriptions = values
        self._value_items = polled_items(session.machine.tags)
        self._value_items += [item for each in values for item in each.items]
        self._subscribed = asyncio.Event()
        self._poller = Poller(session, self._value_items, self._polled)
        self._backfill = Backfill(session, intake, state, (*self._poller.groups, *values))
        self._events = None if events is None else EventReader(session, events)
        if self._events is not None:
            self._subscriptions.append(self._events.subscription)
        self._acknowledge: list[Acknowledgement] = []
        self._resumption = resumption
        self._leaves_session = False
        self._backoff = Backoff(_RECONNECT_FIRST_S, _RECONNECT_CAP_S, _RECONNECT_GROWTH)
        self._settle_at = 0.0
        self._blocked: Cause | None = None
        self._connections = 0
        self._told: type[Exception] | None = None

    @property
    def machine(self) -> Machine:
        """The machine that is read."""
        return self._session.machine

    @property
    def endpoint(self) -> str:
        """The endpoint in use."""
        return self._session.url

    @property
    def servers(self) -> Sequence[Standing]:
        """What is known of each server of the machine, where it has several."""
        return self._session.servers

    @property
    def server_changes(self) -> int:
        """How often another server of the machine was gone to."""
        return self._session.server_changes

    @property
    def covered_ns(self) -> int:
        """Source time up to which every tag of the machine is known or declared."""
        oldest = self._intake.coverage.oldest_covered_ns()
        waiting = self._intake.losses.oldest_ns()
        return oldest if waiting is None else min(oldest, waiting)

    @property
    def losses_waiting(self) -> int:
        """Losses not declared yet, since the server's history may give what they took."""
        return len(self._intake.losses)

    def reading(self) -> dict[str, Any]:
        """Return how the machine is read, and what its server is, as JSON values."""
        server = server_status(self._session)
        return {
            "server": server,
            "reading": reading_status(self._value_items) | self._poller.status(),
        }

    @property
    def conditions(self) -> list[ConditionRow]:
        """The conditions that hold at the machine, the most severe first."""
        return [] if self._events is None else self._events.intake.conditions.holding()

    @property
    def polled_tags(self) -> int:
        """How many tags are polled now."""
        return len(self._poller.polled)

    @property
    def polls_skipped(self) -> int:
        """Polls that were due and not made."""
        return self._poller.skipped

    def renamed(self, machine: Machine) -> None:
        """Take what changed about the machine besides site, endpoint and tags."""
        self._session.machine = machine

    def adapts_to(self, machine: Machine) -> bool:
        """Return whether the machine can be read with other tags while its session goes on.

        Not while something is polled or a loss waits for the server's history.
        """
        former = self.machine
        busy = bool(self._poller.polled) or len(self._intake.losses) > 0
        if busy or not tags_come_or_go(former, machine):
            return False
        before = handles_of(tag.id for tag in former.tags)
        after = handles_of(tag.id for tag in machine.tags)
        leaving = frozenset[str]().union(*(each.unwanted for each in self._subscriptions))
        return not leaving & after.keys() and all(
            before[tag] == after[tag] for tag in before.keys() & after.keys()
        )

    def adapt(self, machine: Machine) -> None:
        """Read other tags from now on; those that stay lose nothing."""
        wanted = dict(items_by_interval(machine.tags))
        for subscription in self._value_subscriptions:
            subscription.adapt(wanted[subscription.interval_ms])
        self._value_items[:] = [item for each in self._value_subscriptions for item in each.items]
        self._poller.adapt(self._value_items)
        self._backfill.adapt()
        self._intake.adapt(machine)
        self._session.machine = machine
        self._settle_at = max(self._settle_at, self._now() + _SETTLE_S)
        if self._resumption is not None:
            self._resumption.forget()

    def retire(self, tags: Sequence[str], cause: Cause) -> None:
        """Declare that tags are no longer read, once `run` has ended."""
        self._intake.retire(tags, cause)

    def leave_session(self) -> None:
        """Have the session stay at the server when `run` ends, for the agent's next process."""
        self._leaves_session = self._resumption is not None

    def retire_events(self, cause: Cause) -> None:
        """Declare that events are no longer read, once `run` has ended."""
        if self._events is not None:
            self._events.intake.retire(cause)

    async def run(self) -> None:
        """Read the machine until cancelled.

        Raises:
            JournalFailed: the agent must stop.
        """
        for subscription in self._subscriptions:
            subscription.subscription_id = None
        if not self._take_up():
            self._lost_all()
        # Before anything is received: a crash from here on must find where coverage began.
        await self._intake.note()
        if self._events is not None:
            await self._events.intake.note()
        try:
            while True:
                self._away(await self._connection())
                self._backfill.expire()
                await self._session.pause(self._backoff.wait_s())
        finally:
            self.state.disconnected("the agent stops")
            self._intake.note()
            if self._events is not None:
                self._events.intake.note()
            await self._end_session()

    def _take_up(self) -> bool:
        """Prepare to go on with the session of the process before, if it left one."""
        if self._resumption is None or self._intake.coverage.absence is None:
            return False
        taken = self._intake.taken
        if self._events is not None:
            taken = taken | self._events.intake.taken
        again = self._resumption.take_up(self._session, self._subscriptions, taken)
        if again is None:
            return False
        self._acknowledge.extend(again)
        # The server monitored none of these for us, so their absence is a loss in any case.
        unread = [item.tag.id for item in self._value_items if item.item_id is None]
        self._lost_tags(unread, self._intake.coverage.absence)
        self._settle_at = self._now() + _SETTLE_S
        return True

    def _lost_all(self) -> None:
        """Turn an absence that no session can bridge into a loss."""
        coverage = self._intake.coverage
        if coverage.absence is not None:
            coverage.lost(coverage.groups, coverage.absence)
            coverage.absence = None
        if self._events is not None:
            self._events.intake.absent()

    async def _end_session(self) -> None:
        if self._leaves_session:
            await self._session.leave()
            return
        if self._resumption is not None:
            self._resumption.forget()
        await self._session.close()

    async def _connection(self) -> Exception:
        """Hold one connection and return why it ended."""
        try:
            await self._connect()
            besides = [] if self._events is None else [self._events.run()]
            await first_to_fail(
                self._publish(),
                self._poller.run(),
                self._keep_house(),
                self._session.renew_channel(),
                self._session.watch_servers(),
                self._backfill.run(),
                *besides,
            )
        except SubscriptionLost as error:
            self._forget(error.subscription_id)
            return error
        except (MachineUnreachable, EndpointRefused, OSError, uaerrors.UaError) as error:
            return error
        return MachineUnreachable("the connection ended")

    async def _publish(self) -> None:
        """Take what subscriptions publish, once there is one."""
        await self._subscribed.wait()
        alive = sum(each.subscription_id is not None for each in self._subscriptions)
        pump = PublishPump(
            self._session.client.uaclient,
            min(alive + 1, _MOST_REQUESTS),
            self._take,
            self._acknowledge,
        )
        await pump.run()

    def _away(self, error: Exception) -> None:
        """Note a lost connection; log it once for each kind of reason, not at each attempt."""
        self._session.abort()
        was_connected = self.state.link.connected
        self.state.disconnected(str(error) or type(error).__name__)
        if was_connected or type(error) is not self._told:
            self._told = type(error)
            log.warning("edge.disconnected", machine=self.machine.id, cause=str(error))

    async def _connect(self) -> None:
        origin = await self._session.open()
        if origin in (Origin.RESTARTED, Origin.ELSEWHERE):
            self._forget_server()
        leave_out(self._value_subscriptions, self._session.facts)
        self._subscribed.clear()
        for subscription in self._subscriptions:
            try:
                step = await heal(subscription, origin, self._take_again, self._lost)
            except SubscriptionsRefused as error:
                self._poll_instead(subscription, error)
                continue
            if self._connections or step is not Step.RECREATED:
                self.state.healed(step.value)
            self._subscribed.set()
            if step is Step.RECREATED:
                self._recreated(subscription)
        self._lost_polls()
        known = {subscription.subscription_id for subscription in self._subscriptions}
        self._acknowledge[:] = [each for each in self._acknowledge if each[0] in known]
        self._blocked = self._intake.coverage.absence = None
        if self._events is not None:
            self._events.intake.coverage.absence = None
        self._keep_session()
        self._note_bad_tags()
        self.state.reconnects += bool(self._connections)
        self._connections += 1
        self.state.connected()
        self._told = None
        log.info(
            "edge.connected",
            machine=self.machine.id,
            session=origin.value,
            items=sum(item.item_id is not None for item in self._items()),
        )

    def _began(self, subscription: MachineSubscription) -> None:
        if self._events is not None and subscription is self._events.subscription:
            self._events.intake.made(subscription)
        else:
            self._intake.began(subscription)

    def _forget_server(self) -> None:
        """Take nothing that another server, or another run of it, said for this one's."""
        self._forget(0)
        self._acknowledge.clear()
        self.state.skew = ClockSkew()

    def _recreated(self, subscription: MachineSubscription) -> None:
        self._began(subscription)
        settled_in_s = _SETTLE_S + _SETTLE_CYCLES * subscription.published_s
        self._settle_at = self._now() + settled_in_s

    def _lost(self, subscription: MachineSubscription, cause: Cause) -> None:
        if self._events is not None and subscription is self._events.subscription:
            self._events.intake.lost(self._blocked or cause)
            return
        self._lost_tags([item.tag.id for item in subscription.items], cause)

    def _lost_tags(self, tags: Sequence[str], cause: Cause) -> None:
        coverage = self._intake.coverage
        coverage.lost(tags, self._blocked or coverage.absence or cause)

    # -- polling ----------------------------------------------------------------------------

    def _poll_instead(self, subscription: MachineSubscription, error: Exception) -> None:
        log.warning(
            "edge.subscription_refused",
            machine=self.machine.id,
            interval_ms=subscription.interval_ms,
            reason=str(error),
        )
        self._settle_at = self._now() + _SETTLE_S

    def _lost_polls(self) -> None:
        """Begin to poll on a fresh connection, and note what was missed before it."""
        if tags := self._poller.connected():
            self._lost_tags(tags, Cause.CONNECTION_LOST)
            self._settle_at = max(self._settle_at, self._now() + _SETTLE_S)
        regroup(self._value_subscriptions, self._intake.coverage)

    async def _subscribe_again(self, subscription: MachineSubscription) -> None:
        """Ask again for a subscription that was refused; its tags are polled until it has them."""
        try:
            await subscription.create()
        except SubscriptionsRefused as error:
            log.info("edge.subscription_refused", machine=self.machine.id, reason=str(error))
            return
        self._subscribed.set()
        self._recreated(subscription)
        await subscription.monitor()

    def _polled(self, group: PollingGroup, poll: Poll) -> asyncio.Future[None] | None:
        """Take a poll."""
        self.state.skew.seen(poll.at_ns, time.monotonic_ns(), time.time_ns())
        self._backoff.reset()
        return self._intake.poll(group, poll, self._blocked or Cause.POLLS_MISSED)

    def _keep_session(self) -> None:
        if self._resumption is not None:
            self._resumption.keep(self._session, self._subscriptions)

    def _forget(self, subscription_id: int) -> None:
        """Have a subscription made anew; 0 stands for all."""
        for subscription in self._subscriptions:
            if subscription_id in (0, subscription.subscription_id):
                subscription.subscription_id = None

    # -- messages ---------------------------------------------------------------------------

    async def _take(self, publication: Publication) -> Taken:
        """Take one answer to a publish request."""
        subscription = self._find(publication.subscription_id)
        if subscription is None:
            return Taken()
        subscription.heard()
        if publication.published_ns is not None:
            self.state.skew.seen(publication.published_ns, time.monotonic_ns(), time.time_ns())
        self._backoff.reset()
        if publication.ended is not None:
            raise SubscriptionLost(
                publication.subscription_id, f"the server ended it ({publication.ended:#010x})"
            )
        acknowledgement = (publication.subscription_id, publication.sequence)
        missing = subscription.missing_before(publication)
        if missing < 0:
            self.state.duplicates += not publication.keep_alive
            return Taken(None, () if publication.keep_alive else (acknowledgement,))
        await subscription.learn(publication)
        gaps: list[Gap] = []
        if missing:
            async for lost in subscription.republish():
                await self._take_again(lost)
            gaps = self._still_missing(subscription, publication)
        durable = self._store(subscription, publication, gaps, replayed=False)
        subscription.passed(publication)
        return Taken(durable, () if publication.keep_alive else (acknowledgement,))

    async def _take_again(self, publication: Publication) -> None:
        """Take a message that was asked for again."""
        subscription = self._find(publication.subscription_id)
        if subscription is None or subscription.missing_before(publication):
            return
        await subscription.learn(publication)
        durable = self._store(subscription, publication, [], replayed=True)
        subscription.passed(publication)
        acknowledgement = (publication.subscription_id, publication.sequence)
        if durable is None:
            self._acknowledge.append(acknowledgement)
            return

        def committed(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._acknowledge.append(acknowledgement)

        durable.add_done_callback(committed)
        if self._intake.blocked:
            await durable

    def _still_missing(
        self, subscription: MachineSubscription, publication: Publication
    ) -> list[Gap]:
        missing = max(subscription.missing_before(publication), 0)
        if not missing:
            return []
        self.state.missing += missing
        log.warning("edge.messages_missing", machine=self.machine.id, count=missing)
        until = publication.published_ns or time.time_ns()
        cause = self._blocked or Cause.MESSAGES_LOST
        if self._events is not None and subscription is self._events.subscription:
            return self._events.intake.missing(until, cause)
        return self._intake.missing(subscription, until, cause)

    def _store(
        self,
        subscription: MachineSubscription,
        publication: Publication,
        gaps: Sequence[Gap],
        *,
        replayed: bool,
    ) -> asyncio.Future[None] | None:
        if self._events is not None and subscription is self._events.subscription:
            return self._events.intake.store(
                self._events.subscription, publication, gaps, replayed=replayed
            )
        return self._intake.store(subscription, publication, gaps, replayed=replayed)

    # -- housekeeping -----------------------------------------------------------------------

    async def _keep_house(self) -> None:
        """Watch for silence, try refused tags again, settle losses, note coverage."""
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            if blocked := self._intake.blocked:
                self._blocked = blocked
                for subscription in self._subscriptions:
                    subscription.listen()
                continue
            for subscription in self._subscriptions:
                if subscription.subscription_id is not None:
                    self._check_silence(subscription)
                    await subscription.monitor()
                    await subscription.unmonitor()
                elif self._now() >= subscription.retry_at:
                    await self._subscribe_again(subscription)
            regroup(self._value_subscriptions, self._intake.coverage)
            self._keep_session()
            self._note_bad_tags()
            if self._intake.coverage.unsettled and self._now() >= self._settle_at:
                await self._intake.settle()
            elif self._intake.due or self._now() >= self._intake.kept_at + _NOTE_S:
                await self._intake.note()

    def _check_silence(self, subscription: MachineSubscription) -> None:
        silence_s = subscription.silence_s()
        if silence_s > subscription.patience_s:
            subscription.silences += 1
            raise MachineUnreachable(
                f"machine {self.machine.id}: {self._session.url} has been silent for "
                f"{silence_s:.0f} s"
            )

    def _note_bad_tags(self) -> None:
        self.state.bad_tags = {
            item.tag.id: item.problem for item in self._items() if item.problem is not None
        }

    def _items(self) -> Iterator[Item]:
        events = () if self._events is None else self._events.subscription.items
        return chain(self._value_items, events)

    def _find(self, subscription_id: int) -> MachineSubscription | None:
        for subscription in self._subscriptions:
            if subscription.subscription_id == subscription_id:
                return subscription
        return None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
