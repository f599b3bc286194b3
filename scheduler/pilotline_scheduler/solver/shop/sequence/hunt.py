"""What every worker does with a job shop: it walks from plans of the elite while there is time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.sequence.dispatch import Floor
from pilotline_scheduler.solver.shop.sequence.elite import Elite, between
from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.node import TICKS
from pilotline_scheduler.solver.shop.sequence.rules import mixed_rule
from pilotline_scheduler.solver.shop.sequence.walk import Walk

_LEAST_ELITE, _MOST_ELITE = 8, 30
_WALKS_PER_MEMBER = 6
_TRIAL_SHARE = 0.03
"""Share of all steps for which each first plan is tried where there is time for few."""
_MEETINGS = 25
"""Times workers that walk on from the best plan look for a better one of the others."""
_OFTEN = 5_000
"""Operations up to which every better plan is offered; above, one a second."""
_OFFER_S = 1.0
_ENDLESS = 2**62
_SLICE_S, _LONGEST_SLICE = 0.03, 5_000
_SURE_SHARE = 0.4
"""Share of the estimated steps that a repeatable search counts on."""
_STEPS_PER_OPERATION = 500
"""Fewer steps than these leave no time to walk from many plans."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much work fits into a time limit.

    Attributes:
        steps: of all workers together, about.
        walks: how many walks they are at least, were none of them lucky.
        slice: steps between looks at the clock.
        exact: steps after which to end, where the clock must not count.
    """

    steps: int
    walks: float
    slice: int
    exact: int

    @classmethod
    def of(cls, search: Search, walk: Walk, workers: int) -> "Pace":
        """Return the pace of a search in which every worker has such a walk."""
        steps = int(search.time_limit_s * workers / walk.step_s)
        return cls(
            steps=steps,
            walks=steps / walk.patience,
            slice=min(_LONGEST_SLICE, max(1, int(_SLICE_S / walk.step_s))),
            exact=int(_SURE_SHARE * steps) if search.repeatable else _ENDLESS,
        )


class Hunt:
    """Shared by all workers of a solve.

    Characteristics:
        thread-safe: yes.

    Args:
        search: the solve.
        jobs: its job shop.
        pace: how much work fits.
    """

    def __init__(self, search: Search, jobs: Jobs, pace: Pace) -> None:
        walks = pace.walks / _WALKS_PER_MEMBER
        self.elite = Elite(int(min(_MOST_ELITE, max(_LEAST_ELITE, walks))))
        self.search = search
        self.jobs = jobs
        self.pace = pace

    def is_long(self) -> bool:
        """Return whether there is too little time to walk from many plans."""
        return self.pace.steps < _STEPS_PER_OPERATION * len(self.jobs.machine)


class Hunter:
    """One worker.

    Args:
        hunt: what workers share.
        walk: its own walk.
        worker: its number.
        orders: first plans to begin from.
        floor: makes more of them.
    """

    def __init__(
        self, hunt: Hunt, walk: Walk, worker: int, orders: Iterator[Ints], floor: Floor
    ) -> None:
        self._hunt = hunt
        self._walk = walk
        self._orders = orders
        self._floor = floor
        self._random = np.random.default_rng([hunt.search.seed, worker])
        self._made = 0
        self._enough = hunt.pace.exact
        self._offered_s = -_OFFER_S

    def over(self) -> bool:
        """Return whether this worker must end."""
        return self._made >= self._enough or self._hunt.search.over()

    def hunt(self, steps: int = _ENDLESS) -> None:
        """Improve until the search is over, or so many steps were made in all."""
        self._enough = min(steps, self._hunt.pace.exact)
        if self._hunt.is_long():
            self._follow_best()
        while not self.over():
            self._begin(self._next_order(), self._walk.patience, _ENDLESS)

    def _next_order(self) -> Ints:
        elite = self._hunt.elite
        pair = None if elite.wants_seed() else elite.pair(self._random)
        if pair is not None:
            return between(*pair, self._random)
        order = next(self._orders, None)
        return self._mixed_order() if order is None else order

    def _mixed_order(self) -> Ints:
        return self._floor.dispatch(mixed_rule(self._hunt.jobs, self._random).tolist())

    def _follow_best(self) -> None:
        """Try all first plans for a while, then walk on from the best plan of all workers."""
        pace, elite, walk = self._hunt.pace, self._hunt.elite, self._walk
        orders = list(self._orders) or [self._mixed_order()]
        for order in orders:
            self._begin(order, _ENDLESS, int(_TRIAL_SHARE * pace.steps))
        while not self.over():
            best = elite.best()
            if best is not None and best.value < walk.best:
                walk.put(best.order)
            self._go_on(_ENDLESS, pace.steps // _MEETINGS)

    def _begin(self, order: Ints, patience: int, most: int) -> None:
        self._walk.put(order)
        self._go_on(patience, most)

    def _go_on(self, patience: int, most: int) -> None:
        """Walk on; offer what is found on the way, and leave the best of it in the elite."""
        search, pace, done = self._hunt.search, self._hunt.pace, 0
        while done < most and not self.over():
            wanted = min(pace.slice, most - done)
            made = self._walk.advance(wanted, patience, search.bound[0] or 0)
            done += made
            self._made += max(1, made)
            self._offer(often=len(self._hunt.jobs.machine) <= _OFTEN)
            if made < wanted:
                break
        self._offer(often=True)
        self._hunt.elite.add(self._walk.member())

    def _offer(self, *, often: bool) -> None:
        search = self._hunt.search
        now_s = search.elapsed_s()
        better = search.value is None or self._walk.best < search.value[0]
        if better and (often or now_s - self._offered_s >= _OFFER_S):
            schedule = schedule_of(self._hunt.jobs, self._walk.member().start)
            search.offer(schedule, "job-shop:tabu")
            self._offered_s = now_s


def schedule_of(jobs: Jobs, start: Ints) -> Schedule:
    """Return the schedule with these starts."""
    count = len(jobs.machine)
    starts = tuple(start.tolist())
    ends = tuple((start + jobs.node[:count, TICKS]).tolist())
    return Schedule(mode=(0,) * count, setup_start=starts, start=starts, end=ends)
