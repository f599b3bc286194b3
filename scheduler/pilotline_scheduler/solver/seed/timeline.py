"""A plan that is there already, from which operations can be taken and put back elsewhere."""

from bisect import bisect_left, bisect_right
from copy import copy
from typing import NamedTuple

from pilotline_scheduler.solver.instance import ChangeoverData, ModeData
from pilotline_scheduler.solver.instance.starts import starts
from pilotline_scheduler.solver.seed.board import Board
from pilotline_scheduler.solver.seed.slot import Slot


class Place(NamedTuple):
    """Where an operation was published: mode, start of its setup and start of processing."""

    mode: int
    setup_start: int
    start: int


class Timeline(Board):
    """A board that operations may leave in any order."""

    def place_of(self, operation: int) -> Place:
        """Return where a placed operation is."""
        start = self.start[operation]
        setup_start = self.setup_start[operation] if self.setup_ticks[operation] else start
        return Place(self.mode[operation], setup_start, start)

    def twin(self) -> "Timeline":
        """Return a copy that changes on its own."""
        twin = copy(self)
        for name in ("mode", "setup_start", "setup_ticks", "start", "end", "ahead"):
            setattr(twin, name, list(getattr(self, name)))
        twin.lines = [line.twin() for line in self.lines]
        twin.batches = self.batches.twin()
        twin._lent = self._lent.twin()  # noqa: SLF001 - its own
        twin._journal = list(self._journal)  # noqa: SLF001 - its own
        return twin

    def keep(self, operation: int, place: Place) -> bool:
        """Put an operation exactly where it was, its setup too if it can; return whether it fits.

        Every rule is asked, the lags to all that is placed included.
        """
        slot = self.slot_at(operation, place)
        if slot is None:
            return False
        self.place(operation, slot)
        return True

    def slot_at(self, operation: int, place: Place) -> Slot | None:
        """Return a place's slot, or None where some rule forbids it."""
        mode = self.instance.modes[operation][place.mode]
        start = place.start
        size = mode.starts.size_at(start)
        if size is None or not self._allowed(operation, mode, start, start + size):
            return None
        end = start + size
        waiting = self._find_batch(operation, place.mode, start, end) if mode.family >= 0 else None
        if waiting is not None and waiting.start == start:
            return waiting
        line = self.lines[mode.machine]
        position = bisect_right(line.ends, start)
        if position < len(line.starts) and line.starts[position] < end:
            return None
        changeover = self.instance.machines[mode.machine].changeover
        if changeover is None:
            return Slot(end, start, start, 0, place.mode, position, -1, 0, 0)
        slot = self._with_setups(operation, changeover, place.mode, position, (start, end))
        if not isinstance(slot, Slot):
            return None
        return self._set_up_as_before(operation, changeover, slot, place.setup_start)

    def _allowed(self, operation: int, mode: ModeData, start: int, end: int) -> bool:
        """Return whether windows, lags, pools and walls allow a time."""
        instance = self.instance
        return (
            instance.earliest[operation] <= start
            and end <= instance.latest[operation]
            and self.lags_hold(operation, start, end)
            and self._lent.first(mode, start, end) == start
        )

    def lags_hold(self, operation: int, start: int, end: int) -> bool:
        """Return whether every lag to what is placed holds for a start and an end."""
        for lag in self.instance.predecessors[operation]:
            if self.mode[lag.other] >= 0:
                waited = start - self.end[lag.other]
                if waited < lag.minimum or (lag.maximum is not None and waited > lag.maximum):
                    return False
        for lag in self.instance.successors[operation]:
            if self.mode[lag.other] >= 0:
                waited = self.start[lag.other] - end
                if waited < lag.minimum or (lag.maximum is not None and waited > lag.maximum):
                    return False
        return True

    def _set_up_as_before(
        self, operation: int, changeover: ChangeoverData, slot: Slot, setup_start: int
    ) -> Slot:
        """Return the slot with its setup at a wished start, where that is possible."""
        ticks = slot.setup_ticks
        if not ticks or setup_start == slot.setup_start or setup_start + ticks > slot.start:
            return slot
        line = self.lines[self.instance.modes[operation][slot.mode].machine]
        free = line.ends[slot.position - 1] if slot.position else 0
        base = max(free, self._floor(operation))
        allowed = starts(changeover.windows, ticks, pausable=False)
        if setup_start < base or allowed.size_at(setup_start) is None:
            return slot
        pool = self._lent.profiles[changeover.pool] if changeover.pool >= 0 else None
        if pool and not pool.fits(setup_start, setup_start + ticks, changeover.units):
            return slot
        return slot._replace(setup_start=setup_start)

    def remove(self, operation: int) -> list[tuple[int, Place]]:
        """Take an operation out; return it and all that lost its place with it, and the places.

        The setup of the one after it changes, and where that no longer fits, it goes too. The rest
        of a batch stays.
        """
        removed = [(operation, self.place_of(operation))]
        mode = self.instance.modes[operation][self.mode[operation]]
        machine = mode.machine
        if mode.family >= 0:
            self._hand_on(operation, machine)
            if self.batches.leave(operation, mode.family, mode.places):
                self._lent.take(mode, self.start[operation], self.end[operation], -1)
                self.mode[operation] = -1
                return removed
        line = self.lines[machine]
        position = line.operations.index(operation, bisect_left(line.ends, self.start[operation]))
        self._set_up(machine, operation, 0, 0)
        for column in (line.operations, line.starts, line.ends, line.states):
            del column[position]
        self._lent.take(mode, self.start[operation], self.end[operation], -1)
        self.mode[operation] = -1
        self._carry(machine, position - 1)
        changeover = self.instance.machines[machine].changeover
        if changeover is not None:
            after = self._next_with_state(machine, position)
            if after >= 0 and not self._set_up_again(after, changeover, machine, position):
                for each in (*self.batches.joined(after), after):
                    removed += self.remove(each)
        return removed

    def _hand_on(self, operation: int, machine: int) -> None:
        """Let another operation stand for the batch that one stands for, if others joined it."""
        heir = self.batches.hand_on(operation)
        if heir < 0:
            return
        line = self.lines[machine]
        line.operations[line.operations.index(operation)] = heir
        self.setup_start[heir] = self.setup_start[operation]
        self.setup_ticks[heir], self.setup_ticks[operation] = self.setup_ticks[operation], 0

    def _set_up_again(
        self, after: int, changeover: ChangeoverData, machine: int, position: int
    ) -> bool:
        """Give an operation the setup that what now lies before it asks for, if it fits."""
        line = self.lines[machine]
        state = line.states[position - 1] if position else self.instance.machines[machine].initial
        needed = self.instance.modes[after][self.mode[after]].state
        ticks = changeover.ticks[state][needed] if state >= 0 else 0
        if ticks == self.setup_ticks[after]:
            return True
        self._set_up(machine, after, 0, 0)
        place = line.operations.index(after, position)
        end = line.ends[place - 1] if place else 0
        reset = self._reset(machine, changeover, position, after, end, state)
        if reset is None:
            return False
        self._set_up(machine, after, *reset)
        return True

    def first_free(self, mode: ModeData, tick: int, profile: int, units: int) -> int | None:
        """Return the first start that the calendar and one profile allow, or None."""
        while True:
            found = mode.starts.first(tick)
            if found is None:
                return None
            start = self._lent.profiles[profile].first_fit(*found, units)
            if start == found[0] or start < 0:
                return start if start >= 0 else None
            tick = start
