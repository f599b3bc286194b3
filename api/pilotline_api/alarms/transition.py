"""Transitions: an alarm rises, an alarm clears."""

from typing import NamedTuple

from pilotline_api.alarms.condition import Condition
from pilotline_api.alarms.models import Severity


class Raised(NamedTuple):
    """A condition began to hold.

    Attributes:
        id: id of the new alarm.
        condition: what holds.
        severity: how soon someone must act.
        message: what a person reads.
        value: the value that raised it, or None.
        limit: the limit it met, or None.
        at_ms: when this was seen, ms UTC.
    """

    id: str
    condition: Condition
    severity: Severity
    message: str
    value: float | None
    limit: float | None
    at_ms: int


class Cleared(NamedTuple):
    """A condition ceased to hold.

    Attributes:
        id: id of the alarm that ends.
        condition: what held.
        at_ms: when this was seen, ms UTC.
    """

    id: str
    condition: Condition
    at_ms: int


Transition = Raised | Cleared
