"""Compiles modes: where and when an operation may run, and what it takes meanwhile."""

from collections import defaultdict
from collections.abc import Mapping

from pilotline_scheduler.problem import (
    Calendar,
    Changeover,
    Goal,
    Interval,
    Machine,
    Mode,
    Operation,
    Problem,
    Run,
    Running,
)
from pilotline_scheduler.solver.instance.errors import NoPlanError
from pilotline_scheduler.solver.instance.instance import ModeData
from pilotline_scheduler.solver.instance.meter import Meter
from pilotline_scheduler.solver.instance.running import Steps, entered_states, raised
from pilotline_scheduler.solver.instance.starts import Starts, starts

WALL = 2**30
"""Capacity of a walled client's profile in a hall: its operations take 1, its foes need it all."""


class ModeCompiler:
    """Compiles the modes of a problem one by one.

    Args:
        problem: a validated problem.

    Attributes:
        machines, calendars, changeovers: by id.
        machine_at, pool_at: position by id.
        entered: setup states that running operations are in, by machine.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.machine_at = {each.id: index for index, each in enumerate(problem.machines)}
        self.machines: Mapping[str, Machine] = {each.id: each for each in problem.machines}
        self.calendars: dict[str | None, Calendar] = {each.id: each for each in problem.calendars}
        self.changeovers: dict[str | None, Changeover] = {
            each.id: each for each in problem.changeovers
        }
        self.pool_at = {each.id: index for index, each in enumerate(problem.pools)}
        self.entered = entered_states(problem, self.machines, self.changeovers)
        self._capacity = [max(units for _, units in pool.levels) for pool in problem.pools]
        self._walls = self._wall_profiles()
        self._halls = {hall: index for index, hall in enumerate(_halls(problem))}
        self._starts: dict[tuple[object, ...], Starts] = {}
        self._families: dict[tuple[str, str, bool], int] = {}
        self._meters: dict[tuple[Goal, str | None], Meter] = {}
        self._goals = {term.goal for term in problem.objective.terms}
        self._held: dict[int, list[tuple[int, int, int]]] = defaultdict(list)

    def profiles(self) -> tuple[Steps, ...]:
        """Return the capacity steps of pools, then of walled clients in halls.

        What running operations hold together is there, even where it is more than a pool has.
        """
        pools = (
            raised(pool.levels, self._held[index]) for index, pool in enumerate(self._problem.pools)
        )
        return (*pools, *(((0, WALL),) for _ in self._walls))

    def running(self, run: Run, operation: Operation, running: Running) -> ModeData:
        """Return the only mode of an operation that runs already."""
        mode = next(each for each in operation.modes if each.machine == running.machine)
        span = running.end - running.start
        found = self._mode(
            run, operation, mode, Starts.of([(running.start, running.start, span)]), running=True
        )
        held = [(profile, running.start, running.end, taken) for profile, _, taken in found.draws]
        for profile, units in found.freed:
            held += [(profile, *part, units) for part in found.worked(running.start, running.end)]
        for profile, start, end, units in held:
            if profile < len(self.pool_at):
                self._held[profile].append((start, end, units))
        return found

    def modes(self, run: Run, operation: Operation, wanted: str | None) -> tuple[ModeData, ...]:
        """Return the modes that an operation may have.

        Args:
            run: its run.
            operation: the operation.
            wanted: the machine it is decided to be on, or None.

        Raises:
            NoPlanError: it has none.
        """
        found = [
            self._mode(run, operation, mode, self._starts_of(run, operation, mode), running=False)
            for mode in operation.modes
            if wanted in (None, mode.machine) and self._can_be_lent(mode)
        ]
        if not found:
            message = f"operation {operation.id!r} asks for more of a pool than there ever is"
            raise NoPlanError(message)
        return tuple(found)

    def _can_be_lent(self, mode: Mode) -> bool:
        return mode.ticks == 0 or all(
            units <= self._capacity[self.pool_at[pool]] for pool, units in mode.demands
        )

    def _mode(
        self, run: Run, operation: Operation, mode: Mode, possible: Starts, *, running: bool
    ) -> ModeData:
        machine = self.machines[mode.machine]
        opened = None if machine.calendar is None else self.calendars[machine.calendar].open
        windows = opened if operation.pausable else None
        freed = mode.freed_in_pauses if windows is not None else ()
        return ModeData(
            machine=self.machine_at[machine.id],
            starts=possible,
            ticks=_open_ticks(possible, windows) if running else mode.ticks,
            state=self._state(operation, machine, running=running),
            draws=self._draws(run.client, machine, mode, freed, running)
            if mode.ticks or running
            else (),
            hall=-1 if machine.hall is None else self._halls[machine.hall],
            family=self._family(machine, mode, running=running),
            places=0 if running else mode.places,
            freed=tuple(
                (self.pool_at[pool], units) for pool, units in mode.demands if pool in freed
            ),
            windows=windows,
            meters=self._meters_of(machine, pausable=operation.pausable) if mode.energy else (),
            energy=mode.energy,
        )

    def _state(self, operation: Operation, machine: Machine, *, running: bool) -> int:
        state = operation.setup_state
        if state is None or machine.changeover is None:
            return -1
        states = self.changeovers[machine.changeover].states
        if running:
            return len(states) + self.entered[machine.id].index(state)
        return states.index(state)

    def _family(self, machine: Machine, mode: Mode, *, running: bool) -> int:
        """Return the number of a mode's batch family; nothing joins a batch that runs already."""
        if mode.batch is None or machine.places == 1:
            return -1
        key = (machine.id, mode.batch, running)
        return self._families.setdefault(key, len(self._families))

    def _starts_of(self, run: Run, operation: Operation, mode: Mode) -> Starts:
        calendar = self.machines[mode.machine].calendar
        windows = run.attendance if operation.attended else ()
        key = (calendar, mode.ticks, operation.pausable, windows)
        if key not in self._starts:
            opened = None if calendar is None else self.calendars[calendar].open
            found = starts(opened, mode.ticks, pausable=operation.pausable)
            self._starts[key] = found.within(windows) if windows else found
        return self._starts[key]

    def _draws(
        self, client: str, machine: Machine, mode: Mode, freed: tuple[str, ...], running: bool
    ) -> tuple[tuple[int, int, int], ...]:
        draws = [
            (self.pool_at[pool], units, units) for pool, units in mode.demands if pool not in freed
        ]
        if machine.hall is not None and (machine.hall, client) in self._walls:
            own, foes = self._walls[machine.hall, client]
            draws.append((own, 0, 1))
            if not running:
                draws.extend((self._walls[machine.hall, foe][0], WALL, 0) for foe in sorted(foes))
        return tuple(draws)

    def _meters_of(self, machine: Machine, *, pausable: bool) -> tuple[tuple[Goal, Meter], ...]:
        calendar = machine.calendar if pausable else None
        opened = None if calendar is None else self.calendars[calendar].open
        steps = {
            Goal.ENERGY_COST: self._problem.tariff,
            Goal.EMISSIONS: self._problem.intensity,
        }
        for goal in steps.keys() & self._goals:
            if (goal, calendar) not in self._meters:
                self._meters[goal, calendar] = Meter.of(steps[goal], opened)
        return tuple((goal, self._meters[goal, calendar]) for goal in steps if goal in self._goals)

    def _wall_profiles(self) -> dict[tuple[str, str], tuple[int, set[str]]]:
        """Return profile and foes of every walled client in every hall a wall stands in."""
        foes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for wall in self._problem.walls:
            one, other = wall.clients
            for hall in wall.halls or _halls(self._problem):
                foes[hall, one].add(other)
                foes[hall, other].add(one)
        return {
            key: (len(self._problem.pools) + index, others)
            for index, (key, others) in enumerate(foes.items())
        }


def _halls(problem: Problem) -> list[str]:
    return sorted({machine.hall for machine in problem.machines if machine.hall is not None})


def _open_ticks(fixed: Starts, windows: tuple[Interval, ...] | None) -> int:
    """Return the ticks that an operation with one possible start works in open windows."""
    start, end = fixed.low[0], fixed.last_end[0]
    if windows is None:
        return end - start
    return sum(max(0, min(end, each.end) - max(start, each.start)) for each in windows)
