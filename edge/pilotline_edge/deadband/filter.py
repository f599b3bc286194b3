"""Filter: drops values that differ too little from the one kept last."""

import math
from dataclasses import dataclass
from fractions import Fraction

from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Value

_NOTHING = object()


@dataclass(slots=True)
class DeadbandFilter:
    """The deadband of one tag, applied by the agent (OPC 10000-4, 7.22.2).

    It compares with the value last *kept*. asyncua's server compares with the last *sample*, and
    so never reports a drift of small steps.

    Characteristics
        always kept: the first value; another status; another type; NaN; what is no number
        dropped: only what differs from the value last kept by at most `width`, exactly
        state: one value, in memory; `forget` makes the next value a first one

    Attributes:
        width: largest difference that is dropped, in the tag's unit.
    """

    width: float
    _value: object = _NOTHING
    _status: int = 0

    def keeps(self, value: Value | Unsupported | None, status: int) -> bool:
        """Return whether to keep a value, and remember it if so."""
        if status == self._status and self._is_near(value):
            return False
        self._value, self._status = value, status
        return True

    def forget(self) -> None:
        """Keep the next value, whatever it is."""
        self._value = _NOTHING

    def _is_near(self, value: object) -> bool:
        former = self._value
        if type(value) is not type(former):
            return False
        if isinstance(value, bool) or isinstance(former, bool):
            return value is former
        if isinstance(value, int) and isinstance(former, int):
            return abs(value - former) <= self.width
        if isinstance(value, float) and isinstance(former, float):
            return self._is_near_float(former, value)
        return False

    def _is_near_float(self, former: float, value: float) -> bool:
        if value == former:
            return True
        difference = abs(value - former)
        if difference != self.width:
            return difference < self.width
        # The difference was rounded, and may be a little more than it seems.
        finite = math.isfinite(value) and math.isfinite(former)
        return finite and abs(Fraction(value) - Fraction(former)) <= Fraction(self.width)
