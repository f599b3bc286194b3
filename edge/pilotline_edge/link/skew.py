"""Skew: how far a machine's clock is from ours."""

from dataclasses import dataclass

_WINDOW_NS = 30_000_000_000


@dataclass(slots=True)
class ClockSkew:
    """Measures a machine's clock by the publish times of its messages.

    A message is published before it arrives, so publish time less arrival is the skew less the
    delay on the way. The largest difference of a window had the least delay and comes closest;
    messages that waited at the server do not disturb it.

    Characteristics
        error: too low by the least delay of a message in the last 30 to 60 s, never too high
        bounded: two windows of 30 s, one number each
        after a clock step: true again within 60 s
    """

    _begun_ns: int | None = None
    _largest_ns: int = 0
    _before_ns: int | None = None

    def seen(self, published_ns: int, monotonic_ns: int, now_ns: int) -> None:
        """Take one message.

        Args:
            published_ns: its publish time by the machine's clock.
            monotonic_ns: when it arrived, by the monotonic clock.
            now_ns: when it arrived, by our wall clock.
        """
        difference = published_ns - now_ns
        if self._begun_ns is None:
            self._begun_ns, self._largest_ns = monotonic_ns, difference
            return
        elapsed_ns = monotonic_ns - self._begun_ns
        if elapsed_ns >= _WINDOW_NS:
            self._before_ns = self._largest_ns if elapsed_ns < 2 * _WINDOW_NS else None
            self._begun_ns, self._largest_ns = monotonic_ns, difference
        else:
            self._largest_ns = max(self._largest_ns, difference)

    @property
    def seconds(self) -> float | None:
        """The machine's clock less ours, in seconds; None before the first message."""
        if self._begun_ns is None:
            return None
        if self._before_ns is None:
            return self._largest_ns / 1e9
        return max(self._largest_ns, self._before_ns) / 1e9
