"""Sample, series and gap: what a historian stores."""

from dataclasses import dataclass
from typing import Final, NamedTuple

Value = bool | int | float | str
"""What a tag can hold. NaN and infinities are floats and are kept apart from missing values."""

GOOD = 0x0000_0000
"""OPC UA status code Good (OPC 10000-4, 7.39); the two top bits 00 mean good."""


COVERED: Final = "edge.covered"
"""Tag under which an edge agent tells how far it vouches for a machine.

A sample of it says: up to its source time every value of the machine is in the historian or in a
declared gap, but for as many tags as its value counts. No tag of a plant has a dot in its id.
"""


class Series(NamedTuple):
    """Identity of one tag of one machine over time.

    Attributes:
        site: site id.
        machine: machine id.
        tag: tag id.
    """

    site: str
    machine: str
    tag: str


class Sample(NamedTuple):
    """One value of one series as the machine gave it.

    Identity is (series, source_time_ns): writing a sample twice stores it once.

    Attributes:
        series: whose value it is.
        source_time_ns: OPC UA source time, ns since the Unix epoch, UTC.
        value: the value, or None where the machine sent none (its status says why).
        status: OPC UA status code as received; nothing maps it away.
        server_time_ns: OPC UA server time, or None when the machine sent none.
    """

    series: Series
    source_time_ns: int
    value: Value | None
    status: int
    server_time_ns: int | None

    @property
    def good(self) -> bool:
        """Whether the status code's severity is Good."""
        return self.status >> 30 == 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A declared interval without data.

    Attributes:
        site: site id.
        machine: machine id.
        tag: tag id, or None for every tag of the machine.
        start_ns: last instant known to be covered, ns UTC.
        end_ns: first instant covered again, ns UTC.
        cause: ``agent-stopped``, ``connection-lost``, ``server-restarted``, ``queue-overflow``,
            ``journal-full`` …
    """

    site: str
    machine: str
    tag: str | None
    start_ns: int
    end_ns: int
    cause: str


class Bucket(NamedTuple):
    """Samples of one series within one interval, reduced.

    Numeric are integers and finite floats, not bools; without any, minimum, maximum and mean are
    None.

    Attributes:
        start_ns: start of the interval; all intervals of one answer are equally wide.
        minimum: least good numeric value.
        maximum: greatest good numeric value.
        mean: mean of the good numeric values; None also where their sum overflows.
        last: last good value of any type.
        good_count: number of good samples that hold a value.
    """

    start_ns: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    last: Value
    good_count: int
