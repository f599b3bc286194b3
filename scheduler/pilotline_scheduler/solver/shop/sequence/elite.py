"""The good and different plans that workers share, and new ones between two of them.

A plan is kept as the middle of each operation's slack, which grows along every chain and every
machine. Any mean of two such plans does too along the chains, so sorting by it gives a plan again:
one that keeps every order both have in common (a path between them in the sense of path relinking;
Nowicki & Smutnicki 2005; Peng, Lu & Cheng 2015).
"""

import threading
from dataclasses import dataclass

import numpy as np

from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.rules import Floats

_NEAREST, _FARTHEST = 0.35, 0.65
"""How far from its first parent a child may lie, as a share of the way."""
_PATIENCE = 3
"""Plans in a row, for each one kept, that were not good enough before all begins from scratch."""
_SAME = 0.02
"""Share of neighbours on machines in which plans must differ to be different."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A plan.

    Attributes:
        value: what it is worth; less is better.
        order: its operations in topological order.
        start: of each operation.
        middle: the middle of each operation's slack.
        right: the operation after each one on its machine.
    """

    value: int
    order: Ints
    start: Ints
    middle: Floats
    right: Ints


class Elite:
    """The best plans that differ.

    Characteristics:
        thread-safe: yes.
        size: never more than `size`; the worst goes first, and the older one of two that are alike.
        renewal: emptied once it has not changed for long; the search keeps the best plan.

    Args:
        size: how many to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._members: list[Member] = []
        self._begun = 0
        self._refused = 0
        self._lock = threading.Lock()

    def wants_seed(self) -> bool:
        """Return whether a plan from scratch is wanted; count it as begun."""
        with self._lock:
            self._begun += 1
            return self._begun <= self._size

    def pair(self, random: np.random.Generator) -> tuple[Member, Member] | None:
        """Return two different plans by chance, or None while there are not two."""
        with self._lock:
            if len(self._members) < 2:
                return None
            first, second = random.choice(len(self._members), 2, replace=False)
            return self._members[first], self._members[second]

    def best(self) -> Member | None:
        """Return the best plan."""
        with self._lock:
            return min(self._members, key=lambda member: member.value, default=None)

    def add(self, member: Member) -> None:
        """Keep a plan if it is good enough, or better than the one it is like."""
        with self._lock:
            if self._took(member):
                self._refused = 0
                return
            self._refused += 1
            if self._refused > _PATIENCE * self._size:
                self._members.clear()
                self._begun = self._refused = 0

    def _took(self, member: Member) -> bool:
        like = next((each for each in self._members if _alike(each, member)), None)
        if like is not None:
            if member.value >= like.value:
                return False
            self._members.remove(like)
        elif len(self._members) == self._size:
            worst = max(self._members, key=lambda each: each.value)
            if member.value >= worst.value:
                return False
            self._members.remove(worst)
        self._members.append(member)
        return True


def _alike(one: Member, other: Member) -> bool:
    return bool(np.count_nonzero(one.right != other.right) < _SAME * len(one.right))


def between(one: Member, other: Member, random: np.random.Generator) -> Ints:
    """Return the order of a plan about half-way between two."""
    share = random.uniform(_NEAREST, _FARTHEST)
    middle = (1 - share) * one.middle + share * other.middle
    place = np.empty(len(one.order), np.int64)
    place[one.order] = np.arange(len(one.order))
    return np.lexsort((place, middle)).astype(np.int64)
