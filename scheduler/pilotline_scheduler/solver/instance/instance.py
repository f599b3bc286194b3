"""A problem in whole numbers: ids are positions, calendars are pieces of starts."""

from dataclasses import dataclass

from pilotline_scheduler.problem import Goal, Interval, Problem
from pilotline_scheduler.solver.instance.starts import Starts


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
    """

    machine: int
    starts: Starts
    ticks: int
    state: int
    draws: tuple[tuple[int, int, int], ...]
    hall: int


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
    """A machine: its changeover, or None, and the state it is in at tick 0, or -1."""

    changeover: ChangeoverData | None
    initial: int


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
class LevelData:
    """A priority level of the objective: weight by goal."""

    weights: dict[Goal, int]


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
