"""The two clocks of this computer, read together."""

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """One instant on two clocks.

    Attributes:
        monotonic_s: for durations; never steps.
        unix_ms: for people; UTC.
    """

    monotonic_s: float
    unix_ms: int


def this_moment() -> Moment:
    """Return the present instant."""
    return Moment(time.monotonic(), time.time_ns() // 1_000_000)
