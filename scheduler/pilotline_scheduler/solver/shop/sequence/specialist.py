"""The specialist for job shops."""

import threading

import numpy as np

from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.sequence.compiled import Compiled
from pilotline_scheduler.solver.shop.sequence.dispatch import Floor, starts
from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.horizon import order_by_windows
from pilotline_scheduler.solver.shop.sequence.hunt import Hunt, Hunter, Pace, schedule_of
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs, jobs_of
from pilotline_scheduler.solver.shop.sequence.rehearsal import rehearse
from pilotline_scheduler.solver.shop.sequence.rules import plain_rules
from pilotline_scheduler.solver.shop.sequence.walk import MakespanWalk
from pilotline_scheduler.solver.shop.shop import shop_of

_LARGE = 50_000
"""Operations from which on one dispatching rule is tried."""
_STEP_S, _STEP_S_PER_OPERATION = 2e-6, 12e-9


class JobShop:
    """Tabu search on the disjunctive graph, with an elite of plans between which new ones begin.

    Attributes:
        name: what incumbents name as their source.
    """

    name = "job-shop"

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._floor = Floor(jobs)
        self._orders: list[Ints] = []
        self._hunt: Hunt | None = None
        self._lock = threading.Lock()
        self._compiled = Compiled(rehearse)

    def seed(self, search: Search) -> None:
        """Offer the plans of dispatching rules."""
        jobs = self._jobs
        for name, urgency in plain_rules(jobs):
            if search.over() or (self._orders and len(jobs.machine) > _LARGE):
                break
            order = self._floor.dispatch(urgency.tolist())
            self._orders.append(order)
            start = np.array(starts(jobs, order), np.int64)
            search.offer(schedule_of(jobs, start), f"{self.name}:{name}")

    def work(self, search: Search, worker: int, workers: int) -> None:
        """Improve until the search is over."""
        if not self._compiled.wait(search):
            return
        jobs = self._jobs
        orders = self._orders[worker::workers]
        if worker == 0 and not jobs.tardiness:
            order = order_by_windows(search, jobs, self._orders[0])
            orders = orders if order is None else [order, *orders]
        seed = int(np.random.default_rng([search.seed, worker, 1]).integers(2**31))
        walk = MakespanWalk(jobs, seed)
        hunter = Hunter(self._shared(search, workers), walk, worker, iter(orders), self._floor)
        hunter.hunt()

    def _shared(self, search: Search, workers: int) -> Hunt:
        with self._lock:
            if self._hunt is None:
                step_s = _STEP_S + _STEP_S_PER_OPERATION * len(self._jobs.machine)
                self._hunt = Hunt(search, self._jobs, Pace.of(search, step_s, workers))
            return self._hunt


def job_shop_for(instance: Instance) -> JobShop | None:
    """Return a specialist for an instance, or None where it is not a job shop."""
    shop = shop_of(instance)
    jobs = None if shop is None else jobs_of(shop)
    return None if jobs is None else JobShop(jobs)
