"""A CP-SAT model under construction, with a hint for everything that is known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.instance import (
    Extra,
    Instance,
    Schedule,
    batches,
    changeovers,
    sequences,
)


@dataclass(frozen=True, slots=True)
class Span:
    """One duration that a mode can have: by its start, an operation pauses more or less.

    Attributes:
        size: ticks from start to end.
        literal: true when the operation takes this long in this mode.
        interval: the time it then takes.
    """

    size: int
    literal: cp_model.IntVar
    interval: cp_model.IntervalVar


@dataclass(frozen=True, slots=True)
class Option:
    """A mode that an operation can still have.

    Attributes:
        mode: position of the mode.
        literal: true when it is chosen.
        spans: its possible durations.
    """

    mode: int
    literal: cp_model.IntVar
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """An operation in the model: one start shared by all its options.

    Attributes:
        start: its start.
        end: its end.
        first_start: least start.
        last_start: greatest start.
        first_end: least end.
        last_end: greatest end.
        options: what can be chosen; exactly one is.
        moves: whether anything about it is open.
    """

    start: cp_model.LinearExprT
    end: cp_model.LinearExprT
    first_start: int
    last_start: int
    first_end: int
    last_end: int
    options: tuple[Option, ...]
    moves: bool


@dataclass(frozen=True, slots=True)
class Head:
    """An operation that takes a machine for itself and all that join it.

    Attributes:
        literal: true when it does.
        spans: its possible durations then.
    """

    literal: cp_model.IntVar
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """An operation that shares the batch of another when its literal is true."""

    operation: int
    head: int
    literal: cp_model.IntVar


@dataclass(frozen=True, slots=True)
class SetupInterval:
    """A changeover that draws on a pool."""

    pool: int
    units: int
    interval: cp_model.IntervalVar


class Draft:
    """The model so far.

    Args:
        instance: what is planned.
        scope: what may change.

    Attributes:
        model: the CP-SAT model.
        movers: operations whose times are open.
        base_sequences: the machines' sequences in the base plan; empty ones without it.
        setup_starts: variable start of the setup of an operation on a machine, where it matters.
        setup_intervals: changeovers that draw on pools.
        setups_open: operations whose changeover the model decides.
        setup_ticks, setup_cost: terms that measure changeovers.
        base_head: head of the batch of each operation that may share a machine in the base plan: a
            kept one where there is any, else the first one.
        heads: what an operation is on a machine where it may join others.
        joins: who may join whom.
        tardiness: of each run, once it is measured.
    """

    def __init__(self, instance: Instance, scope: Scope) -> None:
        self.instance = instance
        self.scope = scope
        self.model = cp_model.CpModel()
        self.true = self.model.new_constant(1)
        self.movers = sorted(scope.free | scope.ordered)
        self._activities: dict[int, Activity] = {}
        self.base_sequences: list[list[int]] = (
            [[] for _ in instance.machines]
            if scope.base is None
            else sequences(instance, scope.base)
        )
        self.setup_starts: dict[tuple[int, int], cp_model.IntVar] = {}
        self.setup_intervals: list[SetupInterval] = []
        self.setups_open: set[int] = set()
        self.setup_ticks: list[cp_model.LinearExprT] = []
        self.setup_cost: list[cp_model.LinearExprT] = []
        self.base_head = self._base_heads()
        self.heads: dict[tuple[int, int], Head] = {}
        self.joins: list[Join] = []
        self.tardiness: dict[int, cp_model.LinearExprT] = {}

    def _base_heads(self) -> dict[int, int]:
        if self.base is None or Extra.BATCHES not in self.instance.extras:
            return {}
        found: dict[int, int] = {}
        for batch in (each for here in batches(self.instance, self.base) for each in here):
            if self.instance.modes[batch[0]][self.base.mode[batch[0]]].family >= 0:
                kept = [operation for operation in batch if operation not in self.scope.free]
                found.update(dict.fromkeys(batch, (kept or batch)[0]))
        return found

    def head(self, operation: int, option: Option) -> Head | None:
        """Return what an operation is on its machine in an option; None where it keeps joining."""
        if (
            operation not in self.scope.free
            and self.base_head.get(operation, operation) != operation
        ):
            return None
        machine = self.instance.modes[operation][option.mode].machine
        found = self.heads.get((operation, machine))
        return Head(option.literal, option.spans) if found is None else found

    def kept_mates(self, operation: int) -> list[int]:
        """Return the kept operations that share the batch of a kept head, itself included."""
        return [
            each
            for each, head in self.base_head.items()
            if head == operation and each not in self.scope.free
        ] or [operation]

    def setup_floor(self, operation: int) -> int:
        """Return the earliest setup of an operation and all kept ones of its batch."""
        return max(self.instance.setup_floor[each] for each in self.kept_mates(operation))

    def activity(self, operation: int) -> Activity:
        """Return an operation in the model; one that stays enters it when first asked for."""
        found = self._activities.get(operation)
        if found is None:
            found = self._activities[operation] = self._kept(operation)
        return found

    def enter(self, operation: int, activity: Activity) -> None:
        """Put an operation whose times are open into the model."""
        self._activities[operation] = activity

    def _kept(self, operation: int) -> Activity:
        if self.base is None:
            message = f"operation {operation} cannot be kept without a base plan"
            raise ValueError(message)
        start, end = self.base.start[operation], self.base.end[operation]
        interval = self.model.new_fixed_size_interval_var(start, end - start, "")
        span = Span(end - start, self.true, interval)
        option = Option(self.base.mode[operation], self.true, (span,))
        return Activity(start, end, start, start, end, end, (option,), moves=False)

    def neighbours(self, operations: Iterable[int], until: int | None = None) -> list[int]:
        """Return those operations that stay, but lie in the time the model decides about.

        Args:
            operations: operations to look through.
            until: end of that time; the end of the scope unless told.
        """
        base, scope = self.base, self.scope
        last = scope.end if until is None else until
        if base is None:
            return []
        return [
            operation
            for operation in operations
            if base.end[operation] > scope.begin
            and base.start[operation] < last
            and not scope.moves(operation)
        ]

    @property
    def base(self) -> Schedule | None:
        """The plan that hints come from."""
        return self.scope.base

    def truth(self, hint: bool | None) -> cp_model.IntVar:
        """Return a new Boolean, with a hint if there is a base plan."""
        variable = self.model.new_bool_var("")
        if hint is not None and self.base is not None:
            self.model.add_hint(variable, hint)
        return variable

    def number(self, domain: cp_model.Domain, hint: int | None) -> cp_model.IntVar:
        """Return a new integer, with a hint if there is a base plan."""
        variable = self.model.new_int_var_from_domain(domain, "")
        if hint is not None and self.base is not None:
            self.model.add_hint(variable, hint)
        return variable

    def either(self, literals: Sequence[cp_model.IntVar], hint: bool | None) -> cp_model.IntVar:
        """Return a literal that holds when one of several, of which at most one can, does."""
        if len(literals) == 1:
            return literals[0]
        literal = self.truth(hint)
        self.model.add(sum(literals) == literal)
        return literal

    def kept_setups(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield ``(operation, ticks, pool, units)`` of changeovers that stay as they are."""
        if self.base is None:
            return
        for operation, ticks, _ in changeovers(self.instance, self.base):
            if operation not in self.setups_open and ticks:
                mode = self.instance.modes[operation][self.base.mode[operation]]
                changeover = self.instance.machines[mode.machine].changeover
                if changeover is not None and changeover.pool >= 0:
                    yield operation, ticks, changeover.pool, changeover.units

    def last_tick(self) -> int:
        """Return a tick after which nothing in the model changes."""
        return max(
            self.activity(operation).last_end for operation in {*self.movers, *self.setups_open}
        )
