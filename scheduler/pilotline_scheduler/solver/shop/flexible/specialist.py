"""The specialist for flexible shops, and for job shops with setups."""

import threading

import numpy as np

from pilotline_scheduler.solver.instance import Instance, Schedule
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.seed.construction import Construction, StoppedError
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units
from pilotline_scheduler.solver.shop.flexible.graph import graph_of
from pilotline_scheduler.solver.shop.flexible.hunt import Hunt, Hunter, Start
from pilotline_scheduler.solver.shop.flexible.load_bound import load_bound
from pilotline_scheduler.solver.shop.flexible.rehearsal import KERNELS
from pilotline_scheduler.solver.shop.shop import Ints, Shop, shop_of

_SEED_SHARE = 0.05
"""Share of the time after which no further dispatching rule is begun."""
_FEWEST_STARTS = 2
_LARGE = 3_000
"""Operations above which the first plan is by a rule that need not follow the clock of the shop."""
_SMALL = 150
"""Modes of all operations up to which CP-SAT is left to prove what it can, for a while."""
_PROOF_SHARE = 0.5
"""Share of the time left that it gets; its subsolvers would take most of both cores all along."""


class FlexibleShop:
    """Tabu search over modes and sequences at once, between the plans of an elite.

    Attributes:
        name: what incumbents name as their source.
    """

    name = "flexible-shop"

    def __init__(self, shop: Shop, rank: Ints) -> None:
        self._shop = shop
        self._graph = graph_of(shop)
        self._rank = rank
        self._starts: list[Start] = []
        self._hunt: Hunt | None = None
        self._lock = threading.Lock()
        KERNELS.start()

    def seed(self, search: Search) -> None:
        """Offer the plans of dispatching rules, and prove a bound."""
        begun = search.best
        construction = Construction(search.instance, units(search.instance), search.over)
        urgency = [0] * len(search.instance.runs)
        for recipe in self._rules(search.instance):
            late = not search.repeatable and search.elapsed_s() > _SEED_SHARE * search.time_limit_s
            if len(self._starts) >= _FEWEST_STARTS and late:
                break
            try:
                schedule = attempt(construction, recipe, urgency)
            except StoppedError:
                break
            if schedule is not None:
                self._take(search, schedule, recipe.name)
        if begun is not None:
            self._starts.append(self._start(search, begun))
        self._starts.sort(key=lambda start: start.value)

    def _rules(self, instance: Instance) -> list[Recipe]:
        """Return the dispatching rules; in large shops a fast one comes first."""
        rules = recipes(instance)
        if len(self._rank) <= _LARGE:
            return rules
        fast = [rule for rule in rules if not rule.chronological]
        slow = [rule for rule in rules if rule.chronological]
        return [*fast[:1], *slow, *fast[1:]]

    def _take(self, search: Search, schedule: Schedule, rule: str) -> None:
        search.offer(schedule, f"{self.name}:{rule}")
        if not self._starts and not search.over():
            bound = load_bound(self._shop, np.argsort(self._rank))
            search.prove(0, bound, "machine-group")
        self._starts.append(self._start(search, schedule))

    def work(self, search: Search, worker: int, workers: int) -> None:
        """Improve until the search is over."""
        if not self._starts:
            return
        small = len(self._graph.mode_ticks) <= _SMALL
        if small and worker == 1:
            _prove(search, workers)
        if not KERNELS.wait(search):
            return
        Hunter(self._shared(search, workers), self._starts, worker).hunt()
        if small and workers == 1:
            _prove(search, workers)

    def _shared(self, search: Search, workers: int) -> Hunt:
        with self._lock:
            if self._hunt is None:
                self._hunt = Hunt(search, self._graph, workers)
            return self._hunt

    def _start(self, search: Search, schedule: Schedule) -> Start:
        order = np.lexsort(np.array((self._rank, schedule.end, schedule.start)))
        mode = np.asarray(schedule.mode) + self._graph.mode_at[:-1]
        return Start(search.value_of(schedule)[0], mode, order)


def _prove(search: Search, workers: int) -> None:
    # OR-Tools takes over a second to import; the first plans do not wait for it.
    from pilotline_scheduler.solver.improve.whole import solve_whole

    solve_whole(search, workers, _PROOF_SHARE * search.left_s())


def flexible_shop_for(instance: Instance) -> FlexibleShop | None:
    """Return a specialist for an instance, or None where it is not a flexible shop."""
    shop = None if instance.extras else shop_of(instance)
    if shop is None or shop.tardiness or not (_is_flexible(shop) and _has_clear_setups(shop)):
        return None
    rank = _rank(shop)
    return None if rank is None else FlexibleShop(shop, rank)


def _is_flexible(shop: Shop) -> bool:
    return len(shop.mode_machine) > shop.operations or bool(np.any(shop.setup_at >= 0))


def _has_clear_setups(shop: Shop) -> bool:
    """Return whether the setup between two operations depends on these two alone."""
    set_up = shop.setup_at[shop.mode_machine] >= 0
    return bool(np.all(~set_up | ((shop.mode_state >= 0) & (shop.mode_ticks > 0))))


def _rank(shop: Shop) -> Ints | None:
    """Return the place of each operation in a topological order, or None if there is none."""
    waiting = np.diff(shop.before_at)
    order = np.flatnonzero(waiting == 0).tolist()
    for operation in order:
        for after in shop.after[shop.after_at[operation] : shop.after_at[operation + 1]].tolist():
            waiting[after] -= 1
            if waiting[after] == 0:
                order.append(after)
    if len(order) < shop.operations:
        return None
    rank = np.empty(shop.operations, dtype=np.int64)
    rank[order] = np.arange(shop.operations)
    return rank
