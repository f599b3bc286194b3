"""Saves what a window found when the plan has moved on: its order and its machines."""

import threading
from collections.abc import Sequence

from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError, StuckError
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.units import units
from pilotline_scheduler.solver.windows.merge import Change


class Rebuilder:
    """Builds the best plan anew in its own order, with a window's operations where it put them.

    Args:
        search: the solve.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._construction: Construction | None = None
        self._urgency = [0] * len(search.instance.runs)
        self._lock = threading.Lock()

    def rebuilt(self, best: Schedule, changes: Sequence[Change]) -> Schedule | None:
        """Return a plan that keeps every rule, whatever the changes are; None where none is found.

        Args:
            best: the best plan.
            changes: what a window made of an older plan; operations and modes must exist.
        """
        keys, modes = [float(start) for start in best.start], list(best.mode)
        instance = self._search.instance
        for change in changes:
            if not self._exists(change):
                return None
            keys[change.operation], modes[change.operation] = float(change.start), change.mode
        with self._lock:
            if self._construction is None:
                self._construction = Construction(instance, units(instance), self._search.over)
            recipe = Recipe("rebuilt", keys, modes=modes)
            try:
                return self._construction.build(recipe, self._urgency)
            except (StuckError, StoppedError):
                return None

    def _exists(self, change: Change) -> bool:
        modes = self._search.instance.modes
        return 0 <= change.operation < len(modes) and 0 <= change.mode < len(
            modes[change.operation]
        )
