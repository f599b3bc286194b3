"""Emission: one value a simulated machine gives out."""

from dataclasses import dataclass

Value = float | int | bool | str | None
"""What a variable may hold; None only together with a bad status."""

GOOD = 0
BAD_SENSOR_FAILURE = 0x808C0000
BAD_NOT_CONNECTED = 0x808A0000
BAD_WAITING_FOR_INITIAL_DATA = 0x80320000
UNCERTAIN_LAST_USABLE_VALUE = 0x40900000
"""OPC UA status codes engineers inject most (OPC 10000-4, 7.39)."""


def is_bad(status: int) -> bool:
    """Return whether a status code has severity bad."""
    return status >= 0x80000000


@dataclass(frozen=True, slots=True)
class Emission:
    """One value a simulated machine gives out.

    Attributes:
        tag: tag id.
        source_time_ns: the machine's clock, nanoseconds since 1970 UTC, a whole millisecond.
        value: exactly what an OPC UA client decodes; None when `status` is bad.
        status: OPC UA status code.
        repeat: True where value and status are those of the tag's emission before; a client
            sees it only with the trigger StatusValueTimestamp.
    """

    tag: str
    source_time_ns: int
    value: Value
    status: int = GOOD
    repeat: bool = False
