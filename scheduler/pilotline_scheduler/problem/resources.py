"""What work is done on: machines, their calendars and changeovers, and shared pools."""

from dataclasses import dataclass

from pydantic import with_config

from pilotline_scheduler.strict import STRICT


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open ``[start, end)`` in ticks; `end` is after `start`."""

    start: int
    end: int


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Calendar:
    """When something works.

    Attributes:
        id: unique within the problem.
        open: working intervals, sorted, disjoint and not touching; closed elsewhere.
    """

    id: str
    open: tuple[Interval, ...]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Changeover:
    """Sequence-dependent setups between the setup states of a machine.

    A changeover from state i to state j takes ``ticks[i][j]`` right before the operation that needs
    j; the machine is occupied from its start. An operation without a setup state leaves the state
    as it is. The first operation on a machine is set up from the machine's initial state; without
    an initial state the first setup is free.

    Attributes:
        id: unique within the problem.
        states: setup states.
        ticks: duration matrix.
        cost: cost matrix.
        pool: pool that lends `pool_units` for the length of the changeover, or None.
        pool_units: units drawn from `pool`.
        during_closed_hours: whether it may run while the machine's calendar is closed; otherwise it
            must lie within one open interval.
    """

    id: str
    states: tuple[str, ...]
    ticks: tuple[tuple[int, ...], ...]
    cost: tuple[tuple[int, ...], ...]
    pool: str | None = None
    pool_units: int = 0
    during_closed_hours: bool = False


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Machine:
    """Does one operation, or one batch of operations, at a time.

    Attributes:
        id: unique within the problem.
        calendar: calendar id, or None for always open.
        changeover: changeover id, or None when setups take no time.
        initial_setup: setup state at tick 0, or None when unknown.
        hall: hall it stands in, for walls; or None.
        places: room for a batch, in units or places; modes say how many they take.
    """

    id: str
    calendar: str | None = None
    changeover: str | None = None
    initial_setup: str | None = None
    hall: str | None = None
    places: int = 1


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Pool:
    """A renewable resource with time-varying capacity.

    Attributes:
        id: unique within the problem.
        levels: ``(tick, capacity)`` steps, sorted; the first one is at tick 0 and the last one
            holds for ever.
    """

    id: str
    levels: tuple[tuple[int, int], ...]
