"""Puts displaced operations back into a plan, and what must move because of them."""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from pilotline_scheduler.replan.ejection import Ejection
from pilotline_scheduler.replan.published import Published
from pilotline_scheduler.solver.seed.construction import NoSlotError, UnitPlacement
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.slot import Slot
from pilotline_scheduler.solver.seed.timeline import Timeline

_MACHINE_PRICE = 60
"""Ticks of moving that another machine is worth."""
_VISITS = 12
"""How often an operation may be put back before ejections leave it alone."""


class NoPlaceError(Exception):
    """An operation fits nowhere, whatever the others do.

    Args:
        operation: the operation.
    """

    def __init__(self, operation: int) -> None:
        self.operation = operation
        super().__init__(f"operation {operation} fits nowhere")


class Reinsertion:
    """One attempt: displaced operations go back one by one, those with the least time left first.

    Each takes the place nearest to where it was that keeps its run's promise. What follows it and
    can no longer stay goes next.

    Args:
        published: where everything was.
        timeline: the plan without what is displaced; it is changed.
        displaced: operations to put back.
        urgency: per run; runs of higher urgency go first.
        ejections: how many operations may be taken out to make room for others.
    """

    def __init__(
        self,
        published: Published,
        timeline: Timeline,
        displaced: Sequence[int],
        urgency: Sequence[int],
        ejections: int,
    ) -> None:
        self._published = published
        self._timeline = timeline
        self._instance = timeline.instance
        self._urgency = urgency
        self._ejection = Ejection(published, timeline, urgency, ejections)
        self._queue: list[tuple[int, int, int]] = []
        self._visits: dict[int, int] = {}
        self._recipe = Recipe("repair", (), modes=published.given_modes)
        for operation in displaced:
            self._push(operation)

    def run(self) -> None:
        """Put everything back.

        Raises:
            NoPlaceError: an operation fits nowhere.
        """
        while self._queue:
            operation = heappop(self._queue)[2]
            if self._timeline.mode[operation] < 0:
                self._put_back(self._first_waiting(operation))
                if self._timeline.mode[operation] < 0:
                    self._push(operation)

    def _push(self, operation: int) -> None:
        urgency = self._urgency[self._instance.run_of[operation]]
        heappush(self._queue, (-urgency, self._published.latest.of(operation), operation))

    def _first_waiting(self, operation: int) -> int:
        """Return the operation, or one before it that must be placed first."""
        units, unit_of = self._published.units.members, self._published.units.of
        while True:
            before = next(
                (
                    lag.other
                    for member in units[unit_of[operation]]
                    for lag in self._instance.predecessors[member]
                    if self._timeline.mode[lag.other] < 0
                    and unit_of[lag.other] != unit_of[operation]
                ),
                None,
            )
            if before is None:
                return operation
            operation = before

    def _put_back(self, operation: int) -> None:
        unit = self._published.units.members[self._published.units.of[operation]]
        lifted = self._lift_followers(unit)
        if len(unit) == 1 or not self._fit_in(operation):
            if len(unit) > 1:
                self._put_back_unit(unit)
            else:
                self._place(operation)
        for follower in sorted(lifted, key=self._published.start_of):
            place = self._published.places[follower]
            if self._timeline.mode[follower] >= 0:
                continue
            if place is None or not self._timeline.keep(follower, place):
                self._push(follower)

    def _lift_followers(self, unit: Sequence[int]) -> list[int]:
        """Take out what follows a unit directly; it goes back to its place if it still can."""
        lifted: list[int] = []
        members = set(unit)
        for member in unit:
            for lag in self._instance.successors[member]:
                other = lag.other
                movable = self._instance.fixed[other] < 0 and other not in members
                if movable and self._timeline.mode[other] >= 0:
                    lifted += [each for each, _ in self._timeline.remove(other)]
        return lifted

    def _fit_in(self, operation: int) -> bool:
        """Place one of a unit among the others where they are, if it fits with them."""
        slots = [
            slot
            for slot in self._slots(operation)
            if self._timeline.lags_hold(operation, slot.start, slot.end)
        ]
        if not slots or min(map(self._late(operation), slots)) > 0:
            return False
        self._timeline.place(operation, min(slots, key=self._price(operation)))
        return True

    def _put_back_unit(self, unit: Sequence[int]) -> None:
        """Place a unit anew, at its published time or later; as soon as it can if that is late."""
        self._clear(unit)
        not_before = {each: self._published.start_of(each) for each in unit}
        for floors in (not_before, None):
            try:
                UnitPlacement(self._timeline, unit, self._recipe, floors).run()
            except NoSlotError:
                if floors is None:
                    raise NoPlaceError(unit[0]) from None
                self._clear(unit)
                continue
            ends = self._timeline.end
            if floors is None or all(
                ends[each] <= self._published.latest.of(each) for each in unit
            ):
                return
            self._clear(unit)

    def _clear(self, unit: Sequence[int]) -> None:
        for member in unit:
            if self._timeline.mode[member] >= 0 and self._instance.fixed[member] < 0:
                for other, _ in self._timeline.remove(member):
                    if other not in unit:
                        self._push(other)

    def _place(self, operation: int) -> None:
        slots = self._slots(operation)
        best = min(slots, key=self._price(operation), default=None)
        late = best is None or self._late(operation)(best) > 0
        if late and self._visit(operation):
            placed, out = self._ejection.make_room(operation)
            for other in out:
                self._push(other)
            if placed:
                return
            if out:
                best = min(self._slots(operation), key=self._price(operation), default=None)
        if best is None:
            raise NoPlaceError(operation)
        self._timeline.place(operation, best)

    def _visit(self, operation: int) -> bool:
        self._visits[operation] = self._visits.get(operation, 0) + 1
        return self._visits[operation] <= _VISITS

    def _slots(self, operation: int) -> list[Slot]:
        """Return places on each machine: near the published start, and as early as possible."""
        ready = self._timeline.ready(operation)
        ticks = {ready, max(ready, self._published.start_of(operation))}
        found: list[Slot] = []
        for index in self._published.modes_of(operation):
            for tick in ticks:
                slot = self._timeline.find(operation, index, tick)
                if slot is not None:
                    found.append(slot)
        return found

    def _late(self, operation: int) -> Callable[[Slot], int]:
        latest = self._published.latest.of(operation)
        return lambda slot: max(0, slot.end - latest)

    def _price(self, operation: int) -> Callable[[Slot], tuple[int, int, Slot]]:
        """Return the price of a slot: lateness first, then how far it is from where it was."""
        late = self._late(operation)
        place = self._published.places[operation]
        if place is None:
            return lambda slot: (late(slot), slot.end + slot.setup_ticks, slot)
        return lambda slot: (
            late(slot),
            abs(slot.start - place.start)
            + slot.setup_ticks
            + (_MACHINE_PRICE if slot.mode != place.mode else 0),
            slot,
        )
