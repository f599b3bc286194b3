"""Link: reads one machine for as long as the agent lives."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import structlog
from asyncua.ua import uaerrors

from pilotline_edge.backoff import Backoff
from pilotline_edge.cause import Cause
from pilotline_edge.connection.origin import Origin
from pilotline_edge.connection.redundancy import Standing
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import EndpointRefused, MachineUnreachable, SubscriptionLost
from pilotline_edge.events.intake import EventIntake
from pilotline_edge.events.reader import EventReader
from pilotline_edge.link.blockage import Blockage
from pilotline_edge.link.housekeeping import Housekeeping
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.messages import Messages
from pilotline_edge.link.reading_status import server_status
from pilotline_edge.link.settling import Settling
from pilotline_edge.link.skew import ClockSkew
from pilotline_edge.link.state import MachineState
from pilotline_edge.link.stream import Stream
from pilotline_edge.link.streams import Streams
from pilotline_edge.link.tags import TagReader
from pilotline_edge.live.feed import ConditionRow
from pilotline_edge.racing import first_to_fail
from pilotline_edge.resumption import Resumption
from pilotline_edge.subscription.items import Item
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")

AGENT_STOPS = "the agent stops"
"""Why a machine that was well is no longer read once its agent is stopped."""

_RECONNECT_FIRST_S = 0.5
_RECONNECT_CAP_S = 3.0
_RECONNECT_GROWTH = 1.5


class MachineLink:
    """Connects, reads by subscriptions and polls, and heals, until cancelled.

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
        self._resumption = resumption
        self._backoff = Backoff(_RECONNECT_FIRST_S, _RECONNECT_CAP_S, _RECONNECT_GROWTH)
        self._blockage = blockage = Blockage()
        self._settling = settling = Settling()
        self._tags = TagReader(session, intake, state, blockage, settling, self._heard)
        self._events = None if events is None else EventReader(session, events)
        self._intakes: list[Intake | EventIntake] = [intake]
        streams: list[Stream] = [*self._tags.streams]
        if self._events is not None:
            self._intakes.append(self._events.intake)
            streams.append(self._events)
        further, spread = self._tags.further, self._tags.spread
        self._streams = Streams(streams, further, spread, state, blockage, settling)
        self._messages = Messages(session, self._streams, state, blockage, self._heard)
        self._housekeeping = Housekeeping(
            session, self._streams, self._tags, blockage, settling, self._remember
        )
        self._leaves_session = False
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
    def certificate_expires(self) -> datetime | None:
        """End of the server certificate's validity, or None where none was taken."""
        return self._session.certificate_expires

    @property
    def server_changes(self) -> int:
        """How often another server of the machine was gone to."""
        return self._session.server_changes

    @property
    def covered_ns(self) -> int:
        """Source time up to which every tag of the machine is known or declared."""
        return self._tags.covered_ns

    @property
    def losses_waiting(self) -> int:
        """Losses not declared yet, since the server's history may give what they took."""
        return len(self._tags.intake.losses)

    def reading(self) -> dict[str, Any]:
        """Return how the machine is read, and what its server is, as JSON values."""
        return {"server": server_status(self._session), "reading": self._tags.status()}

    @property
    def conditions(self) -> list[ConditionRow]:
        """The conditions that hold at the machine, the most severe first."""
        return [] if self._events is None else self._events.intake.conditions.holding()

    @property
    def subscriptions(self) -> int:
        """How many subscriptions the server has for us, by the last that is known of it."""
        return self._streams.alive

    @property
    def polled_tags(self) -> int:
        """How many tags are polled now."""
        return len(self._tags.poller.polled)

    @property
    def polls_skipped(self) -> int:
        """Polls that were due and not made."""
        return self._tags.poller.skipped

    def renamed(self, machine: Machine) -> None:
        """Take what changed about the machine besides site, endpoint and tags."""
        self._session.machine = machine

    def adapts_to(self, machine: Machine) -> bool:
        """Return whether the machine can be read with other tags while its session goes on.

        Not while something is polled or a loss waits for the server's history.
        """
        return self._tags.adapts_to(machine)

    def adapt(self, machine: Machine) -> None:
        """Read other tags from now on; those that stay lose nothing."""
        self._tags.adapt(machine)
        if self._resumption is not None:
            self._resumption.forget()

    def retire(self, tags: Sequence[str], cause: Cause) -> None:
        """Declare that tags are no longer read, once `run` has ended."""
        self._tags.intake.retire(tags, cause)

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
        self._streams.forget(0)
        if not self._take_up():
            for intake in self._intakes:
                intake.absent()
        # Before anything is received: a crash from here on must find where coverage began.
        for intake in self._intakes:
            await intake.note()
        try:
            while True:
                self._away(await self._connection())
                self._tags.backfill.expire()
                await self._session.pause(self._backoff.wait_s())
        finally:
            if self.state.link.connected:
                self.state.disconnected(AGENT_STOPS)
            for intake in self._intakes:
                intake.note()
            await self._end_session()

    def _take_up(self) -> bool:
        """Prepare to go on with the session of the process before, if it left one."""
        coverage = self._tags.intake.coverage
        if self._resumption is None or coverage.absence is None:
            return False
        taken = {key: of for intake in self._intakes for key, of in intake.taken.items()}
        former = self._resumption.recall(self.machine)
        if former is None:
            return False
        self._tags.restore(former.handles())
        subscriptions = self._streams.subscriptions
        again = self._resumption.take_up(former, self._session, subscriptions, taken)
        if again is None:
            return False
        self._messages.acknowledge.extend(again)
        # The server monitored none of these for us, so their absence is a loss in any case.
        unread = [item.tag.id for item in self._tags.items if item.item_id is None]
        coverage.lost(unread, coverage.absence)
        self._settling.begin()
        return True

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
                self._messages.run(),
                self._tags.run(),
                self._housekeeping.run(),
                self._session.renew_channel(),
                self._session.watch_servers(),
                *besides,
            )
        except SubscriptionLost as error:
            self._streams.forget(error.subscription_id)
            return error
        except (MachineUnreachable, EndpointRefused, OSError, uaerrors.UaError) as error:
            return error
        return MachineUnreachable("the connection ended")

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
        self._tags.allot()
        first = not self._connections
        await self._streams.heal(origin, self._messages.take_again, first=first)
        self._tags.begin_polls()
        self._messages.drop_unknown()
        self._blockage.cause = None
        for intake in self._intakes:
            intake.coverage.absence = None
        self._remember()
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

    def _forget_server(self) -> None:
        """Take nothing that another server, or another run of it, said for this one's."""
        self._streams.forget(0)
        self._messages.forget()
        self.state.skew = ClockSkew()

    def _heard(self, at_ns: int | None) -> None:
        """Note that the machine told something, when it did so by its clock."""
        if at_ns is not None:
            self.state.skew.seen(at_ns, time.monotonic_ns(), time.time_ns())
        self._backoff.reset()

    def _remember(self) -> None:
        """Keep the session for the agent's next process, and tell which tags are refused."""
        if self._resumption is not None:
            self._resumption.keep(self._session, self._streams.subscriptions)
        self.state.bad_tags = {
            item.tag.id: item.problem for item in self._items() if item.problem is not None
        }

    def _items(self) -> Iterator[Item]:
        events = () if self._events is None else self._events.subscription.items
        return chain(self._tags.items, events)
