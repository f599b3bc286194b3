"""What is heard of machines: readings, connections, and what a push changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pilotline_api.live.push import Holding
from pilotline_api.live.wire import WireValue
from pilotline_historian.sample import Value
from pilotline_plant import PackMLState

_QUALITIES: Final = ("good", "uncertain", "bad", "bad")
_STATES: Final[Mapping[float, PackMLState]] = {int(state): state for state in PackMLState}


class Reading(NamedTuple):
    """Newest value of one tag.

    Attributes:
        machine: machine id.
        tag: tag id.
        source_time_ns: OPC UA source time, ns UTC.
        value: the value, None where the machine sent none.
        status: OPC UA status code.
    """

    machine: str
    tag: str
    source_time_ns: int
    value: WireValue
    status: int

    @property
    def quality(self) -> str:
        """``good``, ``uncertain`` or ``bad``: the severity of the status code."""
        return _QUALITIES[self.status >> 30]


class Connection(NamedTuple):
    """Whether a machine is heard, and since when.

    Attributes:
        machine: machine id.
        connected: whether the edge has the machine, and the API has the edge.
        since_ms: instant this began, ms UTC.
        cause: why it is not connected, or None.
    """

    machine: str
    connected: bool
    since_ms: int
    cause: str | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What a push changed.

    Attributes:
        readings: readings taken over, in the push's order.
        connections: connections that changed.
        unknown: ``(machine, tag)`` that the plant does not have.
        overtaken: number of values older than the held ones.
        conditions: what holds at machines by their own account.
    """

    readings: list[Reading] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    overtaken: int = 0
    conditions: Mapping[str, Holding] = field(default_factory=dict)


def packml_state(value: Value | None) -> PackMLState | None:
    """Return the PackML state of a state tag's value, or None where it names none.

    A whole number of any type will do: some machines, and some stores, know only floats.
    """
    if isinstance(value, bool | str) or value is None:
        return None
    return _STATES.get(value)
