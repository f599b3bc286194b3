"""Random numbers in kernels, from a state that is passed along, so that threads repeat their own.

xorshift64 (Marsaglia 2003).
"""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.shop import Ints

_POSITIVE = 0x7FFFFFFFFFFFFFFF


@bare_kernel
def below(random: Ints, limit: int) -> int:
    """Return a number from 0 to below `limit`."""
    state = random[0]
    state ^= state << 13
    state ^= (state >> 7) & 0x01FFFFFFFFFFFFFF
    state ^= state << 17
    random[0] = state
    return int(((state & _POSITIVE) >> 11) % limit)
