"""Where an operation fits while all others keep their places, and what it waits for."""

from collections.abc import Iterator
from dataclasses import dataclass

from pilotline_scheduler.explain.cause import Cause, Wait
from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.explain.pool_room import PoolRoom, Shortage
from pilotline_scheduler.explain.readiness import readiness
from pilotline_scheduler.explain.setup_room import SetupPlace, SetupRoom
from pilotline_scheduler.explain.view import View
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Interval, Mode
from pilotline_scheduler.solver.instance.starts import starts
from pilotline_scheduler.verifier.case import overlaps


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation fits."""

    setup_start: int
    start: int
    end: int


class Room:
    """The places of one operation on one machine.

    Args:
        floor: the plan.
        operation: the operation; its own place in the plan counts as free.
        mode: how it would be done.
        view: who reads the sentences.
    """

    def __init__(self, floor: Floor, operation: str, mode: Mode, view: View) -> None:
        self._floor = floor
        self._name = operation
        self._mode = mode
        self._view = view
        self._run, self._operation = floor.of(operation)
        frozen_until = floor.problem.frozen_until
        self._horizon = 0 if floor.decided_start(operation) else frozen_until
        stays = floor.case.planned[operation].machine == mode.machine
        self._mates = floor.mates(operation) if stays else ()
        self._own = {operation, *self._mates}
        self._others = [
            each for each in floor.case.sequences[mode.machine] if each.operation not in self._own
        ]
        self._pools = PoolRoom(floor, self._own)
        self._setups = SetupRoom(floor, mode.machine, self._own, self._horizon)
        windows = self._run.attendance if self._operation.attended else ()
        self._by_calendar = starts(
            floor.case.calendar(mode.machine), mode.ticks, pausable=self._operation.pausable
        )
        self._by_visits = self._by_calendar.within(windows) if windows else self._by_calendar

    def first(self, ready: int) -> tuple[tuple[Wait, ...], Place | None]:
        """Return the first place from a tick on, and every wait before it.

        Waits follow each other without a gap, from `ready` to the start. There is no place where
        the last wait never ends.
        """
        waits: list[Wait] = []
        tick = ready
        while True:
            found = self._at(tick)
            if isinstance(found, Place):
                return tuple(waits), found
            waits.append(found)
            if found.end is None:
                return tuple(waits), None
            tick = found.end

    def _at(self, tick: int) -> Place | Wait:
        """Return the place that starts at a tick, or the first obstacle to it."""
        before = [each for each in self._others if self._precedes(each, tick)]
        setup = self._setup_after(before)
        obstacle = (
            self._frozen(tick)
            or self._incomplete(tick)
            or self._busy(tick, before)
            or self._being_set_up(tick, setup)
            or self._closed(tick)
            or self._tied(tick)
        )
        if obstacle is not None:
            return obstacle
        end = tick + self._size(tick)
        obstacle = (
            self._in_the_way(tick, end, len(before))
            or self._short_of(tick, end)
            or self._walled(tick, end)
        )
        if obstacle is not None:
            return obstacle
        return Place(tick if not setup.ticks else setup.start or 0, tick, end)

    def _precedes(self, other: PlannedOperation, tick: int) -> bool:
        """Return whether another operation on the machine comes before one that starts at a tick.

        One of no length may stand right before another.
        """
        return other.start < tick or (other.start == tick and self._mode.ticks > 0)

    def _size(self, tick: int) -> int:
        return self._by_visits.size_at(tick) or 0

    def _setup_after(self, before: list[PlannedOperation]) -> SetupPlace:
        free_from = before[-1].end if before else 0
        found = self._setups.state_after(before)
        return self._setups.place(found, self._operation.setup_state, free_from)

    def _wait(self, cause: Cause, tick: int, end: int | None, why: str, *others: str) -> Wait:
        until = "and finds no place" if end is None else f"until {end}"
        sentence = f"{self._name} waits from {tick} {until}: {why}"
        return Wait(self._name, cause, tick, end, sentence, others)

    def _booking(self, operation: str) -> str:
        return self._view.booking(self._floor.of(operation)[0], operation)

    def _frozen(self, tick: int) -> Wait | None:
        if tick >= self._horizon:
            return None
        why = f"nothing new begins before the frozen horizon ends at {self._horizon}"
        return self._wait(Cause.FROZEN, tick, self._horizon, why)

    def _incomplete(self, tick: int) -> Wait | None:
        """Return the wait for the rest of its batch to be ready."""
        for mate in self._mates:
            ready, _ = readiness(self._floor, self._floor.of(mate)[0], mate)
            if ready > tick:
                why = f"it shares {self._mode.machine} with {self._booking(mate)}, ready at {ready}"
                return self._wait(Cause.BATCH, tick, ready, why, mate)
        return None

    def _busy(self, tick: int, before: list[PlannedOperation]) -> Wait | None:
        if not before or before[-1].end <= tick:
            return None
        last = before[-1]
        why = f"{last.machine} does {self._booking(last.operation)} until {last.end}"
        return self._wait(Cause.MACHINE, tick, last.end, why, last.operation)

    def _being_set_up(self, tick: int, setup: SetupPlace) -> Wait | None:
        if setup.start is not None and setup.start + setup.ticks <= tick:
            return None
        machine = self._mode.machine
        change = f"the changeover of {machine} from {setup.from_state} to {setup.to_state}"
        if setup.start is None or setup.start > tick:
            if setup.shortage is not None:
                pool = self._setups.changeover
                why = f"{change} needs {'' if pool is None else pool.pool}; "
                why += self._shortage(setup.shortage)
                return self._wait(Cause.POOL, tick, setup.start, why, *setup.shortage.holders)
            cause = Cause.CALENDAR if setup.closed else Cause.FROZEN
            why = f"{change} must lie within open hours"
            if not setup.closed:
                why = f"{change} must not begin before the frozen horizon ends"
            return self._wait(cause, tick, setup.start, why)
        why = f"{change} takes {setup.ticks} ticks"
        return self._wait(Cause.CHANGEOVER, tick, setup.start + setup.ticks, why)

    def _closed(self, tick: int) -> Wait | None:
        machine, ticks = self._mode.machine, self._mode.ticks
        opened = self._by_calendar.first(tick)
        if opened is None or opened[0] > tick:
            why = f"{machine} is closed, or too little of its open hours is left for {ticks} ticks"
            end = None if opened is None else opened[0]
            return self._wait(Cause.CALENDAR, tick, end, why)
        visit = self._by_visits.first(tick)
        if visit is None or visit[0] > tick:
            why = f"client {self._run.client} is not there for {ticks} ticks on end"
            end = None if visit is None else visit[0]
            return self._wait(Cause.ATTENDANCE, tick, end, why)
        return None

    def _tied(self, tick: int) -> Wait | None:
        """Return the wait for an operation that must follow soon."""
        for lag in self._run.lags:
            if lag.before != self._name or lag.maximum is None:
                continue
            after = self._floor.case.planned[lag.after]
            bound = after.start - lag.maximum
            if tick + self._size(tick) < bound:
                later = self._by_visits.first_ending(bound)
                why = f"{lag.after} starts at {after.start}, "
                why += f"at most {lag.maximum} ticks after this one ends"
                end = None if later is None else max(later[0], tick + 1)
                return self._wait(Cause.MAXIMUM_LAG, tick, end, why, lag.after)
        return None

    def _in_the_way(self, tick: int, end: int, position: int) -> Wait | None:
        """Return the wait for the operation that follows on the machine to have ended."""
        if position == len(self._others):
            return None
        following = self._others[position]
        if end <= following.start and self._followers_fit(end, position):
            return None
        room = following.setup_start - tick
        why = f"the {room} ticks left on {following.machine} before "
        why += f"{self._booking(following.operation)} are too few"
        if room <= 0:
            why = f"{following.machine} is kept for {self._booking(following.operation)}"
        return self._wait(Cause.MACHINE, tick, following.end, why, following.operation)

    def _followers_fit(self, end: int, position: int) -> bool:
        """Return whether the next changeover on the machine still fits, whatever it becomes."""
        state = self._operation.setup_state
        if state is None:
            state = self._setups.state_after(self._others[:position])
        free_from = end
        for other in self._others[position:]:
            needed = self._floor.of(other.operation)[1].setup_state
            if needed is not None and other.operation not in self._floor.case.running:
                apart_from = {*self._own, other.operation, *self._floor.mates(other.operation)}
                setups = SetupRoom(self._floor, other.machine, apart_from, self._horizon)
                setup = setups.place(state, needed, free_from)
                return setup.start is not None and setup.start + setup.ticks <= other.start
            free_from = other.end
        return True

    def _short_of(self, tick: int, end: int) -> Wait | None:
        for pool, units in self._mode.demands:
            lack = next(filter(None, self._shortages(pool, units, tick, end)), None)
            if lack is not None:
                why = f"it needs {units} of {pool}; {self._shortage(lack)}"
                return self._wait(Cause.POOL, tick, lack.end, why, *lack.holders)
        return None

    def _shortages(self, pool: str, units: int, tick: int, end: int) -> Iterator[Shortage | None]:
        """Yield the shortage of each part of the time in which units are held."""
        hours = self._floor.case.calendar(self._mode.machine)
        parts = [Interval(tick, end)]
        freed = pool in self._mode.freed_in_pauses
        if freed and self._operation.pausable and hours is not None:
            parts = overlaps(parts[0], hours)
        for part in parts:
            yield self._pools.shortage(pool, units, part.start, part.end)

    def _shortage(self, lack: Shortage) -> str:
        if not lack.holders:
            return f"there are {lack.level} at {lack.start}"
        names = list(dict.fromkeys(map(self._booking, lack.holders)))
        verb = "hold" if len(names) > 1 else "holds"
        return f"of {lack.level} at {lack.start}, {', '.join(names)} {verb} too many"

    def _walled(self, tick: int, end: int) -> Wait | None:
        hall = self._floor.case.machines[self._mode.machine].hall
        if hall is None or tick == end:
            return None
        for foe in self._floor.foes(self._run.client, hall):
            holdings = self._floor.halls.get((hall, foe))
            met = None if holdings is None else next(holdings.during(tick, end, self._own), None)
            if met is not None:
                why = f"{self._booking(met.operation)} is in hall {hall} until {met.end}, "
                why += "behind a wall"
                return self._wait(Cause.WALL, tick, met.end, why, met.operation)
        return None
