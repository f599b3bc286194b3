"""Coverage of events: up to which time a machine's events are known.

The claim behind every gap of the stream: an event with time ``t`` that the machine reported is
either handed on, or ``start < t <= end`` of a gap. A complete publishing cycle published at ``P``
held every event before ``P``, less what events were ever seen late.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pilotline_edge.cause import Cause
from pilotline_historian import EVENTS, Gap

_LEAST_SLACK_NS = 100_000_000
_MOST_LAG_NS = 60_000_000_000
_LAG_RESERVE = 2


@dataclass(slots=True)
class EventCoverage:
    """What is known of one machine's events, in the machine's time.

    Characteristics
        persisted: by the journal, in the transaction that stores the events it speaks of
        bounded: a few numbers

    Attributes:
        site: site id, for the gaps.
        machine: machine id, for the gaps.
        known_ns: up to when all events are known.
        absence: why nothing was read since this was kept, while it is still open whether that
            becomes a loss; None else.
    """

    site: str
    machine: str
    known_ns: int
    absence: Cause | None = None
    _published_ns: int | None = None
    _lag_ns: int = 0
    _loss: tuple[int, Cause] | None = None

    def lost(self, cause: Cause) -> None:
        """Note that nothing is reported from here on; an earlier loss goes on."""
        self._loss = self._loss or (self.known_ns, self.absence or cause)

    def began(self, at_ns: int) -> list[Gap]:
        """Note that the server reports events since this time, and return the gap before it."""
        loss, self._loss = self._loss, None
        start_ns = self.known_ns if loss is None else loss[0]
        self.known_ns = max(self.known_ns, at_ns)
        return [] if loss is None else self._gap(start_ns, at_ns, loss[1])

    def received(self, published_ns: int | None, complete: bool, times_ns: Iterable[int]) -> None:
        """Advance with one message.

        Args:
            published_ns: its publish time, or None when the server gave none.
            complete: whether it ends its publishing cycle and was not replayed.
            times_ns: times of its events that are news.
        """
        oldest = min(times_ns, default=None)
        if oldest is not None and self._published_ns is not None:
            lag_ns = min(self._published_ns - oldest, _MOST_LAG_NS)
            self._lag_ns = max(self._lag_ns, lag_ns)
        if complete and published_ns is not None:
            self._published_ns = published_ns
            slack_ns = _LEAST_SLACK_NS + _LAG_RESERVE * self._lag_ns
            # Never beyond what this message proves: one publish time in the far future would
            # leave no gap to declare until then.
            self.known_ns = min(max(self.known_ns, published_ns - slack_ns), published_ns)

    def missing(self, until_ns: int, cause: Cause) -> list[Gap]:
        """Return the gap that events lost on the way, or dropped by the server, left."""
        return [] if self._loss is not None else self._gap(self.known_ns, until_ns, cause)

    def retire(self, until_ns: int, cause: Cause) -> list[Gap]:
        """Return the gap from what is known until events are read no more."""
        if self._loss is not None:
            return self._gap(self._loss[0], until_ns, self._loss[1])
        return self._gap(self.known_ns, until_ns, cause)

    def _gap(self, start_ns: int, end_ns: int, cause: Cause) -> list[Gap]:
        if end_ns <= start_ns:
            return []
        return [Gap(self.site, self.machine, EVENTS, start_ns, end_ns, cause)]

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "known": self.known_ns,
            "published": self._published_ns,
            "lag": self._lag_ns,
            "loss": self._loss,
        }

    @classmethod
    def from_json(cls, site: str, machine: str, state: Mapping[str, Any]) -> Self:
        """Return the coverage that `to_json` wrote."""
        coverage = cls(site, machine, state["known"])
        coverage._published_ns = state["published"]
        coverage._lag_ns = state["lag"]
        if loss := state["loss"]:
            coverage._loss = (loss[0], Cause(loss[1]))
        return coverage
