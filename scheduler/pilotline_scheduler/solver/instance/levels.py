"""Compiles what a good plan is: levels of goals, clients' shares, prices of a move."""

from collections import defaultdict
from collections.abc import Sequence
from math import lcm

from pilotline_scheduler.problem import FAIR_RANKS, Goal, Problem
from pilotline_scheduler.solver.instance.instance import ClientData, LevelData


def clients(problem: Problem) -> tuple[ClientData, ...]:
    """Return the clients with due runs, in the order of their first one."""
    entitlements = {client.id: client.entitlement for client in problem.clients}
    unit = lcm(*entitlements.values())
    runs: dict[str, list[int]] = defaultdict(list)
    for index, run in enumerate(problem.runs):
        if run.due is not None:
            runs[run.client].append(index)
    return tuple(
        ClientData(tuple(own), unit // entitlements.get(client, 1)) for client, own in runs.items()
    )


def levels(problem: Problem, shares: Sequence[ClientData]) -> tuple[LevelData, ...]:
    """Return the levels of the objective; one of fairness becomes several.

    To minimise the largest burden, then the sum of the two largest and so on, is to minimise the
    burdens lexicographically, largest first (Ogryczak & Sliwinski 2003).
    """
    weights: dict[int, dict[Goal, int]] = defaultdict(lambda: defaultdict(int))
    for term in problem.objective.terms:
        weights[term.priority][term.goal] += term.weight
    found: list[LevelData] = []
    for _, parts in sorted(weights.items()):
        if Goal.FAIRNESS in parts:
            found += [LevelData(dict(parts), worst) for worst in _ranks(len(shares))]
        else:
            found.append(LevelData(dict(parts)))
    return tuple(found)


def _ranks(count: int) -> list[int]:
    """Return how many of the largest burdens each level of fairness adds up."""
    if count <= FAIR_RANKS:
        return list(range(1, max(1, count) + 1))
    return [*range(1, FAIR_RANKS), count]


def move_price(problem: Problem, start: int) -> int:
    """Return what it costs to move an operation published to start at a tick."""
    if not problem.notice:
        return 1
    begun = [price for tick, price in problem.notice if tick <= start]
    return begun[-1] if begun else problem.notice[0][1]
