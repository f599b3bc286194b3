"""Simulated time: starts at the present, and runs as fast as asked."""

import time
from dataclasses import dataclass, field

from pilotline_simulators.program import MILLISECOND_NS, SECOND_NS


def present_ns() -> int:
    """Return the present as nanoseconds since 1970, cut to a whole millisecond."""
    return time.time_ns() // MILLISECOND_NS * MILLISECOND_NS


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Relates simulated time to this computer's monotonic clock.

    Source times are simulated time: with a speed of 1 they are wall-clock time as it was at the
    start, carried on by the monotonic clock, so a step of the wall clock moves no sample; with any
    other speed they run ahead of the wall clock or fall behind it.

    Attributes:
        speed: simulated seconds in a real second.
        start_ns: simulated time at the start, nanoseconds since 1970.
        started_s: the monotonic clock's reading then.
    """

    speed: float
    start_ns: int = field(default_factory=present_ns)
    started_s: float = field(default_factory=time.monotonic)

    def due_s(self, time_ns: int) -> float:
        """Return the monotonic clock's reading when a simulated time is reached."""
        return self.started_s + (time_ns - self.start_ns) / SECOND_NS / self.speed

    def now_ns(self) -> int:
        """Return the simulated time now."""
        elapsed_s = (time.monotonic() - self.started_s) * self.speed
        return self.start_ns + int(elapsed_s * SECOND_NS)
