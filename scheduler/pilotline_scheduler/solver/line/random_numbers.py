"""Random numbers for kernels, with a state that the caller keeps."""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.line.fields import RANDOM
from pilotline_scheduler.solver.line.tables import Ints, item, set_item

_STEP = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64
_UNIT = 2.0**-53


@bare_kernel
def uniform(board: Ints) -> float:
    """Return a number in ``[0, 1)`` (SplitMix64; Steele, Lea & Flood 2014), in signed numbers."""
    word = item(board, RANDOM, 0) + _STEP
    set_item(board, RANDOM, 0, word)
    word = (word ^ ((word >> 30) & 0x3FFFFFFFF)) * _FIRST
    word = (word ^ ((word >> 27) & 0x1FFFFFFFFF)) * _SECOND
    word ^= (word >> 31) & 0x1FFFFFFFF
    return ((word >> 11) & 0x1FFFFFFFFFFFFF) * _UNIT


@bare_kernel
def below(board: Ints, end: int) -> int:
    """Return a whole number in ``[0, end)``."""
    return int(uniform(board) * end)
