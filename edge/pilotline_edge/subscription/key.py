"""Key: the number by which a subscription for values is known, also after a restart.

It is the publishing interval in ms for the first subscription of that interval, and for the
further ones, which servers that limit the items of a subscription make necessary, lies above all
intervals.
"""

_INTERVAL_BITS = 32
_INTERVALS = (1 << _INTERVAL_BITS) - 1


def key_of(interval_ms: int, part: int) -> int:
    """Return the key of a subscription; `part` is 0 for the first of its publishing interval."""
    return part << _INTERVAL_BITS | interval_ms


def interval_of(key: int) -> int:
    """Return the publishing interval in ms that a key says."""
    return key & _INTERVALS


def part_of(key: int) -> int:
    """Return which subscription of its publishing interval a key says, 0 for the first."""
    return key >> _INTERVAL_BITS
