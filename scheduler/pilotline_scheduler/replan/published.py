"""The published plan in whole numbers, and what of it still stands after disruptions."""

from collections.abc import Mapping, Sequence

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.seed.latest_ends import LatestEnds
from pilotline_scheduler.solver.seed.timeline import Place, Timeline
from pilotline_scheduler.solver.seed.units import units


class Published:
    """Where everything was.

    Args:
        instance: what is to be planned now.
        planned: published places by operation id.
        pinned: operations that a decision holds at their place, with the machine if it holds that.
        latest: by when operations must end.
        deadlines: deadline of each run that has one, by its position.

    Attributes:
        places: published place of each operation; None where it has none, or its mode is gone.
        pinned: decided operations, with the position of the mode that is decided or None.
        units: operations tied by maximum lags.
        given_modes: mode that each operation is held in, or -1.
    """

    def __init__(
        self,
        instance: Instance,
        planned: Mapping[str, PlannedOperation],
        pinned: Mapping[str, str | None],
        latest: LatestEnds,
        deadlines: Mapping[int, int],
    ) -> None:
        self.instance = instance
        self.latest = latest
        self.deadlines = deadlines
        self.units = units(instance)
        machine_at = {each.id: index for index, each in enumerate(instance.problem.machines)}
        self.places: list[Place | None] = [None] * len(instance.names)
        self.given_modes = [-1] * len(instance.names)
        self.pinned: set[int] = set()
        for operation, name in enumerate(instance.names):
            each = planned.get(name)
            if each is not None:
                mode = self._mode_on(operation, machine_at[each.machine])
                if mode >= 0:
                    self.places[operation] = Place(mode, each.setup_start, each.start)
            if name in pinned:
                self.pinned.add(operation)
                machine = pinned[name]
                if machine is not None:
                    self.given_modes[operation] = self._mode_on(operation, machine_at[machine])

    def _mode_on(self, operation: int, machine: int) -> int:
        modes = self.instance.modes[operation]
        return next((i for i, mode in enumerate(modes) if mode.machine == machine), -1)

    def start_of(self, operation: int) -> int:
        """Return the published start, 0 where there is none."""
        place = self.places[operation]
        return 0 if place is None else place.start

    def modes_of(self, operation: int) -> Sequence[int]:
        """Return the modes an operation may have: the decided one, or all."""
        given = self.given_modes[operation]
        return (given,) if given >= 0 else range(len(self.instance.modes[operation]))

    def standing(self) -> tuple[Timeline, list[int]]:
        """Return all that can stay where it was, in the order of time, and what cannot."""
        timeline = Timeline(self.instance)
        displaced: list[int] = []
        fixed = self.instance.fixed
        order = sorted(
            range(len(self.places)), key=lambda each: (fixed[each] < 0, self.start_of(each))
        )
        for operation in order:
            place = self.places[operation]
            if place is None or not timeline.keep(operation, place):
                displaced.append(operation)
        return timeline, displaced
