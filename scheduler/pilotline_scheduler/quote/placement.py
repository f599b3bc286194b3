"""Finds slots for new runs in the gaps of a plan, one operation after another."""

from bisect import bisect_left

from pilotline_scheduler.quote.offer import Aim
from pilotline_scheduler.quote.prices import Prices, energies_of
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.seed.construction import NoSlotError, UnitPlacement
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.slot import Slot
from pilotline_scheduler.solver.seed.timeline import Timeline
from pilotline_scheduler.solver.seed.units import units

_MATCHING_STATES = 4
"""Places after work in the same setup state that are looked at on a machine."""
_FALLS = 6
"""Falls of the tariff or the intensity that are looked at."""
_CHEAP = Recipe("quote", (), setup_bias=2)
_SOON = Recipe("quote", ())


class NoRoomError(Exception):
    """An operation finds no slot after those before it.

    Args:
        operation: its position in the timeline's instance.
    """

    def __init__(self, operation: int) -> None:
        self.operation = operation
        super().__init__(f"operation {operation} finds no slot")


class Placement:
    """Places new runs for an aim; each operation takes what is best for it where others leave room.

    Args:
        new: the new runs alone.
        prices: what slots cost.
    """

    def __init__(self, new: Instance, prices: Prices) -> None:
        self._new = new
        self._prices = prices
        self._energies = energies_of(new)
        self._order = _in_order(new)

    def energy(self, operation: int, mode: int) -> int:
        """Return the energy per tick of a new operation, by its position among the new ones."""
        return self._energies[operation][mode]

    def place(self, timeline: Timeline, aim: Aim) -> None:
        """Place every new operation in a timeline that has room for them at its end.

        Raises:
            NoRoomError: one finds no slot; those before it stay placed.
        """
        offset = len(timeline.instance.names) - len(self._new.names)
        for members in self._order:
            if len(members) == 1:
                self._place_one(timeline, members[0] + offset, aim, offset)
                continue
            shifted = [member + offset for member in members]
            recipe = _SOON if aim is Aim.SOONER else _CHEAP
            try:
                UnitPlacement(timeline, shifted, recipe).run()
            except NoSlotError:
                failed = next((each for each in shifted if timeline.mode[each] < 0), shifted[0])
                raise NoRoomError(failed) from None

    def _place_one(self, timeline: Timeline, operation: int, aim: Aim, offset: int) -> None:
        slots = self._slots(timeline, operation, aim)
        if not slots:
            raise NoRoomError(operation)

        def price(slot: Slot) -> tuple[float, float, Slot]:
            if aim is Aim.SOONER:
                return slot.end, slot.setup_ticks + slot.reset_ticks, slot
            per_tick = self._energies[operation - offset][slot.mode]
            found = self._prices.of(timeline, operation, slot, per_tick)
            if aim is Aim.CHEAPER:
                return found.cost, slot.end, slot
            known = self._prices.rates.intensity is not None
            return found.greenhouse if known else found.energy, slot.end, slot

        timeline.place(operation, min(slots, key=price))

    def _slots(self, timeline: Timeline, operation: int, aim: Aim) -> list[Slot]:
        ready = timeline.ready(operation)
        found: list[Slot] = []
        for index in range(len(timeline.instance.modes[operation])):
            ticks = [ready]
            if aim is not Aim.SOONER:
                ticks += self._later(timeline, operation, index, ready)
            for tick in ticks:
                slot = timeline.find(operation, index, tick)
                if slot is not None:
                    found.append(slot)
        return found

    def _later(self, timeline: Timeline, operation: int, index: int, ready: int) -> list[int]:
        """Return later ticks at which a slot may be cheaper or greener."""
        latest = timeline.instance.latest[operation]
        mode = timeline.instance.modes[operation][index]
        line = timeline.lines[mode.machine]
        ticks: list[int] = []
        if mode.state >= 0:
            for position in range(bisect_left(line.ends, ready), len(line.ends)):
                if line.ends[position] >= latest or len(ticks) == _MATCHING_STATES:
                    break
                if line.states[position] == mode.state:
                    ticks.append(line.ends[position])
        for series in (self._prices.rates.tariff, self._prices.rates.intensity):
            if series is not None:
                ticks += series.falls(ready, latest, _FALLS)
        return sorted(set(ticks))


def _in_order(new: Instance) -> list[tuple[int, ...]]:
    """Return the units of new operations, each after those it follows, run by run."""
    tied = units(new)
    waits = list(tied.waits_for)
    ready = [unit for unit, count in enumerate(waits) if count == 0]
    ready.sort(key=lambda unit: tied.members[unit])
    found: list[tuple[int, ...]] = []
    for unit in ready:
        found.append(tied.members[unit])
        for follower in tied.followers[unit]:
            waits[follower] -= 1
            if waits[follower] == 0:
                ready.append(follower)
    return sorted(found, key=lambda members: new.run_of[members[0]])
