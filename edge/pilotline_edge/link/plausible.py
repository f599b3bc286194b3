"""Plausible: what is made of times that a machine's clock cannot mean."""

from dataclasses import replace

from pilotline_historian import Gap

AHEAD_NS = 2 * 86_400 * 1_000_000_000
"""How far ahead a time may lie: clocks are set to another day, not to another year."""


def bounded(gap: Gap, now_ns: int) -> Gap:
    """Return a gap that began in the past and ends in the far future as one that ends now.

    It ends with the time of a value or a message, and one absurd time among true ones would call
    everything missing that comes until then. A machine whose clock is wrong throughout has gaps
    that begin there too, and they stay as they are.
    """
    if gap.end_ns <= now_ns + AHEAD_NS or gap.start_ns > now_ns:
        return gap
    return replace(gap, end_ns=now_ns)
