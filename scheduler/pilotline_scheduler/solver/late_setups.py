"""Moves changeovers as late as they go, so that machines are free for longer."""

from dataclasses import replace

from pilotline_scheduler.solver.instance import (
    ChangeoverData,
    Instance,
    Schedule,
    Starts,
    changeovers,
    chosen,
    mates,
)
from pilotline_scheduler.solver.instance.starts import starts
from pilotline_scheduler.solver.seed.lending import Lending


def with_late_setups(instance: Instance, schedule: Schedule) -> Schedule:
    """Return a schedule with its changeovers as late as they go; nothing else changes.

    One that draws on a pool makes way for none: they are moved last first, each as late as the
    pool then allows.

    Args:
        instance: what is planned.
        schedule: a plan that keeps every rule.
    """
    ticks = {
        operation: length for operation, length, _ in changeovers(instance, schedule) if length
    }
    if not ticks:
        return schedule
    return _Pass(instance, schedule, ticks).moved()


class _Pass:
    def __init__(self, instance: Instance, schedule: Schedule, ticks: dict[int, int]) -> None:
        self._instance = instance
        self._schedule = schedule
        self._ticks = ticks
        self._setup_start = list(schedule.setup_start)
        self._mates = mates(instance, schedule)
        self._changeovers = [
            instance.machines[mode.machine].changeover for mode in chosen(instance, schedule)
        ]
        self._possible: dict[tuple[int, int], Starts] = {}
        self._lent = self._lending()

    def moved(self) -> Schedule:
        """Return the schedule with every changeover moved."""
        for operation in sorted(self._ticks, key=lambda each: -self._schedule.start[each]):
            changeover = self._changeovers[operation]
            if changeover is None:
                continue
            start = self._latest(operation, changeover)
            for each in (operation, *self._mates.get(operation, ())):
                self._setup_start[each] = start
        return replace(self._schedule, setup_start=tuple(self._setup_start))

    def _lending(self) -> Lending | None:
        """Return the pools with all that is planned, or None where no changeover needs one."""
        needed = (self._changeovers[operation] for operation in self._ticks)
        if not any(each is not None and each.pool >= 0 for each in needed):
            return None
        lent = Lending(self._instance.profiles)
        schedule = self._schedule
        modes = chosen(self._instance, schedule)
        for mode, start, end in zip(modes, schedule.start, schedule.end, strict=True):
            lent.take(mode, start, end, 1)
        for operation, ticks in self._ticks.items():
            changeover = self._changeovers[operation]
            if changeover is not None and changeover.pool >= 0:
                start = schedule.setup_start[operation]
                lent.profiles[changeover.pool].take(start, start + ticks, changeover.units)
        return lent

    def _latest(self, operation: int, changeover: ChangeoverData) -> int:
        """Return the latest start of a changeover, not before the one it has."""
        ticks, now = self._ticks[operation], self._setup_start[operation]
        limit = self._schedule.start[operation]
        possible = self._starts(changeover, ticks)
        if self._lent is None or changeover.pool < 0:
            last = possible.last_until(limit)
            return now if last is None else max(now, last[0])
        pool = self._lent.profiles[changeover.pool]
        pool.take(now, now + ticks, -changeover.units)
        start = now
        while (last := possible.last_until(limit)) is not None and last[0] > now:
            fit = pool.last_fit(now, last[0], ticks, changeover.units)
            if fit == last[0]:
                start = fit
                break
            if fit < 0:
                break
            limit = fit + ticks
        pool.take(start, start + ticks, changeover.units)
        return start

    def _starts(self, changeover: ChangeoverData, ticks: int) -> Starts:
        key = (id(changeover), ticks)
        if key not in self._possible:
            self._possible[key] = starts(changeover.windows, ticks, pausable=False)
        return self._possible[key]
