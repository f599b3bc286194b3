"""The state of a solve: time, cancellation, the best plan so far and what is proven."""

import threading
import time
from collections.abc import Callable

from pilotline_scheduler.plan import Incumbent, Plan
from pilotline_scheduler.solver.instance import Instance, Schedule, objective
from pilotline_scheduler.solver.late_setups import with_late_setups

_RESERVE_S = 0.3
_RESERVE_S_PER_OPERATION = 20e-6
_RESERVE_SHARE = 0.08
"""Time kept back for winding up, so that the limit holds on a busy machine too."""

OnIncumbent = Callable[[Incumbent, Plan], None]


class Search:
    """Shared by all parts of one solve.

    Characteristics:
        thread-safe: yes; `offer` and `prove` may be called from any thread.
        order: the trajectory is strictly improving; callbacks come in its order, under a lock.

    Args:
        instance: what is planned.
        time_limit_s: seconds from now.
        seed: seeds every random choice.
        repeatable: whether the search must not depend on the clock, so that the same seed gives
            the same plan; the limit still holds.
        on_incumbent: called with each better plan.
        cancel: ends the search once set.
        started: reading of the clock when the solve began.
        clock: seconds that only go forward.

    Attributes:
        best, value: the best plan so far and its objective.
        bound, bound_source: proven lower bound of each level; where the first one comes from.
        infeasible: set once it is proven that there is no plan.
        broken: set when a part of the solve raised, so that the others end.
        trajectory: every incumbent.
    """

    def __init__(
        self,
        instance: Instance,
        *,
        time_limit_s: float,
        seed: int,
        repeatable: bool,
        on_incumbent: OnIncumbent | None,
        cancel: threading.Event | None,
        started: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.instance = instance
        self.seed = seed
        self.repeatable = repeatable
        self.time_limit_s = time_limit_s
        self.best: Schedule | None = None
        self.value: tuple[int, ...] | None = None
        self.bound: list[int | None] = [None] * len(instance.levels)
        self.bound_source = "none"
        self.infeasible = False
        self.broken = False
        self.trajectory: list[Incumbent] = []
        self._started = started
        self._clock = clock
        self._on_incumbent = on_incumbent
        self._cancel = cancel
        self._lock = threading.RLock()

    def elapsed_s(self) -> float:
        """Return seconds since the solve began."""
        return self._clock() - self._started

    def left_s(self) -> float:
        """Return seconds left to search, zero or less when none are."""
        reserve_s = _RESERVE_S + _RESERVE_S_PER_OPERATION * len(self.instance.names)
        reserve_s = min(reserve_s, _RESERVE_SHARE * self.time_limit_s)
        return self.time_limit_s - reserve_s - self.elapsed_s()

    @property
    def cancelled(self) -> bool:
        """Whether the caller asked to stop."""
        return self._cancel is not None and self._cancel.is_set()

    def over(self) -> bool:
        """Return whether the search must end."""
        return (
            self.broken or self.infeasible or self.cancelled or self.left_s() <= 0 or self.proven()
        )

    def proven(self) -> bool:
        """Return whether the best plan is proven optimal in every level."""
        return self.value is not None and self.open_level() is None

    def open_level(self) -> int | None:
        """Return the first level whose value is not yet proven, or None."""
        levels = range(len(self.bound))
        return next((level for level in levels if not self.is_proven(level)), None)

    def is_proven(self, level: int) -> bool:
        """Return whether no plan that is as good in the levels before is better in this one."""
        bound = self.bound[level]
        return self.value is not None and bound is not None and bound >= self.value[level]

    def value_of(self, schedule: Schedule) -> tuple[int, ...]:
        """Return the objective of a plan."""
        return objective(self.instance, schedule)

    def plan(self, schedule: Schedule) -> Plan:
        """Return a schedule as callers see it: in ids, with changeovers as late as they go."""
        return with_late_setups(self.instance, schedule).plan(self.instance)

    def offer(self, schedule: Schedule, source: str) -> bool:
        """Take a plan that keeps every rule; return whether it is better than the best so far."""
        value = objective(self.instance, schedule)
        with self._lock:
            if self.value is not None and value >= self.value:
                return False
            self.best, self.value = schedule, value
            incumbent = Incumbent(self.elapsed_s(), value, tuple(self.bound), source)
            self.trajectory.append(incumbent)
            if self._on_incumbent is not None:
                self._on_incumbent(incumbent, self.plan(schedule))
            return True

    def prove(self, level: int, bound: int, source: str) -> None:
        """Note a lower bound of a level.

        Args:
            level: the level.
            bound: no plan that is optimal in the levels before has less.
            source: what proved it.
        """
        with self._lock:
            known = self.bound[level]
            if known is None or bound > known:
                self.bound[level] = bound
                if level == 0:
                    self.bound_source = source
