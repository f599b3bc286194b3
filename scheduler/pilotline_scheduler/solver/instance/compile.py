"""Compiles a validated problem into whole numbers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pilotline_scheduler.problem import (
    Calendar,
    Changeover,
    Goal,
    Lag,
    Machine,
    Mode,
    Operation,
    Problem,
    Run,
)
from pilotline_scheduler.solver.instance.instance import (
    ChangeoverData,
    Instance,
    LagData,
    LevelData,
    MachineData,
    ModeData,
    RunData,
)
from pilotline_scheduler.solver.instance.starts import FOREVER, Starts, starts
from pilotline_scheduler.solver.instance.time_windows import horizon, time_windows

WALL = 2**30
"""Capacity of a walled client's profile in a hall: its operations take 1, its foes need it all."""


class NoPlanError(Exception):
    """The problem has no plan, found while compiling; the message says why."""


@dataclass(frozen=True, slots=True)
class _Decision:
    """What pins and the frozen horizon fix of an operation."""

    machine: str | None
    start: int | None


def compile_problem(problem: Problem) -> Instance:
    """Return the compiled problem.

    Raises:
        NoPlanError: an operation fits on none of its machines, whatever the others do.
    """
    return _Compiler(problem).instance()


class _Compiler:
    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._machine_at = {each.id: index for index, each in enumerate(problem.machines)}
        self._machines = {each.id: each for each in problem.machines}
        self._calendars: dict[str | None, Calendar] = {each.id: each for each in problem.calendars}
        self._changeovers: dict[str | None, Changeover] = {
            each.id: each for each in problem.changeovers
        }
        self._pool_at = {each.id: index for index, each in enumerate(problem.pools)}
        self._capacity = [max(units for _, units in pool.levels) for pool in problem.pools]
        self._profiles: list[tuple[tuple[int, int], ...]] = [pool.levels for pool in problem.pools]
        self._walls = self._wall_profiles()
        self._halls = {hall: index for index, hall in enumerate(_halls(problem))}
        self._starts: dict[tuple[object, ...], Starts] = {}
        self._decisions = _decisions(problem)

    def instance(self) -> Instance:
        """Return the compiled problem."""
        problem = self._problem
        placed = [(run, operation) for run in problem.runs for operation in run.operations]
        at = {operation.id: index for index, (_, operation) in enumerate(placed)}
        modes = tuple(self._modes(run, operation) for run, operation in placed)
        successors, predecessors = _lags(problem, at)
        fixed = tuple(self._fixed(operation) for _, operation in placed)
        end = horizon(problem, modes, self._longest_setups())
        earliest, latest = time_windows(
            modes,
            successors,
            predecessors,
            [self._earliest(run, operation) for run, operation in placed],
            [end if run.deadline is None else run.deadline for run, _ in placed],
            fixed,
        )
        _check_windows(placed, modes, earliest, latest)
        return Instance(
            problem=problem,
            names=tuple(operation.id for _, operation in placed),
            run_of=tuple(index for index, run in enumerate(problem.runs) for _ in run.operations),
            modes=modes,
            successors=successors,
            predecessors=predecessors,
            machines=tuple(self._machine(machine) for machine in problem.machines),
            runs=tuple(
                RunData(tuple(at[each.id] for each in run.operations), run.due, run.weight)
                for run in problem.runs
            ),
            profiles=tuple(self._profiles),
            pools=len(problem.pools),
            fixed=fixed,
            setup_floor=tuple(0 if start >= 0 else problem.frozen_until for start in fixed),
            earliest=earliest,
            latest=latest,
            horizon=end,
            previous=self._previous(at, modes),
            levels=_levels(problem),
        )

    def _wall_profiles(self) -> dict[tuple[str, str], tuple[int, set[str]]]:
        """Return profile and foes of every walled client in every hall a wall stands in."""
        foes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for wall in self._problem.walls:
            one, other = wall.clients
            for hall in wall.halls or _halls(self._problem):
                foes[hall, one].add(other)
                foes[hall, other].add(one)
        found: dict[tuple[str, str], tuple[int, set[str]]] = {}
        for key, others in foes.items():
            found[key] = (len(self._profiles), others)
            self._profiles.append(((0, WALL),))
        return found

    def _fixed(self, operation: Operation) -> int:
        decision = self._decisions.get(operation.id)
        return -1 if decision is None or decision.start is None else decision.start

    def _earliest(self, run: Run, operation: Operation) -> int:
        fixed = self._fixed(operation)
        return max(run.release, self._problem.frozen_until if fixed < 0 else 0)

    def _modes(self, run: Run, operation: Operation) -> tuple[ModeData, ...]:
        decision = self._decisions.get(operation.id)
        wanted = None if decision is None else decision.machine
        found = [
            self._mode(run, operation, mode)
            for mode in operation.modes
            if wanted in (None, mode.machine) and self._can_be_lent(mode)
        ]
        if not found:
            message = f"operation {operation.id!r} asks for more of a pool than there ever is"
            raise NoPlanError(message)
        return tuple(found)

    def _can_be_lent(self, mode: Mode) -> bool:
        return mode.ticks == 0 or all(
            units <= self._capacity[self._pool_at[pool]] for pool, units in mode.demands
        )

    def _mode(self, run: Run, operation: Operation, mode: Mode) -> ModeData:
        machine = self._machines[mode.machine]
        state = -1
        if operation.setup_state is not None and machine.changeover is not None:
            states = self._changeovers[machine.changeover].states
            state = states.index(operation.setup_state)
        return ModeData(
            machine=self._machine_at[machine.id],
            starts=self._starts_of(run, operation, mode),
            ticks=mode.ticks,
            state=state,
            draws=self._draws(run.client, machine, mode) if mode.ticks else (),
            hall=-1 if machine.hall is None else self._halls[machine.hall],
        )

    def _starts_of(self, run: Run, operation: Operation, mode: Mode) -> Starts:
        calendar = self._machines[mode.machine].calendar
        windows = run.attendance if operation.attended else ()
        key = (calendar, mode.ticks, operation.pausable, windows)
        if key not in self._starts:
            opened = None if calendar is None else self._calendars[calendar].open
            found = starts(opened, mode.ticks, pausable=operation.pausable)
            self._starts[key] = found.within(windows) if windows else found
        return self._starts[key]

    def _draws(self, client: str, machine: Machine, mode: Mode) -> tuple[tuple[int, int, int], ...]:
        draws = [(self._pool_at[pool], units, units) for pool, units in mode.demands]
        if machine.hall is not None and (machine.hall, client) in self._walls:
            own, foes = self._walls[machine.hall, client]
            draws.append((own, 0, 1))
            draws.extend((self._walls[machine.hall, foe][0], WALL, 0) for foe in sorted(foes))
        return tuple(draws)

    def _machine(self, machine: Machine) -> MachineData:
        if machine.changeover is None:
            return MachineData(None, -1)
        changeover = self._changeovers[machine.changeover]
        initial = machine.initial_setup
        bound = machine.calendar is not None and not changeover.during_closed_hours
        return MachineData(
            ChangeoverData(
                ticks=changeover.ticks,
                cost=changeover.cost,
                pool=-1 if changeover.pool is None else self._pool_at[changeover.pool],
                units=changeover.pool_units,
                windows=self._calendars[machine.calendar].open if bound else None,
            ),
            -1 if initial is None else changeover.states.index(initial),
        )

    def _longest_setups(self) -> dict[int, int]:
        """Return the longest changeover of each machine that has one."""
        return {
            self._machine_at[machine.id]: max(
                (max(row) for row in self._changeovers[machine.changeover].ticks), default=0
            )
            for machine in self._problem.machines
            if machine.changeover is not None
        }

    def _previous(
        self, at: dict[str, int], modes: tuple[tuple[ModeData, ...], ...]
    ) -> tuple[tuple[int, int] | None, ...]:
        found: list[tuple[int, int] | None] = [None] * len(at)
        for planned in self._problem.previous:
            operation = at[planned.operation]
            machine = self._machine_at.get(planned.machine, -1)
            mode = next(
                (i for i, each in enumerate(modes[operation]) if each.machine == machine), -1
            )
            found[operation] = (mode, planned.start)
        return tuple(found)


