"""Schedule: when to poll next, without drift and without catching up."""

import math
from dataclasses import dataclass


@dataclass(slots=True)
class PollSchedule:
    """Instants a fixed interval apart.

    Characteristics
        drift: none; the instants are multiples of the interval after the first, whenever polls end
        piling up: none; instants that passed meanwhile are skipped and counted
        clock: monotonic seconds, given by the caller

    Attributes:
        interval_s: between two polls.
        polls: polls begun.
        skipped: polls that were due and not made.
    """

    interval_s: float
    polls: int = 0
    skipped: int = 0
    _due: float | None = None

    @property
    def begun(self) -> bool:
        """Whether there ever was a poll."""
        return self._due is not None

    def begin(self, now: float) -> None:
        """Make the next poll now, and the others from there."""
        self._due = now

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next poll."""
        return max((self._due or now) - now, 0.0)

    def behind(self, now: float) -> int:
        """Return how many polls are due besides the one that would be made now."""
        if self._due is None:
            return 0
        behind = max(math.floor((now - self._due) / self.interval_s), 0)
        # Rounding may put the poll after these at this very instant, as at 1001 s for 1000 s + 10
        # polls of 0.1 s: it is due now, too.
        return behind + (self._due + (behind + 1) * self.interval_s <= now)

    def take(self, now: float) -> int:
        """Begin the poll that is due, and return how many before it were skipped."""
        due, behind = (now if self._due is None else self._due), self.behind(now)
        self._due = due + (behind + 1) * self.interval_s
        self.polls += 1
        self.skipped += behind
        return behind
