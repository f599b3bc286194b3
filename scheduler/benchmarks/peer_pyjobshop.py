"""Our problems as PyJobShop can say them; what it cannot say is left out, in its favour.

Left out: attendance windows, walls, capacities that change in time (a pool has its most at all
times), setups from a machine's first state, setups that draw on a pool or wait for open hours,
machines' setups where a pair of operations needs more than `MOST_SETUPS` statements in all, and
all priority levels but the first.
"""

from itertools import permutations
from time import monotonic

from pyjobshop import Model, ScheduledTask, Solution
from pyjobshop.Model import Machine, Task

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance import FOREVER, Instance, Schedule

MOST_SETUPS = 1_000_000
"""Statements of setups, one per machine and pair of operations; more take longer than a solve."""

Choice = tuple[int, int, int]
"""Mode, start and end of an operation."""


class PyJobShop:
    """One instance in PyJobShop's words.

    Args:
        instance: the compiled problem.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._model = Model()
        self._machines = [self._machine(index) for index in range(len(instance.machines))]
        self._pools = [
            self._model.add_renewable(max(units for _, units in instance.profiles[pool]))
            for pool in range(instance.pools)
        ]
        self._tasks = self._add_tasks()
        self._modes = [
            (operation, mode)
            for operation, modes in enumerate(instance.modes)
            for mode in range(len(modes))
        ]
        for operation, mode in self._modes:
            self._add_mode(operation, mode)
        self._add_lags()
        self._add_setups()
        self._set_objective()

    def _machine(self, index: int) -> Machine:
        problem = self._instance.problem
        name = problem.machines[index].calendar
        opened = [each.open for each in problem.calendars if each.id == name]
        edges = [0, *(tick for span in (opened or [()])[0] for tick in (span.start, span.end))]
        breaks = [
            (start, end) for start, end in zip(edges[::2], edges[1::2], strict=False) if start < end
        ]
        return self._model.add_machine(breaks=breaks)

    def _add_tasks(self) -> list[Task]:
        instance = self._instance
        tasks: list[Task] = []
        for run in instance.problem.runs:
            job = self._model.add_job(weight=run.weight, release_date=run.release, due_date=run.due)
            for operation in run.operations:
                index = len(tasks)
                fixed = instance.fixed[index]
                tasks.append(
                    self._model.add_task(
                        job=job,
                        earliest_start=instance.earliest[index],
                        **({"latest_start": fixed} if fixed >= 0 else {}),
                        **({} if run.deadline is None else {"latest_end": run.deadline}),
                        allow_breaks=operation.pausable,
                    )
                )
        return tasks

    def _add_mode(self, operation: int, mode: int) -> None:
        data = self._instance.modes[operation][mode]
        pools = [(pool, units) for pool, units, _ in data.draws if pool < self._instance.pools]
        self._model.add_mode(
            self._tasks[operation],
            [self._machines[data.machine], *(self._pools[pool] for pool, _ in pools)],
            data.ticks,
            [0, *(units for _, units in pools)],
        )

    def _add_lags(self) -> None:
        for operation, lags in enumerate(self._instance.successors):
            for lag in lags:
                one, other = self._tasks[operation], self._tasks[lag.other]
                self._model.add_end_before_start(one, other, delay=lag.minimum)
                if lag.maximum is not None:
                    self._model.add_start_before_end(other, one, delay=-lag.maximum)

    def _add_setups(self) -> None:
        states: list[dict[int, int]] = [{} for _ in self._machines]
        for operation, modes in enumerate(self._instance.modes):
            for mode in modes:
                if mode.state >= 0:
                    states[mode.machine][operation] = mode.state
        if sum(len(each) ** 2 for each in states) > MOST_SETUPS:
            return
        for machine, found in enumerate(states):
            changeover = self._instance.machines[machine].changeover
            if changeover is None:
                continue
            for (one, before), (other, after) in permutations(found.items(), 2):
                if ticks := changeover.ticks[before][after]:
                    self._model.add_setup_time(
                        self._machines[machine], self._tasks[one], self._tasks[other], ticks
                    )

    def _set_objective(self) -> None:
        weights = self._instance.levels[0].weights
        self._model.set_objective(
            weight_makespan=weights.get(Goal.MAKESPAN, 0),
            weight_total_tardiness=weights.get(Goal.WEIGHTED_TARDINESS, 0),
            weight_tardy_jobs=weights.get(Goal.TARDY_RUNS, 0),
        )

    def solve(self, until: float, first: Schedule | None) -> tuple[list[Choice] | None, float]:
        """Return the best solution, or None, and the lower bound.

        Args:
            until: monotonic seconds; building the model for the solver is not counted.
            first: a plan to start from, or None.
        """
        data = self._model.data()
        start = None if first is None else Solution(data, self._scheduled(first))
        left = max(1.0, until - monotonic())
        result = self._model.solve(time_limit=left, display=False, initial_solution=start)
        if not result.best.tasks:
            return None, result.lower_bound
        choices = [(self._modes[t.mode][1], t.start, t.end) for t in result.best.tasks]
        return choices, result.lower_bound

    def _scheduled(self, schedule: Schedule) -> list[ScheduledTask]:
        places = {pair: index for index, pair in enumerate(self._modes)}
        found: list[ScheduledTask] = []
        for operation, mode in enumerate(schedule.mode):
            data = self._instance.modes[operation][mode]
            pools = [
                len(self._machines) + pool
                for pool, _, _ in data.draws
                if pool < self._instance.pools
            ]
            start, end = schedule.start[operation], schedule.end[operation]
            found.append(
                ScheduledTask(
                    places[operation, mode],
                    [data.machine, *pools],
                    start,
                    end,
                    breaks=min(FOREVER, end - start - data.ticks),
                )
            )
        return found
