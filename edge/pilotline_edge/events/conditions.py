"""Conditions: which of a machine's conditions stand now, and which vanished unseen."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from pilotline_edge.live.feed import ConditionRow
from pilotline_historian import ConditionState, Event

MOST_CONDITIONS = 300
"""Most standing conditions of a machine that are followed."""

MOST_SHOWN = 100
"""Most conditions of a machine that are told live, the most severe ones."""

VANISHED = "pilotline:ConditionVanished"
"""Type of the event with which the agent closes a condition that a refresh did not tell."""

_MOST_KEPT_MESSAGE = 256


class Conditions:
    """The conditions that a machine counts as worth attention, by what it told last of each.

    Characteristics
        bounded: `MOST_CONDITIONS`; events of further ones are kept, their vanishing is not noticed
        persisted: with the coverage of the events, so that what vanished while no agent ran is seen
    """

    def __init__(self, standing: Iterable[Event] = ()) -> None:
        self._standing = {
            event.condition.id: event for event in standing if event.condition is not None
        }
        self._told: set[str] | None = None
        self._holding: list[ConditionRow] | None = None

    @property
    def standing(self) -> list[Event]:
        """The newest event of each condition that stands."""
        return list(self._standing.values())

    def holding(self) -> list[ConditionRow]:
        """Return what operators should know of: what holds now, the most severe first.

        An alarm that is over but not acknowledged at the machine no longer holds, nor do branches
        (OPC 10000-9, 4.3), which tell of the past.
        """
        if self._holding is None:
            held = [
                (
                    state.id,
                    state.name,
                    event.source_name,
                    event.severity,
                    event.message,
                    event.time_ns,
                )
                for event in self._standing.values()
                if (state := event.condition) is not None
                and state.active is not False
                and "#" not in state.id
            ]
            held.sort(key=lambda row: (-row[3], row[0]))
            self._holding = held[:MOST_SHOWN]
        return self._holding

    @property
    def refreshing(self) -> bool:
        """Whether the server tells the present state of all conditions now."""
        return self._told is not None

    def follows(self, event: Event) -> bool:
        """Return whether the event is of a condition that stands."""
        return event.condition is not None and event.condition.id in self._standing

    def take(self, event: Event) -> bool:
        """Note what an event tells of its condition and return whether that is news.

        A refresh tells what is known again, with some servers under a new event id.
        """
        state = event.condition
        if state is None:
            return True
        known = self._standing.get(state.id)
        if self._told is not None:
            self._told.add(state.id)
            if known is not None and _same(known, event):
                return False
        if known is not None and event.time_ns < known.time_ns:
            return True
        self._holding = None
        if not state.retain:
            self._standing.pop(state.id, None)
        elif known is not None or len(self._standing) < MOST_CONDITIONS:
            self._standing[state.id] = replace(event, message=event.message[:_MOST_KEPT_MESSAGE])
        return True

    def refresh_starts(self) -> None:
        """Begin to note which conditions a refresh tells."""
        self._told = set()

    def refresh_broken(self) -> None:
        """Draw no conclusion from a refresh of which something was lost."""
        self._told = None

    def refresh_ends(self, at_ns: int) -> list[Event]:
        """Close what the refresh did not tell and return the events that say so."""
        told, self._told = self._told, None
        if told is None:
            return []
        self._holding = None
        vanished = [event for key, event in self._standing.items() if key not in told]
        closing = []
        for event in vanished:
            if event.condition is not None:
                del self._standing[event.condition.id]
                closing.append(_closing(event, event.condition, at_ns))
        return closing


def _same(known: Event, event: Event) -> bool:
    message = event.message[:_MOST_KEPT_MESSAGE]
    told = replace(event, event_id=known.event_id, received_ns=known.received_ns, message=message)
    return told == known


def _closing(event: Event, state: ConditionState, at_ns: int) -> Event:
    digest = sha256(f"{event.event_id}/{at_ns}".encode()).hexdigest()
    active = None if state.active is None else False
    return replace(
        event,
        event_id=digest,
        time_ns=at_ns,
        received_ns=None,
        type_name=VANISHED,
        message="The machine no longer reports this condition.",
        condition=replace(state, active=active, retain=False),
    )
