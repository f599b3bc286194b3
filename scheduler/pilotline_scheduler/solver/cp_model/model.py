"""One CP-SAT model for all scopes: built in three parts, and read back into a schedule."""

from collections.abc import Callable, Container, Sequence

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.batches import add_batches
from pilotline_scheduler.solver.cp_model.changeovers import add_changeovers
from pilotline_scheduler.solver.cp_model.constraints import (
    add_lags,
    add_machines,
    add_pools,
    add_walls,
)
from pilotline_scheduler.solver.cp_model.draft import Draft
from pilotline_scheduler.solver.cp_model.objective import add_objective, latest_ends
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.cp_model.variables import add_activities
from pilotline_scheduler.solver.instance import Instance, Schedule, changeovers, mates

Value = Callable[[cp_model.LinearExprT], int]


class PlanModel:
    """The CP-SAT model of a scope, minimising one level.

    Args:
        instance: what is planned.
        scope: what may change.
        level: the level to minimise; those before it do not get worse.
        value: objective of the base plan, or None without one.

    Raises:
        EmptyDomainError: an operation has no start left.
    """

    def __init__(
        self, instance: Instance, scope: Scope, level: int, value: tuple[int, ...] | None
    ) -> None:
        self._draft = Draft(instance, scope)
        add_activities(self._draft, latest_ends(instance, value))
        add_batches(self._draft)
        add_lags(self._draft)
        add_machines(self._draft)
        add_changeovers(self._draft)
        add_pools(self._draft)
        add_walls(self._draft)
        add_objective(self._draft, level, value)

    @property
    def proto(self) -> cp_model.CpModel:
        """The model as CP-SAT takes it."""
        return self._draft.model

    def schedule(self, value: Value) -> Schedule:
        """Return the schedule in a solution.

        Args:
            value: value of a variable.
        """
        draft = self._draft
        count = len(draft.instance.names)
        modes, starts, ends = ([0] * count for _ in range(3))
        if draft.base is not None:
            modes, starts, ends = map(list, (draft.base.mode, draft.base.start, draft.base.end))
        for operation in draft.movers:
            activity = draft.activity(operation)
            option, span = next(
                (option, span)
                for option in activity.options
                for span in option.spans
                if span.literal is draft.true or value(span.literal)
            )
            modes[operation] = option.mode
            starts[operation] = value(activity.start)
            ends[operation] = starts[operation] + span.size
        schedule = Schedule(tuple(modes), tuple(starts), tuple(starts), tuple(ends))
        return Schedule(
            schedule.mode, self._setup_starts(schedule, value), schedule.start, schedule.end
        )

    def _setup_starts(self, schedule: Schedule, value: Value) -> tuple[int, ...]:
        draft = self._draft
        found = list(schedule.start)
        others = mates(draft.instance, schedule)
        joined = {join.operation for join in draft.joins if value(join.literal)}
        for operation, ticks, _ in changeovers(draft.instance, schedule):
            if not ticks:
                continue
            batch = (operation, *others.get(operation, ()))
            head = self._head(batch, joined)
            machine = draft.instance.modes[operation][schedule.mode[operation]].machine
            variable = draft.setup_starts.get((head, machine))
            if variable is not None:
                setup_start = value(variable)
            elif head in draft.setups_open or draft.base is None:
                setup_start = schedule.start[operation] - ticks
            else:
                setup_start = draft.base.setup_start[head]
            for each in batch:
                found[each] = setup_start
        return tuple(found)

    def _head(self, batch: Sequence[int], joined: Container[int]) -> int:
        """Return the operation that the model sets up for a batch."""
        draft = self._draft
        return next(
            operation
            for operation in batch
            if operation not in joined
            and (
                operation in draft.scope.free or draft.base_head.get(operation) in (operation, None)
            )
        )
