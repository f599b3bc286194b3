"""Compiles a validated problem into whole numbers."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from pilotline_scheduler.problem import Goal, Machine, Operation, Problem, Run
from pilotline_scheduler.solver.instance.errors import NoPlanError
from pilotline_scheduler.solver.instance.instance import (
    ChangeoverData,
    Extra,
    Instance,
    LagData,
    MachineData,
    ModeData,
    RunData,
)
from pilotline_scheduler.solver.instance.levels import clients, levels, move_price
from pilotline_scheduler.solver.instance.modes import ModeCompiler
from pilotline_scheduler.solver.instance.running import with_entered
from pilotline_scheduler.solver.instance.starts import FOREVER
from pilotline_scheduler.solver.instance.time_windows import horizon, time_windows

Modes = tuple[tuple[ModeData, ...], ...]


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
        self._running = {each.operation: each for each in problem.running}
        self._decisions = _decisions(problem, self._running)
        self._modes = ModeCompiler(problem)

    def instance(self) -> Instance:
        """Return the compiled problem."""
        problem = self._problem
        placed = [(run, operation) for run in problem.runs for operation in run.operations]
        at = {operation.id: index for index, (_, operation) in enumerate(placed)}
        modes = tuple(self._modes_of(run, operation) for run, operation in placed)
        successors, predecessors = _lags(problem, at, self._running)
        fixed = tuple(self._fixed(operation) for _, operation in placed)
        end = horizon(problem, modes, self._longest_setups())
        earliest, latest = time_windows(
            modes,
            successors,
            predecessors,
            [self._earliest(run, operation) for run, operation in placed],
            [self._latest(run, operation, end) for run, operation in placed],
            fixed,
        )
        _check_windows(placed, modes, earliest, latest)
        shares = clients(problem)
        move_prices = self._move_prices(at)
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
            profiles=self._modes.profiles(),
            pools=len(problem.pools),
            fixed=fixed,
            setup_floor=tuple(0 if start >= 0 else problem.frozen_until for start in fixed),
            earliest=earliest,
            latest=latest,
            horizon=end,
            previous=self._previous(at, modes),
            levels=levels(problem, shares),
            clients=shares,
            move_prices=move_prices,
            extras=_extras(problem, modes, move_prices),
        )

    def _modes_of(self, run: Run, operation: Operation) -> tuple[ModeData, ...]:
        running = self._running.get(operation.id)
        if running is not None:
            return (self._modes.running(run, operation, running),)
        decision = self._decisions.get(operation.id)
        return self._modes.modes(run, operation, None if decision is None else decision.machine)

    def _fixed(self, operation: Operation) -> int:
        if operation.id in self._running:
            return self._running[operation.id].start
        decision = self._decisions.get(operation.id)
        return -1 if decision is None or decision.start is None else decision.start

    def _earliest(self, run: Run, operation: Operation) -> int:
        if operation.id in self._running:
            return 0
        fixed = self._fixed(operation)
        return max(run.release, self._problem.frozen_until if fixed < 0 else 0)

    def _latest(self, run: Run, operation: Operation, end: int) -> int:
        return end if run.deadline is None or operation.id in self._running else run.deadline

    def _machine(self, machine: Machine) -> MachineData:
        if machine.changeover is None:
            return MachineData(None, -1, machine.places)
        changeover = self._modes.changeovers[machine.changeover]
        initial = machine.initial_setup
        bound = machine.calendar is not None and not changeover.during_closed_hours
        entered = [
            changeover.states.index(each) for each in self._modes.entered.get(machine.id, ())
        ]
        pool = changeover.pool
        return MachineData(
            ChangeoverData(
                ticks=with_entered(changeover.ticks, entered),
                cost=with_entered(changeover.cost, entered),
                pool=-1 if pool is None else self._modes.pool_at[pool],
                units=changeover.pool_units,
                windows=self._modes.calendars[machine.calendar].open if bound else None,
            ),
            -1 if initial is None else changeover.states.index(initial),
            machine.places,
        )

    def _longest_setups(self) -> dict[int, int]:
        """Return the longest changeover of each machine that has one."""
        changeovers = self._modes.changeovers
        return {
            self._modes.machine_at[machine.id]: max(
                (max(row) for row in changeovers[machine.changeover].ticks), default=0
            )
            for machine in self._problem.machines
            if machine.changeover is not None
        }

    def _previous(self, at: dict[str, int], modes: Modes) -> tuple[tuple[int, int] | None, ...]:
        found: list[tuple[int, int] | None] = [None] * len(at)
        for planned in self._problem.previous:
            operation = at[planned.operation]
            machine = self._modes.machine_at.get(planned.machine, -1)
            mode = next(
                (i for i, each in enumerate(modes[operation]) if each.machine == machine), -1
            )
            found[operation] = (mode, planned.start)
        return tuple(found)

    def _move_prices(self, at: dict[str, int]) -> tuple[int, ...]:
        prices = [1] * len(at)
        for planned in self._problem.previous:
            prices[at[planned.operation]] = move_price(self._problem, planned.start)
        return tuple(prices)


def _extras(problem: Problem, modes: Modes, move_prices: Sequence[int]) -> frozenset[Extra]:
    flat = [mode for each in modes for mode in each]
    goals = {term.goal for term in problem.objective.terms}
    present = {
        Extra.BATCHES: any(mode.family >= 0 for mode in flat),
        Extra.FREED_IN_PAUSES: any(mode.freed for mode in flat),
        Extra.NOTICE: any(price != 1 for price in move_prices),
        Extra.FAIRNESS: Goal.FAIRNESS in goals,
        Extra.ENERGY: bool(goals & {Goal.ENERGY_COST, Goal.EMISSIONS}),
    }
    return frozenset(extra for extra, there in present.items() if there)


def _decisions(problem: Problem, running: Container[str]) -> dict[str, _Decision]:
    found = {
        planned.operation: _Decision(planned.machine, planned.start)
        for planned in problem.previous
        if planned.start < problem.frozen_until and planned.operation not in running
    }
    for pin in problem.pins:
        frozen = found.get(pin.operation, _Decision(None, None))
        found[pin.operation] = _Decision(
            frozen.machine if pin.machine is None else pin.machine,
            frozen.start if pin.start is None else pin.start,
        )
    return found


def _lags(
    problem: Problem, at: dict[str, int], running: Container[str]
) -> tuple[tuple[tuple[LagData, ...], ...], tuple[tuple[LagData, ...], ...]]:
    """Return lags by earlier and by later operation; none leads to what runs already."""
    successors: list[list[LagData]] = [[] for _ in at]
    predecessors: list[list[LagData]] = [[] for _ in at]
    for run in problem.runs:
        for lag in run.lags:
            if lag.after not in running:
                before, after = at[lag.before], at[lag.after]
                successors[before].append(LagData(after, lag.minimum, lag.maximum))
                predecessors[after].append(LagData(before, lag.minimum, lag.maximum))
    return tuple(map(tuple, successors)), tuple(map(tuple, predecessors))


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
