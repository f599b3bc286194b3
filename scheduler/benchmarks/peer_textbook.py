"""A plain CP-SAT model as textbooks have it, with CP-SAT's own defaults.

An optional interval per mode, one NoOverlap per machine, one Cumulative per pool. Closed hours are
intervals that nothing overlaps but operations that may pause, which take their working time only:
in the model's favour, as are setups, walls, attendance windows and later levels, all left out.
"""

from time import monotonic

from ortools.sat.python import cp_model

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance import Instance

Choice = tuple[int, int, int]


class Textbook:
    """One instance as a plain model.

    Args:
        instance: the compiled problem.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._model = cp_model.CpModel()
        count = len(instance.names)
        self._starts = [self._model.new_int_var(0, instance.horizon, "") for _ in range(count)]
        self._ends = [self._model.new_int_var(0, instance.horizon, "") for _ in range(count)]
        self._chosen: list[list[cp_model.IntVar]] = []
        self._on: list[list[cp_model.IntervalVar]] = [[] for _ in instance.machines]
        self._pausing: list[list[cp_model.IntervalVar]] = [[] for _ in instance.machines]
        self._drawn: list[list[tuple[cp_model.IntervalVar, int]]] = [
            [] for _ in range(instance.pools)
        ]
        pausable = [each.pausable for run in instance.problem.runs for each in run.operations]
        for operation in range(count):
            self._add_modes(operation, pauses=pausable[operation])
            self._add_lags(operation)
        self._add_resources()
        self._model.minimize(self._objective())

    def _add_modes(self, operation: int, *, pauses: bool) -> None:
        start, end = self._starts[operation], self._ends[operation]
        instance = self._instance
        self._model.add(start >= instance.earliest[operation])
        self._model.add(end <= instance.latest[operation])
        if instance.fixed[operation] >= 0:
            self._model.add(start == instance.fixed[operation])
        literals: list[cp_model.IntVar] = []
        for mode in instance.modes[operation]:
            literal = self._model.new_bool_var("")
            interval = self._model.new_optional_interval_var(start, mode.ticks, end, literal, "")
            (self._pausing if pauses else self._on)[mode.machine].append(interval)
            for pool, units, _ in mode.draws:
                if pool < instance.pools:
                    self._drawn[pool].append((interval, units))
            literals.append(literal)
        self._model.add_exactly_one(literals)
        self._chosen.append(literals)

    def _add_lags(self, operation: int) -> None:
        for lag in self._instance.successors[operation]:
            waited = self._starts[lag.other] - self._ends[operation]
            self._model.add(waited >= lag.minimum)
            if lag.maximum is not None:
                self._model.add(waited <= lag.maximum)

    def _add_resources(self) -> None:
        problem, model = self._instance.problem, self._model
        opened = {each.id: each.open for each in problem.calendars}
        for machine, (on, pausing) in zip(
            problem.machines, zip(self._on, self._pausing, strict=True), strict=True
        ):
            model.add_no_overlap([*on, *pausing])
            if machine.calendar is not None:
                spans = opened[machine.calendar]
                edges = [0, *(tick for span in spans for tick in (span.start, span.end))]
                closed = zip(edges[::2], [*edges[1::2], self._instance.horizon], strict=False)
                breaks = [
                    model.new_fixed_size_interval_var(start, end - start, "")
                    for start, end in closed
                    if start < end
                ]
                model.add_no_overlap([*on, *breaks])
        for pool, drawn in enumerate(self._drawn):
            most = max(units for _, units in self._instance.profiles[pool])
            intervals = [interval for interval, _ in drawn]
            model.add_cumulative(intervals, [units for _, units in drawn], most)

    def _objective(self) -> cp_model.LinearExprT:
        instance, model = self._instance, self._model
        weights = instance.levels[0].weights
        terms: list[cp_model.LinearExprT] = []
        if Goal.MAKESPAN in weights:
            makespan = model.new_int_var(0, instance.horizon, "")
            model.add_max_equality(makespan, self._ends)
            terms.append(weights[Goal.MAKESPAN] * makespan)
        if Goal.WEIGHTED_TARDINESS in weights:
            for run in instance.runs:
                if run.due is not None:
                    late = model.new_int_var(0, instance.horizon, "")
                    for operation in run.operations:
                        model.add(late >= self._ends[operation] - run.due)
                    terms.append(weights[Goal.WEIGHTED_TARDINESS] * run.weight * late)
        return sum(terms)

    def solve(self, until: float) -> tuple[list[Choice] | None, float]:
        """Return the best solution by monotonic second `until`, or None, and the lower bound."""
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = max(1.0, until - monotonic())
        status = solver.solve(self._model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None, solver.best_objective_bound
        return [
            (
                next(
                    mode for mode, literal in enumerate(self._chosen[each]) if solver.value(literal)
                ),
                solver.value(self._starts[each]),
                solver.value(self._ends[each]),
            )
            for each in range(len(self._starts))
        ], solver.best_objective_bound
