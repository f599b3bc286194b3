"""Redundancy: which of a machine's servers is read, and when to go to another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pilotline_edge.connection.service_level import Band, band

LEAST_STAY_S = 10.0
"""Least time at a server that can be read, before another is chosen because it is better."""

STEADY_S = 2.0
"""How long another server must have been better without a break."""

FIRST_TRY_S = 10.0
"""How long a server just chosen may take to answer, before another is tried."""

LEAST_BETTER = 20
"""Least difference between two degraded servers that counts."""

GRACE_S = 2.0
"""How long a server that was lost is tried again: taking up its session there loses nothing."""

_FAR_PAST = -math.inf


@dataclass(slots=True)
class Standing:
    """What is known of one server.

    Attributes:
        url: its endpoint.
        level: its service level, or None while it cannot be reached.
        problem: why it cannot be reached, or None.
        better_since: since when it has been better than the one in use, seconds, or None.
    """

    url: str
    level: int | None = None
    problem: str | None = "not reached yet"
    better_since: float | None = None


class Redundancy:
    """Chooses among the servers of one machine; times are seconds of a monotonic clock.

    A healthy server is never left. A degraded one is left for a healthy one, or for one that is
    clearly less degraded, a lost one for any that can be reached.

    Characteristics
        lost server: tried again for `GRACE_S`, then the best of those that can be reached
        flapping: at least `LEAST_STAY_S` at a server that can be read, and another must have been
            better for `STEADY_S`
        return: only when the server in use is lost or worse, never because another is preferred
        order among equals: as in the plant file
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self.standings = {url: Standing(url) for url in urls}
        self.current = urls[0]
        self.changes = 0
        self._chosen_at = _FAR_PAST
        self._tried_until: float | None = _FAR_PAST

    @property
    def others(self) -> tuple[str, ...]:
        """The servers not in use."""
        return tuple(url for url in self.standings if url != self.current)

    def begin_at(self, url: str) -> None:
        """Try this server first, where it is one of them."""
        if url in self.standings:
            self.current = url

    def reached(self, url: str, level: int, now: float) -> None:
        """Note that a server answers, and how well it says it can serve."""
        standing = self.standings[url]
        standing.level, standing.problem = level, None
        self._compare(now)

    def unreachable(self, url: str, problem: str, now: float) -> None:
        """Note that a server does not answer."""
        standing = self.standings[url]
        standing.level, standing.problem = None, problem
        self._compare(now)

    def read(self, now: float) -> None:
        """Note that the server in use can be read."""
        if self._tried_until is not None:
            self._tried_until = None
            self._compare(now)

    def lost(self, problem: str, now: float) -> None:
        """Note that the server in use could not be reached, or was lost."""
        if self._tried_until is None or self._tried_until > now + GRACE_S:
            self._tried_until = now + GRACE_S
        self.unreachable(self.current, problem, now)

    def better(self, now: float) -> Standing | None:
        """Return the server that should be read instead of the one in use, or None."""
        if self._tried_until is not None:
            return self._best_reachable() if now >= self._tried_until else None
        if now - self._chosen_at < LEAST_STAY_S:
            return None
        steady = [
            each
            for each in self.standings.values()
            if each.better_since is not None and now - each.better_since >= STEADY_S
        ]
        return max(steady, key=_goodness, default=None)

    def patience_s(self, now: float) -> float:
        """Return how long the server in use may still be tried; endless with no other to go to."""
        if self._best_reachable() is None or self._tried_until is None:
            return math.inf
        return max(self._tried_until - now, 0.0)

    def choose(self, url: str, now: float) -> None:
        """Read another server from now on."""
        self.current, self._chosen_at = url, now
        self._tried_until = now + FIRST_TRY_S
        self.changes += 1
        for standing in self.standings.values():
            standing.better_since = None

    def _best_reachable(self) -> Standing | None:
        reachable = [self.standings[url] for url in self.others]
        return max(
            (each for each in reachable if each.level is not None), key=_goodness, default=None
        )

    def _compare(self, now: float) -> None:
        current = self.standings[self.current]
        for url in self.others:
            standing = self.standings[url]
            if not _better(standing.level, current.level):
                standing.better_since = None
            elif standing.better_since is None:
                standing.better_since = now


def _goodness(standing: Standing) -> int:
    """Return what makes one server better than another; healthy ones are alike."""
    level = standing.level if standing.level is not None else -1
    return min(level, 200)


def _better(level: int | None, current: int | None) -> bool:
    if level is None or current is None:
        return False
    if band(level) is band(current):
        return band(level) is Band.DEGRADED and level - current >= LEAST_BETTER
    return band(level) > band(current)
