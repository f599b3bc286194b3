"""Lanes: new records do not wait for a long backlog, nor it for them."""

from collections.abc import Callable, Mapping

from pilotline_edge.journal.reader import Backlog, Lane

_LIVE_EVERY_S = 1.0


class Lanes:
    """Says whose turn it is: the backlog's or, while there is a split, that of newer records.

    Characteristics
        order: within a lane as the records came
        new records: a batch at least each second, and every other batch while those are full
        backlog: every other batch at least
        after a restart: one lane again, until the backlog is seen to be long

    Attributes:
        old: the oldest records; all of them while there is no split.
        live: those that came after the split, or None.
    """

    def __init__(self, delivered_ns: Mapping[str, int], clock: Callable[[], float]) -> None:
        self.old = Lane(published_ns=dict(delivered_ns))
        self.live: Lane | None = None
        self._clock = clock
        self._live_at = 0.0
        self._more_live = False
        self._old_before = False

    def turn(self) -> Lane:
        """Return the lane to deliver from next."""
        if self.live is None:
            return self.old
        due = self._more_live or self._clock() >= self._live_at + _LIVE_EVERY_S
        return self.live if due and self._old_before else self.old

    def split(self, newest: int) -> None:
        """Let what comes after the record `newest` go beside the backlog."""
        self.old.upto = newest
        self.live = Lane(after=newest)
        self._live_at, self._more_live, self._old_before = self._clock(), False, False

    def delivered(self, lane: Lane, backlog: Backlog, *, full: bool) -> None:
        """Note that a lane had its turn.

        Args:
            lane: the lane.
            backlog: what was delivered of it.
            full: whether it has probably more.
        """
        lane.after = max(lane.after, backlog.upto)
        lane.published_ns |= backlog.published_ns
        self._old_before = lane is self.old
        if lane is self.live:
            self._live_at, self._more_live = self._clock(), full

    def join(self) -> dict[str, int]:
        """Make one lane of both, now that the backlog is delivered.

        Returns:
            Publish time up to which every record is delivered, per machine.
        """
        if self.live is not None:
            self.old = Lane(self.live.after, None, self.old.published_ns | self.live.published_ns)
            self.live = None
        return self.old.published_ns
