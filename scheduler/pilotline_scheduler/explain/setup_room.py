"""Where a machine can be set up, while all others keep their places."""

from collections.abc import Collection
from dataclasses import dataclass

from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.explain.pool_room import PoolRoom, Shortage
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Changeover
from pilotline_scheduler.solver.instance.starts import starts


@dataclass(frozen=True, slots=True)
class SetupPlace:
    """The first place a changeover can have.

    Attributes:
        ticks: how long it takes; 0 where there is none.
        start: its start; None where it fits nowhere any more.
        closed: whether it waits for open hours.
        shortage: the last shortage of its pool that it waits for, or None.
        from_state, to_state: what is changed.
    """

    ticks: int
    start: int | None
    closed: bool = False
    shortage: Shortage | None = None
    from_state: str = ""
    to_state: str = ""


class SetupRoom:
    """Setups on one machine.

    Args:
        floor: the plan.
        machine: the machine.
        apart_from: operations whose holdings of pools do not count.
        earliest: no setup begins before this tick.
    """

    def __init__(
        self, floor: Floor, machine: str, apart_from: Collection[str], earliest: int
    ) -> None:
        self._floor = floor
        self._machine = machine
        self._pools = PoolRoom(floor, apart_from)
        self._earliest = earliest
        self.changeover: Changeover | None = floor.case.changeover(machine)

    def state_after(self, sequence: list[PlannedOperation]) -> str | None:
        """Return the state in which operations leave the machine, or None when unknown."""
        for planned in reversed(sequence):
            state = self._floor.case.operations[planned.operation][1].setup_state
            if state is not None:
                return state
        return self._floor.case.machines[self._machine].initial_setup

    def place(self, found: str | None, needed: str | None, free_from: int) -> SetupPlace:
        """Return where the machine can first be changed from one state to another.

        Args:
            found: state it is in, or None when unknown.
            needed: state it must be in, or None for any.
            free_from: tick from which it does nothing else.
        """
        changeover = self.changeover
        if changeover is None or found is None or needed is None:
            return SetupPlace(0, free_from)
        states = changeover.states
        ticks = changeover.ticks[states.index(found)][states.index(needed)]
        if ticks == 0:
            return SetupPlace(0, free_from)
        return self._first(changeover, ticks, max(free_from, self._earliest), (found, needed))

    def _first(
        self, changeover: Changeover, ticks: int, tick: int, states: tuple[str, str]
    ) -> SetupPlace:
        windows = self._floor.case.calendar(self._machine)
        allowed = starts(None if changeover.during_closed_hours else windows, ticks, pausable=False)
        closed, shortage = False, None
        while True:
            found = allowed.first(tick)
            if found is None:
                return SetupPlace(ticks, None, True, shortage, *states)
            if found[0] > tick:
                tick, closed, shortage = found[0], True, None
            lack = None
            if changeover.pool is not None:
                units = changeover.pool_units
                lack = self._pools.shortage(changeover.pool, units, tick, tick + ticks)
            if lack is None:
                return SetupPlace(ticks, tick, closed, shortage, *states)
            shortage, closed = lack, False
            if lack.end is None:
                return SetupPlace(ticks, None, False, lack, *states)
            tick = lack.end
