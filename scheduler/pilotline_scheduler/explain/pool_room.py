"""When a pool has units to lend beside what others hold."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain

from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.problem import Pool


@dataclass(frozen=True, slots=True)
class Shortage:
    """A pool has too little.

    Attributes:
        start: first tick of it.
        end: tick at which it has enough again; None when it never has.
        level: what the pool has at the start, lent or not.
        holders: operations that hold units then.
    """

    start: int
    end: int | None
    level: int
    holders: tuple[str, ...]


class PoolRoom:
    """What pools can lend, while operations keep what they hold.

    Args:
        floor: the plan.
        apart_from: operations whose holdings do not count.
    """

    def __init__(self, floor: Floor, apart_from: Collection[str]) -> None:
        self._floor = floor
        self._apart_from = apart_from
        self._pools = {pool.id: pool for pool in floor.problem.pools}

    def shortage(self, pool: str, units: int, start: int, end: int) -> Shortage | None:
        """Return the first shortage while `units` are held in ``[start, end)``, or None."""
        known = self._pools[pool]
        held = list(self._floor.pools[pool].during(start, end, self._apart_from))
        moments = {start, *(each.start for each in held if each.start > start)}
        moments.update(tick for tick, _ in known.levels if start < tick < end)
        for moment in sorted(moments):
            if start >= end or self._free(known, moment) >= units:
                continue
            here = self._floor.pools[pool].during(moment, moment + 1, self._apart_from)
            holders = tuple(dict.fromkeys(each.operation for each in here))
            over = self._enough(known, units, moment)
            return Shortage(moment, over, _level(known, moment), holders)
        return None

    def _free(self, pool: Pool, tick: int) -> int:
        lent = self._floor.pools[pool.id].during(tick, tick + 1, self._apart_from)
        return _level(pool, tick) - sum(each.units for each in lent)

    def _enough(self, pool: Pool, units: int, after: int) -> int | None:
        """Return the first tick after a shortage at which there is enough, or None."""
        last = pool.levels[-1][0]
        holdings = self._floor.pools[pool.id]
        tick = after
        while self._free(pool, tick) < units:
            ends = (each.end for each in holdings.during(tick, tick + 1, self._apart_from))
            steps = (step for step, _ in pool.levels if tick < step <= last)
            later = min(chain(ends, steps), default=None)
            if later is None:
                return None
            tick = later
        return tick


def _level(pool: Pool, tick: int) -> int:
    return next(units for step, units in reversed(pool.levels) if step <= tick)
