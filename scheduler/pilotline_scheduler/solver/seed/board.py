"""A plan under construction: machine sequences, setups and profiles, with undo."""

from bisect import bisect_right

from pilotline_scheduler.solver.instance import (
    ChangeoverData,
    Instance,
    ModeData,
    Schedule,
    Starts,
)
from pilotline_scheduler.solver.instance.starts import starts
from pilotline_scheduler.solver.seed.batches import Batches
from pilotline_scheduler.solver.seed.lending import Lending
from pilotline_scheduler.solver.seed.slot import Line, Slot


class Board:
    """Places operations one by one, each at the first place that keeps every rule with the rest.

    An operation may go between two others; the setup of the one after it then changes, and must
    still fit.

    Args:
        instance: what is planned.

    Attributes:
        mode, setup_start, setup_ticks, start, end: of each operation; mode -1 until it is placed.
        ahead: operations placed out of the order of time, such as decided ones.
        lines: the sequence of each machine.
        batches: who shares a machine with whom.
    """

    def __init__(self, instance: Instance) -> None:
        count = len(instance.names)
        self.instance = instance
        self.mode = [-1] * count
        self.setup_start = [0] * count
        self.setup_ticks = [0] * count
        self.start = [0] * count
        self.end = [0] * count
        self.ahead = [start >= 0 for start in instance.fixed]
        self.lines = [Line() for _ in instance.machines]
        self.batches = Batches(count)
        self._lent = Lending(instance.profiles)
        self._journal: list[tuple[int, int, int, int]] = []
        self._setup_starts: dict[tuple[int, int], Starts] = {}

    def ready(self, operation: int) -> int:
        """Return the first tick that release and placed predecessors leave to an operation."""
        tick = self.instance.earliest[operation]
        for lag in self.instance.predecessors[operation]:
            if self.mode[lag.other] >= 0:
                tick = max(tick, self.end[lag.other] + lag.minimum)
        return tick

    def frontier(self, mode: ModeData) -> tuple[int, int]:
        """Return when a machine is free of operations placed in order, and the setup then."""
        machine = self.instance.machines[mode.machine]
        line = self.lines[mode.machine]
        position = len(line.operations)
        while position and self.ahead[line.operations[position - 1]]:
            position -= 1
        free = line.ends[position - 1] if position else 0
        if machine.changeover is None or mode.state < 0:
            return free, 0
        state = line.states[position - 1] if position else machine.initial
        return free, machine.changeover.ticks[state][mode.state] if state >= 0 else 0

    def find(self, operation: int, index: int, tick: int, end_floor: int = 0) -> Slot | None:
        """Return the first place in a mode that starts at `tick` and ends at `end_floor` or later.

        Placed operations keep their machine and times; only setups move. A batch that waits
        already is joined rather than a place of its own taken as late.
        """
        alone = self._find_alone(operation, index, tick, end_floor)
        if self.instance.modes[operation][index].family < 0:
            return alone
        joined = self._find_batch(operation, index, tick, end_floor)
        if joined is None or (alone is not None and alone.start < joined.start):
            return alone
        return joined

    def _find_batch(self, operation: int, index: int, tick: int, end_floor: int) -> Slot | None:
        """Return the place in the first batch that an operation may join."""
        mode = self.instance.modes[operation][index]
        places = self.instance.machines[mode.machine].places
        found: Slot | None = None
        for head in self.batches.of(mode.family):
            start, end = self.start[head], self.end[head]
            if (
                start >= tick
                and end_floor <= end <= self.instance.latest[operation]
                and self.batches.taken(head) + mode.places <= places
                and self.setup_start[head] >= self.instance.setup_floor[operation]
                and mode.starts.size_at(start) == end - start
                and (found is None or start < found.start)
                and self._lent.first(mode, start, end) == start
            ):
                found = Slot(end, start, self.setup_start[head], 0, index, -1, -1, 0, 0, head)
        return found

    def _find_alone(self, operation: int, index: int, tick: int, end_floor: int) -> Slot | None:
        """Return the first place in which an operation has the machine to itself."""
        mode = self.instance.modes[operation][index]
        latest = self.instance.latest[operation]
        line = self.lines[mode.machine]
        ends, begins = line.ends, line.starts
        changeover = self.instance.machines[mode.machine].changeover
        while True:
            span = self._span(mode, tick, end_floor, latest)
            if span is None:
                return None
            start, end = span
            position = bisect_right(ends, start)
            if position < len(begins) and begins[position] < end:
                tick = ends[position]
                continue
            if changeover is None:
                return Slot(end, start, start, 0, index, position, -1, 0, 0)
            slot = self._with_setups(operation, changeover, index, position, (start, end))
            if isinstance(slot, Slot):
                return slot
            if slot < 0:
                return None
            tick = slot

    def _span(
        self, mode: ModeData, tick: int, end_floor: int, latest: int
    ) -> tuple[int, int] | None:
        """Return the first start and end that calendar and profiles allow, or None."""
        starts = mode.starts
        if end_floor:
            floor = starts.first_ending(end_floor)
            if floor is None:
                return None
            tick = max(tick, floor[0])
        while True:
            found = starts.first(tick)
            if found is None:
                return None
            start, size = found
            if start + size > latest:
                return None
            tick = self._lent.first(mode, start, start + size)
            if tick < 0:
                return None
            if tick == start:
                return start, start + size

    def _with_setups(
        self,
        operation: int,
        changeover: ChangeoverData,
        index: int,
        position: int,
        span: tuple[int, int],
    ) -> Slot | int:
        """Return the place with its setups; or the next tick to try, or -1 for none."""
        mode = self.instance.modes[operation][index]
        machine = self.instance.machines[mode.machine]
        line = self.lines[mode.machine]
        start, end = span
        state = line.states[position - 1] if position else machine.initial
        ticks = changeover.ticks[state][mode.state] if state >= 0 <= mode.state else 0
        after = self._next_with_state(mode.machine, position)
        self._lend_setup(after, changeover, -1)
        try:
            setup_start = start
            if ticks:
                base = max(line.ends[position - 1] if position else 0, self._floor(operation))
                setup_start = self._setup(mode.machine, changeover, ticks, base, start)
                if setup_start < 0 or setup_start + ticks > start:
                    return -1 if setup_start < 0 else setup_start + ticks
            if after < 0:
                return Slot(end, start, setup_start, ticks, index, position, -1, 0, 0)
            left = mode.state if mode.state >= 0 else state
            reset = self._reset(mode.machine, changeover, position, after, end, left)
            if reset is None:
                return line.ends[position]
            return Slot(end, start, setup_start, ticks, index, position, after, *reset)
        finally:
            self._lend_setup(after, changeover, 1)

    def _next_with_state(self, machine: int, position: int) -> int:
        """Return the first operation from a position on that needs a setup state, or -1."""
        for operation in self.lines[machine].operations[position:]:
            if self.instance.modes[operation][self.mode[operation]].state >= 0:
                return operation
        return -1

    def _reset(
        self,
        machine: int,
        changeover: ChangeoverData,
        position: int,
        after: int,
        end: int,
        left: int,
    ) -> tuple[int, int] | None:
        """Return start and length of a later operation's setup once the state is `left` before it.

        None when it no longer fits.
        """
        line = self.lines[machine]
        needed = self.instance.modes[after][self.mode[after]].state
        ticks = changeover.ticks[left][needed] if left >= 0 else 0
        start = self.start[after]
        if ticks == 0:
            return start, 0
        place = line.operations.index(after, position)
        base = end if place == position else line.ends[place - 1]
        base = max(base, self._floor(after))
        setup_start = self._setup(machine, changeover, ticks, base, start)
        return (setup_start, ticks) if 0 <= setup_start <= start - ticks else None

    def _floor(self, operation: int) -> int:
        """Return the earliest start of the setup of an operation and all that joined it."""
        floors = self.instance.setup_floor
        others = self.batches.joined(operation)
        return (
            max(floors[operation], *(floors[each] for each in others))
            if others
            else floors[operation]
        )

    def _setup(
        self, machine: int, changeover: ChangeoverData, ticks: int, base: int, limit: int
    ) -> int:
        """Return the latest easy start of a setup in ``[base, limit]``, else the first from `base`.

        The first one may end after `limit`; -1 when there is none at all.
        """
        allowed = self._setup_starts.get((machine, ticks))
        if allowed is None:
            allowed = starts(changeover.windows, ticks, pausable=False)
            self._setup_starts[machine, ticks] = allowed
        late = allowed.last_until(limit)
        pool = self._lent.profiles[changeover.pool] if changeover.pool >= 0 else None
        if late is not None and late[0] >= base:
            start = late[0]
            if pool is None or pool.fits(start, start + ticks, changeover.units):
                return start
        start = base
        while True:
            found = allowed.first(start)
            if found is None:
                return -1
            start = found[0]
            fit = start if pool is None else pool.first_fit(start, ticks, changeover.units)
            if fit in (start, -1):
                return fit
            start = fit

    def _lend_setup(self, operation: int, changeover: ChangeoverData, sign: int) -> None:
        """Draw (1) or give back (-1) what the setup of an operation holds of its pool."""
        if operation >= 0 and changeover.pool >= 0 and self.setup_ticks[operation]:
            start = self.setup_start[operation]
            self._lent.profiles[changeover.pool].take(
                start, start + self.setup_ticks[operation], sign * changeover.units
            )

    def place(self, operation: int, slot: Slot) -> None:
        """Put an operation in a place just found for it."""
        mode = self.instance.modes[operation][slot.mode]
        line = self.lines[mode.machine]
        machine = self.instance.machines[mode.machine]
        self.mode[operation] = slot.mode
        self.start[operation], self.end[operation] = slot.start, slot.end
        self._lent.take(mode, slot.start, slot.end, 1)
        if slot.joins >= 0:
            self.batches.join(operation, slot.joins, mode.places)
            self._journal.append((operation, -1, 0, 0))
            return
        if mode.family >= 0:
            self.batches.begin(operation, mode.family, mode.places)
        position = slot.position
        before = line.states[position - 1] if position else machine.initial
        line.operations.insert(position, operation)
        line.starts.insert(position, slot.start)
        line.ends.insert(position, slot.end)
        line.states.insert(position, mode.state if mode.state >= 0 else before)
        reset = slot.reset
        old = (self.setup_start[reset], self.setup_ticks[reset]) if reset >= 0 else (0, 0)
        self._journal.append((operation, reset, *old))
        self._set_up(mode.machine, operation, slot.setup_start, slot.setup_ticks)
        if reset >= 0:
            self._set_up(mode.machine, reset, slot.reset_start, slot.reset_ticks)
        self._carry(mode.machine, position)

    def undo(self) -> int:
        """Take back the operation placed last and return it."""
        operation, reset, setup_start, setup_ticks = self._journal.pop()
        mode = self.instance.modes[operation][self.mode[operation]]
        if self.batches.leave(operation, mode.family, mode.places):
            self._lent.take(mode, self.start[operation], self.end[operation], -1)
            self.mode[operation] = -1
            return operation
        line = self.lines[mode.machine]
        position = line.operations.index(operation)
        self._set_up(mode.machine, operation, 0, 0)
        for column in (line.operations, line.starts, line.ends, line.states):
            del column[position]
        self._lent.take(mode, self.start[operation], self.end[operation], -1)
        self.mode[operation] = -1
        if reset >= 0:
            self._set_up(mode.machine, reset, setup_start, setup_ticks)
        self._carry(mode.machine, position - 1)
        return operation

    def _carry(self, machine: int, position: int) -> None:
        """Carry the state after a position on through operations that need none."""
        line = self.lines[machine]
        state = line.states[position] if position >= 0 else self.instance.machines[machine].initial
        for index in range(position + 1, len(line.operations)):
            operation = line.operations[index]
            if self.instance.modes[operation][self.mode[operation]].state >= 0:
                return
            line.states[index] = state

    def _set_up(self, machine: int, operation: int, start: int, ticks: int) -> None:
        changeover = self.instance.machines[machine].changeover
        if changeover is not None:
            self._lend_setup(operation, changeover, -1)
        self.setup_start[operation], self.setup_ticks[operation] = start, ticks
        if changeover is not None:
            self._lend_setup(operation, changeover, 1)

    def schedule(self) -> Schedule:
        """Return the finished plan."""
        setup_start = list(self.setup_start)
        for operation, head in self.batches.heads():
            setup_start[operation] = setup_start[head]
        return Schedule(tuple(self.mode), tuple(setup_start), tuple(self.start), tuple(self.end))
