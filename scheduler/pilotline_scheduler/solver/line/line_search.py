"""The search for pilot lines: every rule, at every scale."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pilotline_scheduler.solver.instance import Extra, Instance, Schedule
from pilotline_scheduler.solver.line.goals import COLUMN_OF
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units

if TYPE_CHECKING:
    from pilotline_scheduler.solver.line.build import Line

# Numba takes half a second to import, and kernels ten to compile the first time: modules that have
# them are imported where they are needed, and the first plan does not wait for them.

_EXTRAS = frozenset({Extra.NOTICE})
"""Rules that kernels know beyond those of every instance."""
_PLAIN = 3000
"""Operations up to which plain Python gives the first plan, while kernels are made ready."""
_WHOLE_SHARE = 0.2
"""Share of the time that CP-SAT gets first where one worker does all and the whole problem fits."""
_BY_THE_CLOCK = 20_000
"""Operations up to which rules that place by the clock, which only plain Python knows, are worth
their seconds: where many runs wait they begin far ahead of the others."""
_BY_THE_CLOCK_SHARE = 0.2
"""Share of the time limit that these rules may take of one worker."""
_EASY = 150
"""Modes of all operations up to which CP-SAT does better alone."""


class LineSearch:
    """A specialist for all problems whose rules and goals it knows.

    Args:
        instance: what is planned.
    """

    name = "line"

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._line: Line | None = None

    @classmethod
    def of(cls, instance: Instance) -> "LineSearch | None":
        """Return the specialist for a problem, or None where it has rules or goals unknown here."""
        easy = sum(map(len, instance.modes)) <= _EASY
        return cls(instance) if cls.knows(instance) and not easy else None

    @staticmethod
    def knows(instance: Instance) -> bool:
        """Return whether all rules and goals of a problem are known here."""
        goals = {goal for level in instance.levels for goal in level.weights}
        return instance.extras <= _EXTRAS and goals <= COLUMN_OF.keys()

    def seed(self, search: Search) -> None:
        """Offer the plans of dispatching rules, the first one before kernels are compiled."""
        if len(self._instance.names) <= _PLAIN:
            self._plant_one(search)
        from pilotline_scheduler.solver.line.compilation import KERNELS

        if KERNELS.wait(search):
            from pilotline_scheduler.solver.line.build import line_of
            from pilotline_scheduler.solver.line.seeding import plant

            self._line = line_of(self._instance)
            plant(search, self._line)

    def first_schedule(self) -> Schedule | None:
        """Return the plan of the first rule that finds one, or None; kernels are waited for."""
        from pilotline_scheduler.solver.line.build import line_of
        from pilotline_scheduler.solver.line.seeding import schedules

        found = schedules(self._instance, line_of(self._instance), seed=0, stop=lambda: False)
        return next((schedule for _, schedule in found), None)

    def work(self, search: Search, worker: int, workers: int) -> None:
        """Anneal until the search is over; one of several leaves its start and end to CP-SAT."""
        if self._line is None:
            return
        # OR-Tools takes over a second to import; seeds do not wait for it.
        from pilotline_scheduler.solver.improve.improve import exactly
        from pilotline_scheduler.solver.improve.whole import fits, solve_whole
        from pilotline_scheduler.solver.line.annealing import Annealing

        if fits(self._instance):
            if search.repeatable:
                solve_whole(search, 1, _WHOLE_SHARE * search.time_limit_s)
            elif worker > 0 and worker == workers - 1:
                exactly(search, workers)
                return
        if worker > 0 and worker == workers - 1:
            self._plant_by_the_clock(search)
        Annealing(search, self._line, worker).run()

    def _plant_one(self, search: Search) -> None:
        """Offer the plan of the first rule that finds one."""
        for _ in self._planted(search, recipes(self._instance), search.over):
            return

    def _plant_by_the_clock(self, search: Search) -> None:
        """Offer the plans of rules that place by the clock, as far as a share of the time goes."""
        if search.repeatable or len(self._instance.names) > _BY_THE_CLOCK:
            return
        until_s = _BY_THE_CLOCK_SHARE * search.time_limit_s
        chosen = [recipe for recipe in recipes(self._instance) if recipe.chronological]
        planted = self._planted(
            search, chosen, lambda: search.over() or search.elapsed_s() > until_s
        )
        deque(planted, maxlen=0)

    def _planted(
        self, search: Search, chosen: Iterable[Recipe], stop: Callable[[], bool]
    ) -> Iterator[Schedule]:
        """Yield the plans that rules find in plain Python, and offer them."""
        construction = Construction(self._instance, units(self._instance), stop)
        urgency = [0] * len(self._instance.runs)
        for recipe in chosen:
            try:
                schedule = attempt(construction, recipe, urgency)
            except StoppedError:
                return
            if schedule is not None:
                search.offer(schedule, f"seed:{recipe.name}")
                yield schedule
