"""The specialist for job shops."""

import threading

import numpy as np

from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.shop.sequence.dispatch import Floor, starts
from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.horizon import order_by_windows
from pilotline_scheduler.solver.shop.sequence.hunt import Hunt, Hunter, Pace, schedule_of
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs, jobs_of
from pilotline_scheduler.solver.shop.sequence.rehearsal import KERNELS
from pilotline_scheduler.solver.shop.sequence.rules import plain_rules
from pilotline_scheduler.solver.shop.sequence.walk import MakespanWalk, TardinessWalk, Walk
from pilotline_scheduler.solver.shop.shop import shop_of

_LARGE = 50_000
"""Operations from which on one dispatching rule is tried."""

_PROVABLE = 150
"""Operations up to which CP-SAT may well prove the best plan in time."""
_PROOF_SHARE = 0.4
_STEPS_BEFORE_PROOF = 2_000
"""Per operation, of the worker that tries to prove."""


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
        KERNELS.start()

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
        if not KERNELS.wait(search):
            return
        hunter = self._hunter(search, worker, workers)
        operations = len(self._jobs.machine)
        if operations <= _PROVABLE and worker + 1 == workers:
            hunter.hunt(_STEPS_BEFORE_PROOF * operations)
            if not search.over():
                # OR-Tools takes over a second to import; tabu search does not wait for it.
                from pilotline_scheduler.solver.improve.whole import solve_whole

                solve_whole(search, workers, _PROOF_SHARE * search.time_limit_s)
        hunter.hunt()

    def _hunter(self, search: Search, worker: int, workers: int) -> Hunter:
        jobs, orders = self._jobs, self._orders[worker::workers]
        if worker == 0 and not jobs.tardiness:
            order = order_by_windows(search, jobs, self._orders[0])
            orders = orders if order is None else [order, *orders]
        seed = int(np.random.default_rng([search.seed, worker, 1]).integers(2**31))
        walk = TardinessWalk(jobs, seed) if jobs.tardiness else MakespanWalk(jobs, seed)
        hunt = self._shared(search, walk, workers)
        return Hunter(hunt, walk, worker, iter(orders), self._floor)

    def _shared(self, search: Search, walk: Walk, workers: int) -> Hunt:
        with self._lock:
            if self._hunt is None:
                self._hunt = Hunt(search, self._jobs, Pace.of(search, walk, workers))
            return self._hunt


def job_shop_for(instance: Instance) -> JobShop | None:
    """Return a specialist for an instance, or None where it is not a job shop."""
    shop = shop_of(instance)
    jobs = None if shop is None else jobs_of(shop)
    return None if jobs is None else JobShop(jobs)
