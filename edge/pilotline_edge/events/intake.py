"""Event intake: what a machine reported, with the coverage it leads to, into the journal."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import structlog

from pilotline_edge.cause import Cause
from pilotline_edge.events.conditions import Conditions
from pilotline_edge.events.coverage import EventCoverage
from pilotline_edge.events.fields import Control, control_of, event_of
from pilotline_edge.events.subscription import EventSubscription
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.link.plausible import bounded
from pilotline_edge.link.state import MachineState
from pilotline_edge.subscription.publication import (
    FIRST_SEQUENCE,
    EventFields,
    Publication,
    next_sequence,
)
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_historian import EVENTS, ConditionState, Event, Gap
from pilotline_plant import EventSource, Machine

log = structlog.get_logger("pilotline.edge")


class KnownEvents(NamedTuple):
    """What the journal knows of a machine's events; see the attributes of `EventIntake`."""

    coverage: EventCoverage
    conditions: Conditions
    taken: dict[int, tuple[int, int]]


class _Arrived(NamedTuple):
    """What a message brought: events, times of those that are no refresh, whether some are lost."""

    events: list[Event]
    news: list[int]
    overflown: bool


class EventIntake:
    """Turns the messages of one machine's event subscription into journal entries.

    Characteristics
        buffered: no; an entry is the journal's once it is given
        together: events, the gaps beside them and the coverage after them are one transaction

    Attributes:
        coverage: what is known of the machine's events.
        conditions: which of its conditions stand.
        taken: which subscription is read and what of it is taken; see `Intake.taken`.
        state: counts of the machine.
        refresh_wanted: set while the server is to tell the state of all conditions.
    """

    def __init__(
        self,
        machine: Machine,
        source: EventSource,
        known: KnownEvents,
        journal: Journal,
        state: MachineState,
    ) -> None:
        self.coverage, self.conditions, self.taken = known
        self.refresh_wanted = asyncio.Event()
        self.refresh_wanted.set()
        self.source = source
        self._machine = machine
        self._journal = journal
        self.state = state
        state.conditions = len(self.conditions.standing)

    @property
    def blocked(self) -> Cause | None:
        """Why the journal takes nothing now, or None."""
        return self._journal.size.blocked_for(self._machine.priority)

    def note(self) -> asyncio.Future[None]:
        """Keep the coverage as it is."""
        return self._keep([], [], time.time_ns())

    def lost(self, cause: Cause) -> None:
        """Note that the item is about to be created anew; what lies between will be a gap."""
        self.conditions.refresh_broken()
        self.coverage.lost(cause)

    def began(self, at_ns: int) -> None:
        """Declare what lies before, now that the server reports events."""
        self._keep([], self.coverage.began(at_ns), at_ns)
        self.refresh_wanted.set()

    def made(self, subscription: MachineSubscription) -> None:
        """Note that the subscription was made anew, and nothing of it taken yet."""
        self.taken[subscription.key] = (subscription.made_ns, FIRST_SEQUENCE)
        self.note()

    def absent(self) -> None:
        """Turn an absence that no session can bridge into a loss."""
        if (absence := self.coverage.absence) is not None:
            self.lost(absence)
            self.coverage.absence = None

    def missing(self, until_ns: int, cause: Cause) -> list[Gap]:
        """Return the gap that events lost for good leave."""
        self.conditions.refresh_broken()
        self.refresh_wanted.set()
        return self.coverage.missing(until_ns, cause)

    def retire(self, cause: Cause) -> None:
        """Declare that events are no longer read; read again, they are as new."""
        now_ns = time.time_ns()
        gaps = self.coverage.retire(now_ns, cause)
        self._append([], gaps, now_ns, {})

    def store(
        self,
        subscription: EventSubscription,
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
        # node-opcua 2.182 gives no publish time.
        published_ns = publication.published_ns or publication.answered_ns
        at_ns = published_ns or time.time_ns()
        facts = subscription.session.facts
        namespaces = facts.namespaces if facts is not None else ()
        if not publication.keep_alive:
            after = next_sequence(publication.sequence)
            self.taken[subscription.key] = (subscription.made_ns, after)
        arrived = self._arrived(publication.events, namespaces, at_ns)
        found = list(gaps)
        # Servers that signal no overflow have filled the queue when they send that many.
        if arrived.overflown or len(publication.events) >= max(subscription.queue, 2):
            found += self.missing(at_ns, Cause.QUEUE_OVERFLOW)
        complete = not publication.more and not replayed
        self.coverage.received(published_ns, complete, arrived.news)
        if not arrived.events and not found:
            return None
        return self._keep(arrived.events, found, at_ns)

    def _arrived(
        self, sent: Sequence[EventFields], namespaces: Sequence[str], at_ns: int
    ) -> _Arrived:
        events, news, overflown = list[Event](), list[int](), False
        for fields in sent:
            control = control_of(fields)
            if control is Control.QUEUE_OVERFLOW:
                overflown = True
            elif control is not None:
                events += self._refresh(control, at_ns)
            elif kept := self._taken(event_of(fields, self._machine, namespaces, at_ns)):
                events.append(kept)
                if not self.conditions.refreshing:
                    news.append(kept.time_ns)
        return _Arrived(events, news, overflown)

    def _taken(self, event: Event) -> Event | None:
        """Return an event that is severe enough, or of a condition that was, and is news."""
        if event.severity < self.source.min_severity and not self.conditions.follows(event):
            return None
        return event if self.conditions.take(event) else None

    def _refresh(self, control: Control, at_ns: int) -> list[Event]:
        if control is Control.REFRESH_REQUIRED:
            self.refresh_wanted.set()
        elif control is Control.REFRESH_STARTS:
            self.conditions.refresh_starts()
        else:
            return self.conditions.refresh_ends(at_ns)
        return []

    def _keep(
        self, events: Sequence[Event], gaps: Sequence[Gap], published_ns: int
    ) -> asyncio.Future[None]:
        standing = self.conditions.standing
        state = {
            "coverage": self.coverage.to_json(),
            "conditions": [asdict(event) for event in standing],
            "taken": self.taken,
        }
        self.state.conditions = len(standing)
        return self._append(events, gaps, published_ns, state)

    def _append(
        self,
        events: Sequence[Event],
        gaps: Sequence[Gap],
        published_ns: int,
        state: dict[str, Any],
    ) -> asyncio.Future[None]:
        now_ns = time.time_ns()
        gaps = [bounded(gap, now_ns) for gap in gaps]
        self.state.events += len(events)
        self.state.gaps += len(gaps)
        self.state.last_gap = gaps[-1] if gaps else self.state.last_gap
        for gap in gaps:
            log.warning(
                "edge.event_gap",
                machine=gap.machine,
                seconds=round((gap.end_ns - gap.start_ns) / 1e9, 3),
                cause=gap.cause,
            )
        machine = self._machine
        # A changed plant file makes this machine's reader anew from what is kept here.
        self._journal.coverage[coverage_key(machine.id)] = state
        entry = Entry(
            machine.site,
            machine.id,
            published_ns,
            Samples(),
            gaps,
            json.dumps(state),
            events=events,
            coverage_key=coverage_key(machine.id),
        )
        return self._journal.append(entry, machine.priority)


def coverage_key(machine: str) -> str:
    """Return the name under which the journal keeps the coverage of a machine's events."""
    return f"{machine}/{EVENTS}"


def recall_events(
    machine: Machine,
    journal: Journal,
    delivered_ns: int | None = None,
    cause: Cause | None = None,
) -> KnownEvents | None:
    """Return what the journal knows of a machine's events, with what happened since as a loss.

    None for a machine whose events are not read.

    Args:
        machine: the machine.
        journal: the journal.
        delivered_ns: up to when anything was delivered, for the case that the journal is lost.
        cause: of the loss, or None when the agent has just started.
    """
    if machine.events is None:
        return None
    kept = journal.coverage.get(coverage_key(machine.id))
    if kept:
        coverage = EventCoverage.from_json(machine.site, machine.id, kept["coverage"])
        if cause is None:
            coverage.absence = Cause.AGENT_STOPPED
        else:
            coverage.lost(cause)
        taken = {int(key): (of, after) for key, (of, after) in kept["taken"].items()}
        return KnownEvents(coverage, Conditions(map(_event, kept["conditions"])), taken)
    known_before = journal.coverage.get(machine.id) is not None
    saved = journal.damage.since_ns if journal.damage is not None else {}
    since = None if known_before else saved.get(machine.id, delivered_ns)
    coverage = EventCoverage(machine.site, machine.id, since or time.time_ns())
    coverage.lost(Cause.JOURNAL_DAMAGED if since else cause or Cause.AGENT_STARTED)
    return KnownEvents(coverage, Conditions(), {})


def _event(fields: dict[str, Any]) -> Event:
    return Event(**{**fields, "condition": ConditionState(**fields["condition"])})
