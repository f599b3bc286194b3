"""Settling: how long the tags of a loss are waited for together."""

import asyncio

_SETTLE_S = 5.0
_SETTLE_CYCLES = 3


class Settling:
    """The time from which a loss is declared, whichever tags have not come back by then.

    Characteristics
        patience: five seconds, and three publishing cycles after a subscription was made anew
    """

    def __init__(self) -> None:
        self._at = 0.0

    def begin(self, cycle_s: float = 0.0) -> None:
        """Wait for tags that are published each `cycle_s`, and for those waited for already."""
        self._at = max(self._at, _now() + _SETTLE_S + _SETTLE_CYCLES * cycle_s)

    @property
    def due(self) -> bool:
        """Whether the wait is over."""
        return _now() >= self._at


def _now() -> float:
    return asyncio.get_running_loop().time()
