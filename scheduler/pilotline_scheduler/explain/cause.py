"""What makes an operation wait, and for how long."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why time passes; ticks of all causes of a run add up to its lateness."""

    MACHINE = "machine"
    """The machine does something else, or the gap before that is too short."""
    CHANGEOVER = "changeover"
    """The machine is set up."""
    CALENDAR = "calendar"
    """The machine is closed, or too little of its open hours is left."""
    ATTENDANCE = "attendance"
    """The client cannot be there."""
    POOL = "pool"
    """Others hold what a pool lends, or it has too little at that time."""
    WALL = "wall"
    """A client with a wall towards this one is in the hall."""
    MAXIMUM_LAG = "maximum-lag"
    """It must not end too long before the operation that follows it."""
    BATCH = "batch"
    """Operations that share the machine with it as a batch are not ready."""
    RUNNING = "running"
    """It runs already, since then."""
    PIN = "pin"
    """Its start was decided."""
    FROZEN = "frozen"
    """It is in the frozen horizon, or must not begin before it ends."""
    SLOWER_MACHINE = "slower-machine"
    """Another of its machines takes less time."""
    SLACK = "slack"
    """Nothing: it could have started earlier."""
    BUSY = "busy"
    """What a customer sees of machine, changeover, pool and wall: other bookings."""
    TIGHT = "tight"
    """From release on, the work alone ends after the due tick."""
    SPARE = "spare"
    """From release on, the work alone ends before the due tick; counts below zero."""


@dataclass(frozen=True, slots=True)
class Wait:
    """An operation waits, or takes longer than it might, from one tick to another.

    Attributes:
        operation: operation that waits.
        cause: why.
        start: first tick of it.
        end: tick at which it is over; None when it never is.
        sentence: the same in words.
        others: operations that are in the way; empty where the reader must not know them.
    """

    operation: str
    cause: Cause
    start: int
    end: int | None
    sentence: str
    others: tuple[str, ...] = ()
