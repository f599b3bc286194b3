"""The good and different plans that workers share, and new ones between two of them.

A plan is kept as its modes and the middle of each operation's slack. Middles grow along every
run, whatever the modes, and so does any mean of two plans' middles; sorting by it gives a plan
again, one that keeps every order both have in common (path relinking; González, Vela & Varela
2015).
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.solver.shop.flexible.graph import Graph, Selection
from pilotline_scheduler.solver.shop.shop import Ints

_NEAREST, _FARTHEST = 0.2, 0.8
"""How far from its first parent a child may lie, as a share of the way."""
_SAME = 0.04
"""Share of operations whose follower must differ for plans to be different."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A plan.

    Attributes:
        value: what it is worth; less is better.
        mode: of each operation.
        place: of each operation in a topological order.
        middle: of each operation's slack.
        follower: the operation after each one on its machine, or -1.
    """

    value: int
    mode: Ints
    place: Ints
    middle: NDArray[np.float64]
    follower: Ints

    @classmethod
    def of(cls, graph: Graph, plan: Selection, value: int) -> "Member":
        """Return a plan as a member."""
        follower = np.full(len(plan.mode), -1, dtype=np.int64)
        for machine, length in enumerate(plan.length.tolist()):
            row = plan.row[graph.row_at[machine] : graph.row_at[machine] + length]
            follower[row[:-1]] = row[1:]
        middle = (plan.head + (value - plan.ticks - plan.tail)) / 2
        return cls(value, plan.mode.copy(), plan.place.copy(), middle, follower)


class Elite:
    """The best plans that differ.

    Characteristics:
        thread-safe: yes.
        size: never more than `size`; the worst goes first, and the worse one of two that are alike.

    Args:
        size: how many to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._members: list[Member] = []
        self._begun = 0
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

    def add(self, member: Member) -> None:
        """Keep a plan if it is good enough, or not worse than those it is like."""
        with self._lock:
            like = [each for each in self._members if _alike(each, member)]
            if any(each.value < member.value for each in like):
                return
            for each in like:
                self._members.remove(each)
            self._members.append(member)
            if len(self._members) > self._size:
                self._members.remove(max(self._members, key=lambda each: each.value))


def _alike(one: Member, other: Member) -> bool:
    differ = (one.follower != other.follower) | (one.mode != other.mode)
    return bool(np.count_nonzero(differ) < _SAME * len(one.mode))


def between(one: Member, other: Member, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return modes and topological order of a plan between two."""
    share = random.uniform(_NEAREST, _FARTHEST)
    mode = np.where(random.random(len(one.mode)) < share, other.mode, one.mode)
    middle = (1 - share) * one.middle + share * other.middle
    return mode, np.lexsort((one.place, middle)).astype(np.int64)
