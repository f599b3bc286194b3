"""Event: something a machine reported that is no value: an alarm, an operator's act, a fault."""

from dataclasses import dataclass
from typing import Final

EVENTS: Final = "edge.events"
"""Stands for a machine's events in `Gap.tag`; no tag can be called so."""

LEAST_SEVERITY: Final = 1
GREATEST_SEVERITY: Final = 1_000
"""Severities of OPC UA events (OPC 10000-5, 6.4.2): 1 is information, 1,000 a catastrophe."""


@dataclass(frozen=True, slots=True)
class ConditionState:
    """State of a condition as one event tells it (OPC 10000-9, 5.5 to 5.8).

    Attributes:
        id: the machine's id of the condition, its branch after ``#`` where it has one.
        name: the condition's name, such as ``Overtemperature``.
        active: whether what it watches for is so; None for conditions that are no alarms.
        acknowledged: whether someone took note of it at the machine; None where it knows no such.
        confirmed: whether someone dealt with it at the machine; None where it knows no such.
        retain: whether the machine still counts the condition as worth attention.
    """

    id: str
    name: str
    active: bool | None
    acknowledged: bool | None
    confirmed: bool | None
    retain: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one machine.

    Identity is (site, machine, time_ns, event_id): writing an event twice stores it once, and two
    events of the same instant are two.

    Attributes:
        site: site id.
        machine: machine id.
        event_id: the machine's id of this event, hexadecimal.
        time_ns: when it happened, ns since the Unix epoch, UTC.
        received_ns: when the machine's server learnt of it, or None when it does not say.
        type_name: its OPC UA event type, such as ``ExclusiveLevelAlarmType``.
        source_name: what it is about, such as ``Spindle``.
        severity: 1 to 1,000.
        message: what a person reads, in the machine's words.
        condition: state of the condition that it tells of, or None for a plain event.
    """

    site: str
    machine: str
    event_id: str
    time_ns: int
    received_ns: int | None
    type_name: str
    source_name: str
    severity: int
    message: str
    condition: ConditionState | None = None

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Place among others: by time, then by whatever keeps the order the same each time."""
        return (self.time_ns, self.site, self.machine, self.event_id)