def _halls(problem: Problem) -> list[str]:
    return sorted({machine.hall for machine in problem.machines if machine.hall is not None})


def _decisions(problem: Problem) -> dict[str, _Decision]:
    found = {
        planned.operation: _Decision(planned.machine, planned.start)
        for planned in problem.previous
        if planned.start < problem.frozen_until
    }
    for pin in problem.pins:
        frozen = found.get(pin.operation, _Decision(None, None))
        found[pin.operation] = _Decision(
            frozen.machine if pin.machine is None else pin.machine,
            frozen.start if pin.start is None else pin.start,
        )
    return found


def _lags(
    problem: Problem, at: dict[str, int]
) -> tuple[tuple[tuple[LagData, ...], ...], tuple[tuple[LagData, ...], ...]]:
    successors: list[list[LagData]] = [[] for _ in at]
    predecessors: list[list[LagData]] = [[] for _ in at]
    for lag in _all_lags(problem):
        before, after = at[lag.before], at[lag.after]
        successors[before].append(LagData(after, lag.minimum, lag.maximum))
        predecessors[after].append(LagData(before, lag.minimum, lag.maximum))
    return tuple(map(tuple, successors)), tuple(map(tuple, predecessors))


def _all_lags(problem: Problem) -> Sequence[Lag]:
    return [lag for run in problem.runs for lag in run.lags]


def _levels(problem: Problem) -> tuple[LevelData, ...]:
    levels: dict[int, dict[Goal, int]] = defaultdict(lambda: defaultdict(int))
    for term in problem.objective.terms:
        levels[term.priority][term.goal] += term.weight
    return tuple(LevelData(dict(weights)) for _, weights in sorted(levels.items()))


def _check_windows(
    placed: list[tuple[Run, Operation]],
    modes: tuple[tuple[ModeData, ...], ...],
    earliest: Sequence[int],
    latest: Sequence[int],
) -> None:
    for (run, operation), choices, low, high in zip(placed, modes, earliest, latest, strict=True):
        firsts = (mode.starts.first(low) for mode in choices)
        ends = [found[0] + found[1] for found in firsts if found is not None]
        if min(ends, default=FOREVER) > high:
            message = (
                f"operation {operation.id!r} of run {run.id!r} fits on none of its machines "
                f"between ticks {low} and {high}"
            )
            raise NoPlanError(message)
