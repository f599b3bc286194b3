"""A problem in whole numbers: ids are positions, calendars are pieces of starts."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import StrEnum

from pilotline_scheduler.problem import Goal, Interval, Problem
from pilotline_scheduler.solver.instance.meter import Meter
from pilotline_scheduler.solver.instance.starts import Starts


class Extra(StrEnum):
    """What an instance may have beyond machines, setups, calendars, pools, walls, lags and sums.

    A search that does not know one of them declines instances with it. What runs already is none:
    it comes as decided operations.
    """

    BATCHES = "batches"
    """Some modes have a `family`: operations may share a machine."""
    FREED_IN_PAUSES = "freed-in-pauses"
    """Some modes have `freed` draws, held only while they work."""
    NOTICE = "notice"
    """Some move prices are not 1."""
    FAIRNESS = "fairness"
    """A level adds up the largest burdens of clients."""
    ENERGY = "energy"
    """A level measures energy at prices that change over time, by the modes' `meters`."""


@dataclass(frozen=True, slots=True)
class ModeData:
    """A mode of an operation.

    Attributes:
        machine: position of the machine.
        starts: when it may start there by calendar and attendance, and the duration.
        ticks: working time.
        state: position of the setup state in the machine's changeover, or -1 for any state.
        draws: ``(profile, units needed free, units taken)``; pools and walls alike.
        hall: position of the machine's hall, or -1.
        family: operations of one family may share the machine as a batch; -1 for none. Families
            of different machines differ.
        places: places of the machine that it takes in a batch; 0 of what runs already, which fits.
        freed: ``(profile, units)`` of draws that are held while it works, but not while it pauses.
        windows: open intervals it works in where it may pause; otherwise None.
        meters: value of a tick of its energy by goal, for goals of the objective.
        energy: energy drawn per tick of work.
    """

    machine: int
    starts: Starts
    ticks: int
    state: int
    draws: tuple[tuple[int, int, int], ...]
    hall: int
    family: int = -1
    places: int = 1
    freed: tuple[tuple[int, int], ...] = ()
    windows: tuple[Interval, ...] | None = None
    meters: tuple[tuple[Goal, Meter], ...] = ()
    energy: int = 0

    def worked(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the parts of ``[start, end)`` that are no pauses."""
        if self.windows is None:
            return [(start, end)]
        first = max(0, bisect_right(self.windows, start, key=_start_of) - 1)
        last = bisect_left(self.windows, end, key=_start_of)
        parts = (
            (max(start, window.start), min(end, window.end)) for window in self.windows[first:last]
        )
        return [(begin, stop) for begin, stop in parts if begin < stop]

    def drawn(self, goal: Goal, start: int, end: int) -> int:
        """Return what its energy is worth by a goal, from a start to an end."""
        return self.energy * sum(
            meter.between(start, end) for measured, meter in self.meters if measured is goal
        )


def _start_of(interval: Interval) -> int:
    return interval.start


@dataclass(frozen=True, slots=True)
class ChangeoverData:
    """What a machine needs to know of its changeover.

    Attributes:
        ticks: duration from state to state.
        cost: cost from state to state.
        pool: profile of the pool that lends units, or -1.
        units: units drawn.
        windows: open intervals a setup must lie within, or None for any time.
    """

    ticks: tuple[tuple[int, ...], ...]
    cost: tuple[tuple[int, ...], ...]
    pool: int
    units: int
    windows: tuple[Interval, ...] | None


@dataclass(frozen=True, slots=True)
class MachineData:
    """A machine: its changeover, or None, the state it is in at tick 0, or -1, and its places."""

    changeover: ChangeoverData | None
    initial: int
    places: int = 1


@dataclass(frozen=True, slots=True)
class LagData:
    """``minimum <= start(other) - end(this) <= maximum`` or the reverse, by where it is stored."""

    other: int
    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class RunData:
    """A run: its operations by position, and when it is late."""

    operations: tuple[int, ...]
    due: int | None
    weight: int


@dataclass(frozen=True, slots=True)
class ClientData:
    """A client: its due runs by position, and the factor from weighted tardiness to burden."""

    runs: tuple[int, ...]
    share: int


@dataclass(frozen=True, slots=True)
class LevelData:
    """A level of the objective.

    Attributes:
        weights: weight by goal.
        worst: in a level of fairness, how many of the largest burdens it adds up.
    """

    weights: dict[Goal, int]
    worst: int = 0


@dataclass(frozen=True, slots=True)
class Instance:
    """The compiled problem that every part of the solver works on.

    Attributes:
        problem: where it comes from.
        names: operation ids.
        run_of: run of each operation.
        modes: allowed modes of each operation.
        successors: lags from each operation to later ones.
        predecessors: lags to each operation from earlier ones.
        machines: the machines.
        runs: the runs.
        profiles: capacity steps ``(tick, capacity)`` of pools, then of walled clients in halls.
        pools: number of profiles that are pools; the others are walls.
        fixed: decided start of each operation, or -1.
        setup_floor: earliest start of a setup of each operation.
        earliest: lower bound on each start by release, lags and calendars.
        latest: upper bound on each end by deadline and lags; the horizon where there is none.
        horizon: an optimal plan ends by this tick, if there is any plan.
        previous: published ``(mode or -1, start)`` of each operation, or None.
        levels: the objective, first level first.
        clients: clients with due runs.
        move_prices: price of a move of each operation in `previous`, by its published start.
        extras: rules that not every search knows.
    """

    problem: Problem
    names: tuple[str, ...]
    run_of: tuple[int, ...]
    modes: tuple[tuple[ModeData, ...], ...]
    successors: tuple[tuple[LagData, ...], ...]
    predecessors: tuple[tuple[LagData, ...], ...]
    machines: tuple[MachineData, ...]
    runs: tuple[RunData, ...]
    profiles: tuple[tuple[tuple[int, int], ...], ...]
    pools: int
    fixed: tuple[int, ...]
    setup_floor: tuple[int, ...]
    earliest: tuple[int, ...]
    latest: tuple[int, ...]
    horizon: int
    previous: tuple[tuple[int, int] | None, ...]
    levels: tuple[LevelData, ...]
    clients: tuple[ClientData, ...] = ()
    move_prices: tuple[int, ...] = ()
    extras: frozenset[Extra] = frozenset()
